#include "dataplane/directory/origin_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "dataplane/directory/memory_origin_store.h"
#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

const absl::Time kNow = absl::FromUnixMillis(1'700'000'000'123);

OriginRecord Everything() {
  OriginRecord record;
  OriginRegistration& registration = record.registration;
  registration.ip = "media.example.com";
  registration.device_id = "rack \"7\"";
  registration.server = "vid-1";
  registration.service = "svc";
  registration.pid = "42";
  registration.rtmp = {{Transport::kTcp, "", 1935}, {Transport::kTcp, "2001:db8::1", 1936}};
  registration.http = {{Transport::kTcp, "0.0.0.0", 8080}};
  registration.api = {{Transport::kTcp, "", 1985}};
  registration.srt = {{Transport::kUdp, "", 10080}};
  registration.rtc = {{Transport::kUdp, "", 8000}, {Transport::kTcp, "", 8000}};
  registration.weight = 0.25;
  registration.zone = "Zürich";
  registration.labels = {{"gpu", "yes"}, {"empty", ""}};
  registration.capacity = int64_t{1} << 60;
  registration.heartbeat_interval = absl::Microseconds(7);
  record.generation = 3;
  record.lease_digests = {"newer", "older"};
  record.source = "10.0.0.9";
  record.registered_at = kNow - absl::Hours(1);
  record.silent_since = kNow - absl::Minutes(7);
  return record;
}

OriginRecord Little() {
  OriginRecord record;
  record.registration.ip = "10.0.0.1";
  record.registration.server = "vid-2";
  record.registration.service = "svc";
  record.registration.pid = "1";
  record.registration.rtmp = {{Transport::kTcp, "", 1935}};
  record.lease_digests = {"digest"};
  record.registered_at = kNow;
  return record;
}

bool Same(const OriginRecord& a, const OriginRecord& b) {
  return a.registration == b.registration && a.generation == b.generation &&
         a.lease_digests == b.lease_digests && a.source == b.source &&
         a.registered_at == b.registered_at && a.silent_since == b.silent_since;
}

class OriginFileTest : public testing::Test {
 protected:
  OriginFileTest() {
    std::string path = testing::TempDir() + "origin_file_XXXXXX";
    path_ = mkdtemp(path.data());
    folder_ = *StateFolder::Open(path_);
  }
  ~OriginFileTest() override { fs::remove_all(path_); }

  std::vector<OriginRecord> Read(absl::Time now = kNow) {
    const Logger logger = MakeLogger();
    auto records = OriginFile(folder_, logger).Read(now);
    EXPECT_TRUE(records.ok()) << records.status();
    return *std::move(records);
  }
  void Write(const std::vector<OriginRecord>& records) {
    const Logger logger = MakeLogger();
    ASSERT_TRUE(OriginFile(folder_, logger).Write(records, kNow).ok());
  }
  // log_ is complete when it is destroyed.
  Logger MakeLogger() {
    return Logger({.sink = [this](std::string_view line) { log_.append(line).append("\n"); }});
  }

  std::string path_;
  std::string log_;
  std::shared_ptr<const StateFolder> folder_;
};

TEST_F(OriginFileTest, KeepsEverything) {
  EXPECT_THAT(Read(), IsEmpty());
  Write({Everything(), Little()});
  const auto records = Read();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(Same(records[0], Everything()));
  EXPECT_TRUE(Same(records[1], Little()));
  EXPECT_EQ(log_, "");
}

