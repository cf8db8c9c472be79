#include "dataplane/core/origin.h"

#include <cmath>
#include <functional>

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "dataplane/core/invalid_field.h"

namespace srsproxy {
namespace {

OriginRegistration GoodRegistration() {
  OriginRegistration registration;
  registration.ip = "10.0.0.1";
  registration.server = "vid-1";
  registration.service = "svc";
  registration.pid = "1234";
  registration.rtmp = {{Transport::kTcp, "", 1935}};
  return registration;
}

struct GoodCase {
  const char* name;
  std::function<void(OriginRegistration&)> change;
};

class GoodRegistrationTest : public testing::TestWithParam<GoodCase> {};

TEST_P(GoodRegistrationTest, IsAccepted) {
  OriginRegistration registration = GoodRegistration();
  GetParam().change(registration);
  EXPECT_TRUE(ValidateRegistration(registration).ok()) << ValidateRegistration(registration);
}

INSTANTIATE_TEST_SUITE_P(
    Registrations, GoodRegistrationTest,
    testing::Values(GoodCase{"plain", [](auto&) {}},
                    GoodCase{"host_name", [](auto& r) { r.ip = "origin.example.com"; }},
                    GoodCase{"ipv6", [](auto& r) { r.ip = "2001:db8::1"; }},
                    GoodCase{"loopback", [](auto& r) { r.ip = "127.0.0.1"; }},
                    GoodCase{"utf8_device", [](auto& r) { r.device_id = "摄像头"; }},
                    GoodCase{"field_of_128", [](auto& r) { r.server = std::string(128, 'a'); }},
                    GoodCase{"labels", [](auto& r) { r.labels["rack"] = ""; }}),
    [](const auto& row) { return row.param.name; });

struct BadCase {
  const char* name;
  std::function<void(OriginRegistration&)> change;
  const char* field;
  const char* message;
};

class BadRegistrationTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadRegistrationTest, IsRefusedByField) {
  OriginRegistration registration = GoodRegistration();
  GetParam().change(registration);
  const absl::Status status = ValidateRegistration(registration);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(status), GetParam().message);
  EXPECT_EQ(FieldOf(status), GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(
    Registrations, BadRegistrationTest,
    testing::Values(
        BadCase{"no_ip", [](auto& r) { r.ip = ""; }, "ip", "ip: must not be empty"},
        BadCase{"ip_no_address", [](auto& r) { r.ip = "10.0.0.256"; }, "ip",
                "ip: '10.0.0.256' is neither an IP address nor a host name"},
        BadCase{"ip_with_port", [](auto& r) { r.ip = "10.0.0.1:1935"; }, "ip",
                "ip: '10.0.0.1:1935' is neither an IP address nor a host name"},
        BadCase{"ip_wildcard", [](auto& r) { r.ip = "0.0.0.0"; }, "ip",
                "ip: '0.0.0.0' is no address to connect to"},
        BadCase{"ip_too_long", [](auto& r) { r.ip = std::string(254, 'a'); }, "ip",
                "ip: longer than 253 bytes"},
        BadCase{"no_server", [](auto& r) { r.server = ""; }, "server", "server: must not be empty"},
        BadCase{"server_too_long", [](auto& r) { r.server = std::string(129, 'a'); }, "server",
                "server: longer than 128 bytes"},
        BadCase{"no_service", [](auto& r) { r.service = ""; }, "service",
                "service: must not be empty"},
        BadCase{"no_pid", [](auto& r) { r.pid = ""; }, "pid", "pid: must not be empty"},
        BadCase{"pid_not_utf8", [](auto& r) { r.pid = "\xFF"; }, "pid",
                "pid: not UTF-8 text without control characters"},
        BadCase{"server_with_newline", [](auto& r) { r.server = "a\nb"; }, "server",
                "server: not UTF-8 text without control characters"},
        BadCase{"no_rtmp", [](auto& r) { r.rtmp.clear(); }, "rtmp",
                "rtmp: at least one endpoint is needed; SRS sends them when its heartbeat section "
                "says `ports on`"},
        BadCase{"port_zero",
                [](auto& r) {
                  r.srt = {{Transport::kUdp, "", 0}};
                },
                "srt[0]", "srt[0]: the port is not in 1 to 65535"},
        BadCase{"second_port_zero",
                [](auto& r) {
                  r.rtmp.push_back({Transport::kTcp, "", 0});
                },
                "rtmp[1]", "rtmp[1]: the port is not in 1 to 65535"},
        BadCase{"endpoint_host",
                [](auto& r) {
                  r.http = {{Transport::kTcp, "a/b", 80}};
                },
                "http[0]", "http[0]: the host is neither an address nor a host name"},
        BadCase{"many_endpoints",
                [](auto& r) {
                  r.api.assign(17, Endpoint{Transport::kTcp, "", 80});
                },
                "api", "api: more than 16 endpoints"},
        BadCase{"device_id_too_long", [](auto& r) { r.device_id = std::string(129, 'a'); },
                "device_id", "device_id: longer than 128 bytes"},
        BadCase{"zone_with_control", [](auto& r) { r.zone = "\x01"; }, "zone",
                "zone: not UTF-8 text without control characters"},
        BadCase{"weight_zero", [](auto& r) { r.weight = 0; }, "weight", "weight: must be above 0"},
        BadCase{"weight_nan", [](auto& r) { r.weight = std::nan(""); }, "weight",
                "weight: must be above 0"},
        BadCase{"capacity_negative", [](auto& r) { r.capacity = -1; }, "capacity",
                "capacity: must not be negative"},
        BadCase{"interval_zero", [](auto& r) { r.heartbeat_interval = absl::ZeroDuration(); },
                "heartbeat_interval", "heartbeat_interval: must be above 0"},
        BadCase{"label_key_empty", [](auto& r) { r.labels[""] = "x"; }, "labels",
                "labels: key: must not be empty"},
        BadCase{"label_value_not_utf8", [](auto& r) { r.labels["rack"] = "\xFF"; }, "labels[rack]",
                "labels[rack]: not UTF-8 text without control characters"},
        BadCase{"label_key_with_colon", [](auto& r) { r.labels["a:b"] = "\x01"; }, "labels[a:b]",
                "labels[a:b]: not UTF-8 text without control characters"},
        BadCase{"many_labels",
                [](auto& r) {
                  for (int i = 0; i < 65; ++i) r.labels[std::to_string(i)] = "";
                },
                "labels", "labels: more than 64"}),
    [](const auto& row) { return row.param.name; });

struct DialCase {
  const char* name;
  const char* host;
  const char* dialled;
};

class DialEndpointTest : public testing::TestWithParam<DialCase> {};

TEST_P(DialEndpointTest, ReplacesWhatIsNoAddressForOthers) {
  const Endpoint endpoint{Transport::kUdp, GetParam().host, 8000};
  EXPECT_EQ(DialEndpoint(GoodRegistration(), endpoint),
            (Endpoint{Transport::kUdp, GetParam().dialled, 8000}));
}

INSTANTIATE_TEST_SUITE_P(Hosts, DialEndpointTest,
                         testing::Values(DialCase{"empty", "", "10.0.0.1"},
                                         DialCase{"wildcard", "0.0.0.0", "10.0.0.1"},
                                         DialCase{"ipv6_wildcard", "::", "10.0.0.1"},
                                         DialCase{"loopback", "127.0.0.1", "10.0.0.1"},
                                         DialCase{"localhost", "localhost", "10.0.0.1"},
                                         DialCase{"other", "10.0.0.9", "10.0.0.9"},
                                         DialCase{"name", "rtc.example", "rtc.example"}),
                         [](const auto& row) { return row.param.name; });

TEST(OriginSnapshotTest, FindsOriginsAndFollowsSuccessors) {
  OriginSnapshot snapshot;
  for (const char* id : {"a-s-1", "b-s-1", "c-s-1"}) {
    auto origin = std::make_shared<Origin>();
    origin->id = id;
    snapshot.origins.push_back(std::move(origin));
  }
  EXPECT_EQ(snapshot.Resolve("a-s-0"), nullptr);
  snapshot.successors = std::make_shared<OriginSuccessors>(
      OriginSuccessors{{"a-s-0", {"a-s-1"}}, {"b-s-0", {"b-s-1", true}}, {"x-s-0", {"x-s-1"}}});
  for (const auto& origin : snapshot.origins) {
    EXPECT_EQ(snapshot.Find(origin->id), origin);
    EXPECT_EQ(snapshot.Resolve(origin->id), origin);
  }
  EXPECT_EQ(snapshot.Find("a-s-0"), nullptr);
  EXPECT_EQ(snapshot.Find("zz"), nullptr);
  EXPECT_EQ(snapshot.Resolve("a-s-0")->id, "a-s-1");
  EXPECT_EQ(snapshot.Resolve("x-s-0"), nullptr) << "its successor has gone as well";
  EXPECT_EQ(snapshot.Resolve("b-s-0")->id, "b-s-1");
  EXPECT_EQ(snapshot.ResolveConnected("b-s-0"), nullptr) << "it is at another address";
  EXPECT_EQ(snapshot.ResolveConnected("b-s-1")->id, "b-s-1");
  EXPECT_EQ(snapshot.ResolveConnected("a-s-0")->id, "a-s-1");
  EXPECT_EQ(snapshot.ResolveConnected("x-s-0"), nullptr);
}

TEST(OriginSnapshotTest, AnIdThatIsUnknownIsResolvedByItsServer) {
  OriginSnapshot snapshot;
  const auto add = [&](const char* server, const char* service, int pid) {
    auto origin = std::make_shared<Origin>();
    origin->registration.server = server;
    origin->registration.service = service;
    origin->registration.pid = absl::StrCat(pid);
    origin->id = origin->registration.Id();
    origin->registered_at = absl::FromUnixSeconds(pid);
    snapshot.origins.push_back(std::move(origin));
  };
  add("a-b", "s", 1);
  add("a", "s", 3);
  add("a", "t", 2);
  EXPECT_EQ(snapshot.Resolve("a-s-1")->id, "a-s-3") << "which registered last";
  EXPECT_EQ(snapshot.Resolve("a-x-y-1")->id, "a-s-3");
  EXPECT_EQ(snapshot.Resolve("a-b-x-1")->id, "a-b-s-1");
  EXPECT_EQ(snapshot.ResolveConnected("a-s-1"), nullptr) << "it may have been elsewhere";
  for (const char* unknown : {"b-s-1", "a", "a-1", "-", "--", "", "ab-s-1"}) {
    SCOPED_TRACE(unknown);
    EXPECT_EQ(snapshot.Resolve(unknown), nullptr);
  }
}

}  // namespace
}  // namespace srsproxy
