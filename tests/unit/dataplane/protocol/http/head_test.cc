#include "dataplane/protocol/http/head.h"

#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace srsproxy::http {
namespace {

RequestHead Request(const std::string& text) {
  auto parsed = ParseRequestHead(text);
  const auto* error = std::get_if<HeadError>(&parsed);
  EXPECT_EQ(error, nullptr) << (error != nullptr ? error->message : "");
  return error == nullptr ? std::get<RequestHead>(std::move(parsed)) : RequestHead();
}

unsigned RefusedRequest(const std::string& text) {
  const auto parsed = ParseRequestHead(text);
  const auto* error = std::get_if<HeadError>(&parsed);
  return error == nullptr ? 200 : error->status;
}

TEST(FindHeadEndTest, IsAfterTheEmptyLine) {
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\nHost: a\r\n\r\nrest"), 27);
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\nHost: a\r\n\r"), std::nullopt);
  EXPECT_EQ(FindHeadEnd(""), std::nullopt);
}

TEST(RequestHeadTest, ReadsWhatIsRequested) {
  const auto head = Request("GET /live/a.flv?b=c HTTP/1.1\r\nHost: h:80\r\nX: 1\r\nX: 2\r\n\r\n");
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/live/a.flv?b=c");
  EXPECT_EQ(head.host, "h:80");
  EXPECT_FALSE(head.http10);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.framing, Framing::kNone);
  EXPECT_EQ(ValueOf(head.fields, "x"), "1");
  EXPECT_EQ(head.fields.count("X"), 2);
}

TEST(RequestHeadTest, AnAbsoluteTargetNamesTheHost) {
  const auto head = Request("GET http://h:81/live/a.flv HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(head.host, "h:81");
  EXPECT_EQ(head.target, "/live/a.flv");
  EXPECT_EQ(Request("GET http://h HTTP/1.1\r\nHost: other\r\n\r\n").target, "/");
}

TEST(RequestHeadTest, KeepAliveByVersionAndConnection) {
  EXPECT_FALSE(Request("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(Request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(Request("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keep_alive);
}

TEST(RequestHeadTest, UpgradesAndExpectations) {
  EXPECT_TRUE(Request("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Upgrade\r\n"
                      "Upgrade: websocket\r\n\r\n")
                  .upgrade);
  EXPECT_FALSE(Request("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").upgrade);
  EXPECT_TRUE(
      Request("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").expects_continue);
}

TEST(RequestHeadTest, TheLengthOfTheBody) {
  const auto length = Request("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(length.framing, Framing::kLength);
  EXPECT_EQ(length.length, 12);
  EXPECT_EQ(Request("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n").framing,
            Framing::kChunked);
}

TEST(RequestHeadTest, RefusesWhatOthersCouldReadOtherwise) {
  struct Case {
    std::string name;
    std::string head;
    unsigned status;
  };
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::vector<Case> cases = {
      {"two hosts", start + "Host: b\r\n\r\n", 400},
      {"bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare CR", start + "X: a\rb\r\n\r\n", 400},
      {"fold", start + "X: a\r\n b\r\n\r\n", 400},
      {"fold of the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"NUL", start + std::string("X: \0\r\n\r\n", 8), 400},
      {"space before the colon", start + "X : a\r\n\r\n", 400},
      {"no name", start + ": a\r\n\r\n", 400},
      {"length and chunks", start + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"the same length twice", start + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {"lengths in a list", start + "Content-Length: 1, 1\r\n\r\n", 400},
      {"a signed length", start + "Content-Length: +1\r\n\r\n", 400},
      {"a huge length", start + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"another coding", start + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"two codings", start + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"chunks in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no path", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"HTTP/2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"nonsense", "nonsense\r\n\r\n", 400},
      {"nothing", "\r\n\r\n", 400},
  };
  for (const auto& [name, head, status] : cases) {
    EXPECT_EQ(RefusedRequest(head), status) << name;
  }
  std::string many = start;
  for (size_t i = 0; i < kMaxFields + 1; ++i) many += "X: y\r\n";
  EXPECT_EQ(RefusedRequest(many + "\r\n"), 431);
}

TEST(ResponseHeadTest, ReadsHowTheBodyEnds) {
  struct Case {
    std::string name;
    std::string head;
    std::string method;
    Framing framing;
  };
  const std::vector<Case> cases = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", Framing::kLength},
      {"no bytes", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", Framing::kNone},
      {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", Framing::kChunked},
      {"neither", "HTTP/1.1 200 OK\r\n\r\n", "GET", Framing::kUntilClose},
      {"to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", Framing::kNone},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", "GET", Framing::kNone},
      {"304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", Framing::kNone},
      {"100", "HTTP/1.1 100 Continue\r\n\r\n", "GET", Framing::kNone},
  };
  for (const auto& [name, text, method, framing] : cases) {
    const auto parsed = ParseResponseHead(text, method);
    const auto* head = std::get_if<ResponseHead>(&parsed);
    ASSERT_NE(head, nullptr) << name;
    EXPECT_EQ(head->framing, framing) << name;
  }
}

TEST(ResponseHeadTest, WhatIsWrongIs502) {
  for (const std::string text :
       {"garbage\r\n\r\n", "HTTP/1.1 999999 x\r\n\r\n", "HTTP/1.1 200 OK\nX: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    const auto parsed = ParseResponseHead(text, "GET");
    const auto* error = std::get_if<HeadError>(&parsed);
    ASSERT_NE(error, nullptr) << text;
    EXPECT_EQ(error->status, 502) << text;
  }
}

TEST(EndToEndTest, LeavesOutWhatEndsAtTheHop) {
  const auto head = Request(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 1\r\n"
      "TE: trailers\r\nUpgrade: h2c\r\nProxy-Connection: close\r\nX-Other: 1\r\nX-Other: "
      "2\r\n\r\n");
  EXPECT_EQ(WriteRequestHead("GET", "/", EndToEnd(head.fields)),
            "GET / HTTP/1.1\r\nHost: a\r\nX-Other: 1\r\nX-Other: 2\r\n\r\n");
}

TEST(WriteResponseHeadTest, KnowsTheUsualReasons) {
  EXPECT_EQ(WriteResponseHead(404, "", Fields()), "HTTP/1.1 404 Not Found\r\n\r\n");
  EXPECT_EQ(WriteResponseHead(404, "Gone away", Fields()), "HTTP/1.1 404 Gone away\r\n\r\n");
}

}  // namespace
}  // namespace srsproxy::http
