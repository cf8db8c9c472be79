// What every SessionIndex has to keep: what ids of HLS stand for, and for how long.
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_session_index.h"
#include "dataplane/directory/redis/redis_session_index.h"
#include "dataplane/protocol/redis/go_records.h"
#include "tests/support/fake_clock.h"
#include "tests/support/redis_origins.h"
#include "tests/support/redis_server.h"

namespace srsproxy {
namespace {

const StreamKey kOne{"v.example", "live", "one"};
const StreamKey kTwo{"v.example", "live", "two"};

// An index, and the time that it lives by.
class Host {
 public:
  virtual ~Host() = default;
  virtual SessionIndex& index() = 0;
  virtual size_t size() = 0;
  virtual void Advance(absl::Duration duration) = 0;
};

class MemoryHost final : public Host {
 public:
  SessionIndex& index() override { return index_; }
  size_t size() override { return index_.size(); }
  void Advance(absl::Duration duration) override { clock_.Advance(duration); }

 private:
  FakeClock clock_;
  MemorySessionIndex index_{clock_, 3};
};

std::optional<StreamKey> FindIn(SessionIndex& index, const std::string& id) {
  std::promise<std::optional<StreamKey>> answer;
  index.FindHls(id, [&](std::optional<StreamKey> key) { answer.set_value(std::move(key)); });
  return answer.get_future().get();
}

class RedisHost final : public Host {
 public:
  static RedisServer& server() {
    static RedisServer server;
    return server;
  }

  RedisHost() { server().Command({"FLUSHALL"}); }
  ~RedisHost() override { proxy_.Stop(); }
  SessionIndex& index() override { return index_; }
  size_t size() override { return index_.size(); }
  // Time passes in Redis, too.
  void Advance(absl::Duration duration) override {
    proxy_.clock().Advance(duration);
    FindIn(index_, "nobody's");  // What was sent is there.
    const redis::Reply keys = server().Command({"KEYS", "srs-proxy-*"});
    const auto names = keys.AsTexts();
    for (const std::string_view key : *names) {
      const int64_t ttl = *server().Command({"PTTL", key}).AsInteger();
      if (ttl < 0) continue;
      const int64_t left = ttl - absl::ToInt64Milliseconds(duration);
      server().Command({"PEXPIRE", key, absl::StrCat(left)});
    }
  }

 private:
  RedisOrigins proxy_{{.port = server().port()}};
  redis::RedisSessionIndex index_{proxy_.link(), proxy_.keys(), proxy_.clock(), proxy_.logger(), 3};
};

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<Host>()> make;
};

class SessionIndexContractTest : public testing::TestWithParam<Implementation> {
 protected:
  std::optional<StreamKey> Find(const std::string& id) { return FindIn(index_, id); }

