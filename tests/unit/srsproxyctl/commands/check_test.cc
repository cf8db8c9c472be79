// `srsproxyctl check`: what is healthy.
#include <functional>
#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/command_test.h"

namespace srsproxy::ctl {
namespace {

using testing::HasSubstr;

constexpr int64_t kNow = 1'767'323'045;  // CommandTest's clock.
constexpr int64_t kDay = 24 * 3600;

void AddCertificate(FakeProxy& fake, int64_t days) {
  v1::Certificate& certificate = *fake.proxy.add_certificates();
  certificate.set_name("tls_cert");
  certificate.mutable_expire_time()->set_seconds(kNow + days * kDay);
}

struct Row {
  const char* name;
  std::function<void(FakeProxy&)> change;  // From a healthy proxy.
  int code;
  int strict_code;
  std::string shown;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class CheckTest : public CommandTest, public testing::WithParamInterface<Row> {
 protected:
  CheckTest() {
    fake_.proxy.set_id("edge-1");
    fake_.proxy.set_ready(true);
    fake_.origins = {MakeOrigin("a", "10.0.0.1"), MakeOrigin("b", "10.0.0.2"),
                     MakeOrigin("c", "10.0.0.3")};
  }
};

TEST_P(CheckTest, JudgesTheProxy) {
  GetParam().change(fake_);
  EXPECT_EQ(RunCommand("check"), GetParam().code) << out() << err();
  EXPECT_THAT(out(), HasSubstr(GetParam().shown));
  EXPECT_EQ(RunCommand("check --strict -o json"), GetParam().strict_code);
  EXPECT_THAT(out(), testing::StartsWith("{\"checks\":["));
}

INSTANTIATE_TEST_SUITE_P(
    States, CheckTest,
    testing::Values(
        Row{"Healthy", [](FakeProxy&) {}, 0, 0, "3 of 3 origins can take streams"},
        Row{"NotReady",
            [](FakeProxy& fake) {
              fake.proxy.set_ready(false);
              fake.proxy.add_not_ready_reasons("srsproxy is stopping");
            },
            7, 7, "failed  edge-1: srsproxy is stopping"},
        Row{"Degraded",
            [](FakeProxy& fake) { fake.proxy.add_degraded_reasons("the store is away"); }, 0, 7,
            "warning  edge-1: the store is away"},
        Row{"NoOrigins", [](FakeProxy& fake) { fake.origins.clear(); }, 7, 7, "0 of 0 origins"},
        Row{"NoUsableOrigin",
            [](FakeProxy& fake) {
              fake.origins[0].set_down(true);
              fake.origins[1].set_health(v1::ORIGIN_HEALTH_DEAD);
              fake.origins[2].set_admin_state(v1::ADMIN_STATE_CORDONED);
            },
            7, 7, "0 of 3 origins"},
        Row{"OneOriginDown", [](FakeProxy& fake) { fake.origins[0].set_down(true); }, 0, 7,
            "warning  2 of 3 origins"},
        Row{"OneOriginCordoned",
            [](FakeProxy& fake) { fake.origins[0].set_admin_state(v1::ADMIN_STATE_CORDONED); }, 0,
            0, "2 of 3 origins"},
        Row{"OneOriginLeaving",
            [](FakeProxy& fake) { fake.origins[0].set_health(v1::ORIGIN_HEALTH_LEAVING); }, 0, 7,
            "warning  2 of 3 origins"},
        Row{"Misplaced", [](FakeProxy& fake) { fake.proxy.set_misplaced_streams(2); }, 0, 7,
            "warning  2 streams apart from the live publisher"},
        Row{"SelfPreservation", [](FakeProxy& fake) { fake.proxy.set_self_preservation(true); }, 0,
            7, "silence ends no registration"},
        Row{"Conflict",
            [](FakeProxy& fake) { fake.conflicts.emplace_back().set_server("vid-copy"); }, 0, 7,
            "vid-copy is registered"},
        Row{"Contest",
            [](FakeProxy& fake) {
              auto& conflict = fake.conflicts.emplace_back();
              conflict.set_message("registered in turn");
              conflict.set_takeovers(7);
            },
            0, 7, "registered in turn (7 times)"},
        Row{"Refusal",
            [](FakeProxy& fake) { fake.refusals.emplace_back().set_source("192.0.2.9"); }, 0, 7,
            "192.0.2.9"},
        Row{"CertificateLasts", [](FakeProxy& fake) { AddCertificate(fake, 15); }, 0, 0,
            "ok     tls_cert expires at 2026-01-17T03:04:05Z"},
        Row{"CertificateEndsSoon", [](FakeProxy& fake) { AddCertificate(fake, 13); }, 0, 7,
            "warning  tls_cert expires"},
        Row{"CertificateExpired", [](FakeProxy& fake) { AddCertificate(fake, -1); }, 7, 7,
            "failed  tls_cert expired"}),
    [](const auto& row) { return row.param.name; });

using OneCheckTest = CommandTest;

TEST_F(OneCheckTest, AProxyThatDoesNotAnswerIsUnreachable) {
  EXPECT_EQ(RunCommand("check --endpoint 127.0.0.1:1"), 4);
}

}  // namespace
}  // namespace srsproxy::ctl
