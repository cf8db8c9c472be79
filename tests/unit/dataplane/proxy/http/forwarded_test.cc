#include "dataplane/proxy/http/forwarded.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

class ForwardedTest : public testing::Test {
 protected:
  static std::shared_ptr<const Config> Trusting(const char* network) {
    Config config;
    if (network != nullptr) config.trusted_proxies = {Network::Parse(network).value()};
    return std::make_shared<const Config>(std::move(config));
  }
  HttpClient Client(const char* trusted) {
    return {.config = Trusting(trusted),
            .address = "10.0.0.9:1000",
            .host = "10.0.0.9",
            .accepted = {},
            .tls = false,
            .scope = scope_,
            .stream = net::TcpStream(net::tcp::socket(io_), Side::kClient)};
  }

  net::asio::io_context io_;
  net::CancelScope scope_;
};

TEST_F(ForwardedTest, WhatAStrangerReportsOfItselfIsReplaced) {
  http::RequestHead request;
  request.host = "v.com";
  http::Fields fields;
  fields.set("X-Forwarded-For", "1.2.3.4");
  fields.set("X-Forwarded-Prefix", "/x");
  SetForwarded(fields, request, Client(nullptr));
  EXPECT_EQ(http::ValueOf(fields, "X-Forwarded-For"), "10.0.0.9");
  EXPECT_EQ(http::ValueOf(fields, "X-Forwarded-Prefix"), "");
  EXPECT_EQ(http::ValueOf(fields, "X-Forwarded-Host"), "v.com");
}

TEST_F(ForwardedTest, ATrustedProxyIsBelievedAndAdded) {
  http::Fields fields;
  fields.set("X-Forwarded-For", "1.2.3.4");
  const HttpClient client = Client("10.0.0.0/8");
  http::RequestHead request;
  request.fields = fields;
  EXPECT_EQ(ViewerHost(request, client), "1.2.3.4");
  SetForwarded(fields, request, client);
  EXPECT_EQ(http::ValueOf(fields, "X-Forwarded-For"), "1.2.3.4, 10.0.0.9");
  EXPECT_EQ(ViewerHost(request, Client(nullptr)), "10.0.0.9");
}

TEST_F(ForwardedTest, ALocationAtTheOriginLeadsThroughHere) {
  http::Fields fields;
  fields.set("Location", "http://10.1.1.1:8080/live/cam.flv?a=b");
  KeepOriginInside(fields, {Transport::kTcp, "10.1.1.1", 8080});
  EXPECT_EQ(http::ValueOf(fields, "Location"), "/live/cam.flv?a=b");
  fields.set("Location", "http://elsewhere/x");
  KeepOriginInside(fields, {Transport::kTcp, "10.1.1.1", 8080});
  EXPECT_EQ(http::ValueOf(fields, "Location"), "http://elsewhere/x");
}

}  // namespace
}  // namespace srsproxy