  const std::unique_ptr<Host> host_ = GetParam().make();
  SessionIndex& index_ = host_->index();
};

TEST_P(SessionIndexContractTest, FindsWhatWasPut) {
  index_.PutHls("a", kOne);
  index_.PutHls("b", kTwo);
  EXPECT_EQ(Find("a"), kOne);
  EXPECT_EQ(Find("b"), kTwo);
  EXPECT_EQ(Find("c"), std::nullopt);
}

TEST_P(SessionIndexContractTest, ThreePollsMakeOneEntry) {
  for (int poll = 0; poll < 3; ++poll) index_.PutHls("a", kOne);
  EXPECT_EQ(host_->size(), 1u);
}

TEST_P(SessionIndexContractTest, APollRenews) {
  index_.PutHls("a", kOne);
  host_->Advance(absl::Seconds(119));
  index_.PutHls("a", kOne);
  host_->Advance(absl::Seconds(119));
  EXPECT_EQ(Find("a"), kOne);
}

// A player that has paused its playlist goes back in time after 121 s of segments.
TEST_P(SessionIndexContractTest, ASegmentRenews) {
  index_.PutHls("a", kOne);
  for (int second = 0; second < 121; ++second) {
    host_->Advance(absl::Seconds(1));
    EXPECT_EQ(Find("a"), kOne);
  }
  host_->Advance(absl::Seconds(119));
  EXPECT_EQ(Find("a"), kOne);
}

TEST_P(SessionIndexContractTest, IsForgottenWhenNobodyUsesIt) {
  index_.PutHls("a", kOne);
  host_->Advance(absl::Seconds(121));
  EXPECT_EQ(Find("a"), std::nullopt);
  EXPECT_EQ(host_->size(), 0u);
}

TEST_P(SessionIndexContractTest, AboveTheLimitTheLeastUsedGoes) {
  for (const char* id : {"a", "b", "c"}) index_.PutHls(id, kOne);
  Find("a");
  index_.PutHls("d", kTwo);
  EXPECT_EQ(host_->size(), 3u);
  EXPECT_EQ(Find("a"), kOne);
  EXPECT_EQ(Find("d"), kTwo);
}

TEST_P(SessionIndexContractTest, AnIdMayComeToStandForAnotherStream) {
  index_.PutHls("a", kOne);
  index_.PutHls("a", kTwo);
  EXPECT_EQ(Find("a"), kTwo);
}

TEST_P(SessionIndexContractTest, AStoppedOneAnswers) {
  index_.Stop();
  EXPECT_EQ(Find("a"), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    Indexes, SessionIndexContractTest,
    testing::Values(Implementation{"memory", [] { return std::make_unique<MemoryHost>(); }},
                    Implementation{"redis", [] { return std::make_unique<RedisHost>(); }}),
    [](const auto& row) { return row.param.name; });

TEST(MemorySessionIndexTest, WhatIsForgottenIsGone) {
  MemoryHost host;
  for (const char* id : {"a", "b", "c", "d"}) host.index().PutHls(id, kOne);
  EXPECT_EQ(FindIn(host.index(), "a"), std::nullopt);
}

class RedisSessionIndexTest : public testing::Test {
 protected:
  ~RedisSessionIndexTest() override { other_.Stop(); }
  int64_t Sets() {
    const redis::Reply reply = RedisHost::server().Command({"INFO", "commandstats"});
    const std::string text(*reply.AsText());
    const std::string head = "cmdstat_set:calls=";
    const size_t at = text.find(head);
    return at == std::string::npos ? 0 : std::stoll(text.substr(at + head.size()));
  }

  RedisHost host_;
  RedisOrigins other_{{.port = RedisHost::server().port(), .id = "other"}};
  redis::RedisSessionIndex index_{other_.link(), other_.keys(), other_.clock(), other_.logger()};
};

TEST_F(RedisSessionIndexTest, AnotherProxyFindsIt) {
  host_.index().PutHls("a", kOne);
  ASSERT_TRUE(Eventually([&] { return FindIn(index_, "a") == kOne; }));
}

TEST_F(RedisSessionIndexTest, GoProxiesFindItAndItFindsTheirs) {
  host_.index().PutHls("a", kOne);
  for (const std::string& key :
       {std::string("srs-proxy-spbhid:a"), "srs-proxy-hls:" + kOne.ToString()}) {
    std::string text;
    ASSERT_TRUE(Eventually([&] {
      const redis::Reply reply = RedisHost::server().Command({"GET", key});
      text = std::string(reply.AsOptionalText()->value_or(""));
      return !text.empty();
    }));
    const auto hls = redis::ParseGoHls(text);
    ASSERT_TRUE(hls.ok()) << hls.status();
    EXPECT_EQ(hls->spbhid, "a");
    EXPECT_EQ(hls->stream_url, "v.example/live/one");
    EXPECT_EQ(hls->full_url, "http://v.example/live/one.m3u8");
    EXPECT_GT(*RedisHost::server().Command({"TTL", key}).AsInteger(), 115);
  }
  RedisHost::server().Command(
      {"SET", "srs-proxy-spbhid:of-go",
       R"({"spbhid":"of-go","stream_url":"v.example/live/two","full_url":"http://x/"})"});
  EXPECT_EQ(FindIn(index_, "of-go"), kTwo);
}

TEST_F(RedisSessionIndexTest, AnIdInUseIsWrittenEachTwentySecondsOnly) {
  const int64_t before = Sets();
  for (int second = 0; second < 60; ++second) {
    index_.PutHls("a", kOne);
    EXPECT_EQ(FindIn(index_, "a"), kOne);
    other_.clock().Advance(absl::Seconds(1));
  }
  EXPECT_EQ(FindIn(index_, "nobody's"), std::nullopt) << "all of before is done";
  EXPECT_EQ(Sets() - before, 2 * 3);
}

TEST_F(RedisSessionIndexTest, BrokenOnesAreUnknownAndLoggedOnce) {
  RedisHost::server().Command({"SET", "srs-proxy-spbhid:json", "{"});
  RedisHost::server().Command({"LPUSH", "srs-proxy-spbhid:list", "x"});
  RedisHost::server().Command({"SET", "srs-proxy-spbhid:huge", std::string(20'000'000, 'x')});
  for (const char* id : {"json", "list", "huge"}) EXPECT_EQ(FindIn(index_, id), std::nullopt);
  EXPECT_EQ(index_.broken(), 3u);
  EXPECT_EQ(FindIn(index_, std::string(200, 'x')), std::nullopt);
}

TEST(RedisSessionIndexOutageTest, WithoutRedisWhatWasUsedHereIsKnown) {
  RedisServer server;
  RedisOrigins proxy({.port = server.port()});
  redis::RedisSessionIndex index(proxy.link(), proxy.keys(), proxy.clock(), proxy.logger());
  index.PutHls("a", kOne);
  server.Kill();
  EXPECT_EQ(FindIn(index, "a"), kOne);
  EXPECT_EQ(FindIn(index, "b"), std::nullopt);
  ASSERT_TRUE(Eventually([&] { return !proxy.store().HearsAll(); }));
  index.PutHls("c", kTwo);
  server.Start();
  // The next use writes what could not be written.
  EXPECT_TRUE(Eventually([&] {
    index.PutHls("c", kTwo);
    return *server.Command({"EXISTS", "srs-proxy-spbhid:c"}).AsInteger() == 1;
  }));
  proxy.Stop();
}

}  // namespace
}  // namespace srsproxy
