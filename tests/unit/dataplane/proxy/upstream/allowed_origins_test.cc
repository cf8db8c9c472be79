#include "dataplane/proxy/upstream/allowed_origins.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_origin_store.h"
#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

OriginRegistration At(const std::string& ip, const std::string& server) {
  OriginRegistration registration;
  registration.ip = ip;
  registration.server = server;
  registration.service = "svc";
  registration.pid = "1";
  registration.rtmp = {{Transport::kTcp, "", 1935}};
  return registration;
}

class AllowedOriginsTest : public testing::Test {
 protected:
  void Register(const std::string& ip, const std::string& server) {
    EXPECT_TRUE(registry_.Register(At(ip, server), ip).ok());
  }
  std::vector<std::string> Servers() const {
    std::vector<std::string> servers;
    for (const auto& origin : registry_.snapshot()->origins) {
      servers.push_back(origin->registration.server);
    }
    return servers;
  }

  FakeClock clock_;
  MemoryOriginStore store_;
  OriginRegistry registry_{clock_, store_, {}};
  LiveConfig config_{Config()};
  net::DialRules rules_{config_};
  AllowedOrigins allowed_{registry_, config_, rules_};
};

TEST_F(AllowedOriginsTest, NetworksThatAreNarrowedEndRegistrations) {
  Register("10.0.0.1", "near");
  Register("192.0.2.1", "far");
  allowed_.Review();
  EXPECT_THAT(Servers(), testing::UnorderedElementsAre("near", "far"));
  Config narrowed;
  narrowed.origin_networks = {Network::Parse("10.0.0.0/8").value()};
  config_.Set(std::move(narrowed));
  allowed_.Review();
  EXPECT_THAT(Servers(), ElementsAre("near"));
}

TEST_F(AllowedOriginsTest, AListenerThatOpensEndsWhoRegisteredItsAddress) {
  Register("127.0.0.1", "loop");
  allowed_.Review();
  EXPECT_THAT(Servers(), ElementsAre("loop"));
  rules_.AddListener("rtmp_server", "127.0.0.1", 1935);
  allowed_.Review();
  EXPECT_THAT(Servers(), IsEmpty());
}

TEST_F(AllowedOriginsTest, TheDefaultBackendIsAnOriginOfItsOwn) {
  Config config;
  EXPECT_TRUE(RegisterDefaultBackend(config, rules_, registry_).ok());
  EXPECT_THAT(Servers(), IsEmpty()) << "it is not enabled";
  config.default_backend_enabled = true;
  config.default_backend_ip = "10.0.0.1";
  config.default_backend_rtmp = Endpoint{Transport::kTcp, "", 1935};
  EXPECT_TRUE(RegisterDefaultBackend(config, rules_, registry_).ok());
  EXPECT_THAT(Servers(), ElementsAre("default-backend"));
}

TEST_F(AllowedOriginsTest, ADefaultBackendThatLeadsBackHereIsAnError) {
  rules_.AddListener("rtmp_server", "127.0.0.1", 11935);
  Config config;
  config.default_backend_enabled = true;
  config.default_backend_ip = "127.0.0.1";
  config.default_backend_rtmp = Endpoint{Transport::kTcp, "", 11935};
  const auto status = RegisterDefaultBackend(config, rules_, registry_);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("PROXY_DEFAULT_BACKEND_*: rtmp"));
}

}  // namespace
}  // namespace srsproxy