TEST_F(OriginFileTest, OnlyItsOwnerReadsIt) {
  Write({Little()});
  EXPECT_EQ(fs::status(path_ + "/origins.json").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(OriginFileTest, WhatWasWrittenADayAgoIsForgotten) {
  Write({Little()});
  EXPECT_EQ(Read(kNow + absl::Hours(24)).size(), 1u);
  EXPECT_EQ(log_, "");
  EXPECT_THAT(Read(kNow + absl::Hours(24) + absl::Seconds(1)), IsEmpty());
  EXPECT_THAT(log_, HasSubstr("24 hours"));
}

TEST_F(OriginFileTest, AClockThatWasSetBackForgetsNothing) {
  Write({Little()});
  EXPECT_EQ(Read(kNow - absl::Hours(1000)).size(), 1u);
}

TEST_F(OriginFileTest, AnOriginThatCouldNotRegisterIsLeftOut) {
  OriginRecord wrong = Everything();
  wrong.registration.weight = -1;
  Write({wrong, Little()});
  EXPECT_EQ(Read().size(), 1u);
  EXPECT_THAT(log_, testing::AllOf(HasSubstr("vid-1-svc-42"), HasSubstr("weight")));
}

TEST_F(OriginFileTest, WhatCannotBeUnderstoodIsSetAside) {
  const std::string with = R"({"version":1,"written_time":"2026-01-02T03:04:05Z","origins":)";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"version":3})"),
        std::string(R"({"version":0})"), std::string(R"({"version":1,"more":1})"),
        std::string(R"({"version":1,"origins":{}})"),
        std::string(R"({"version":1,"written_time":"soon"})"), with + "[1]}", with + "[{}]}",
        with + R"([{"lease_digests":["x"],"more":1}]})", with + R"([{"lease_digests":"x"}]})",
        with + R"([{"lease_digests":["x"],"rtmp":["nowhere"]}]})",
        with + R"([{"lease_digests":["x"],"silent_since_time":"lately"}]})",
        with + R"([{"lease_digests":["x"],"heartbeat_interval_ns":0}]})"}) {
    log_.clear();
    std::ofstream(path_ + "/origins.json") << text;
    EXPECT_THAT(Read(), IsEmpty());
    EXPECT_THAT(log_, HasSubstr("origins.json.damaged-")) << text;
    EXPECT_FALSE(fs::exists(path_ + "/origins.json"));
  }
}

TEST_F(OriginFileTest, AFileOfTheFirstVersionIsRead) {
  std::ofstream(path_ + "/origins.json")
      << R"({"version":1,"written_time":"2023-11-14T22:13:20Z","origins":[{"ip":"10.0.0.1",)"
      << R"("server":"vid-2","service":"svc","pid":"1","rtmp":["tcp://:1935"],"weight":1,)"
      << R"("generation":1,"lease_digests":["digest"],"source":"",)"
      << R"("registered_time":"2023-11-14T22:13:20.123Z"}]})";
  const auto records = Read();
  ASSERT_EQ(records.size(), 1u) << log_;
  EXPECT_TRUE(Same(records[0], Little()));
}

// The store that keeps them there.

class KeptOriginsTest : public OriginFileTest {
 protected:
  KeptOriginsTest() { folder_.reset(); }

  std::unique_ptr<MemoryOriginStore> Open() {
    auto state = StateFile::Open(path_, *logger_);
    EXPECT_TRUE(state.ok()) << state.status();
    auto store = MemoryOriginStore::Open(*std::move(state), clock_, *logger_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

  FakeClock clock_;
  std::optional<Logger> logger_{std::in_place, LogOptions{.sink = [this](std::string_view line) {
                                  log_.append(line).append("\n");
                                }}};
};

TEST_F(KeptOriginsTest, RegistrationsOutliveTheStore) {
  {
    const auto store = Open();
    store->PutRecord(Everything());
    store->PutRecord(Little());
    store->RemoveRecord("vid-1-svc-42", {});
  }
  const auto records = Open()->Records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(Same(records[0], Little()));
}

TEST_F(KeptOriginsTest, SilenceOutlivesTheStoreUntilItIsPutAgain) {
  {
    const auto store = Open();
    store->PutRecord(Little());
    store->RecordSilent("vid-2-svc-1", kNow);
    store->RecordSilent("nobody", kNow);
  }
  {
    const auto store = Open();
    ASSERT_EQ(store->Records().size(), 1u);
    EXPECT_EQ(store->Records()[0].silent_since, kNow);
    store->PutRecord(Little());
  }
  EXPECT_EQ(Open()->Records().at(0).silent_since, std::nullopt);
}

TEST_F(KeptOriginsTest, AWriterThatStopsIsLoggedOnce) {
  auto store = Open();
  store->PutRecord(Little());
  store.reset();
  EXPECT_EQ(log_, "");
  store = Open();
  fs::create_directory(path_ + "/origins.json.new");  // Where the next version would be written.
  for (int i = 0; i < 3; ++i) store->PutRecord(Everything());
  EXPECT_EQ(store->Records().size(), 2u) << "in memory they are";
  store.reset();
  logger_.reset();
  EXPECT_THAT(log_, HasSubstr("registrations are not kept over a restart"));
  EXPECT_EQ(log_.find("not kept"), log_.rfind("not kept"));
}

}  // namespace
}  // namespace srsproxy
