// Origins and streams that change at random, in every way they can, and the log of it.
#pragma once

#include <iosfwd>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/event_log.h"
#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "srsproxy/v1/event_service.pb.h"
#include "tests/support/fake_clock.h"

namespace srsproxy {

class Fleet {
 public:
  explicit Fleet(size_t ring) : log(clock, ring) {
    logged_streams_ = streams.Subscribe(log);
    logged_origins_ = origins.Subscribe([this](const OriginEvent& event) { Log(event); });
  }

  FakeClock clock;
  EventLog log;
  MemoryOriginStore store;
  OriginRegistry origins{clock, store};
  MemoryStreamDirectory streams{clock, 25};

 private:
  void Log(const OriginEvent& event);

  Subscription logged_streams_;
  Subscription logged_origins_;
};

// One of those who change the fleet. Each is used by one thread; several may act at a time.
class FleetActor {
 public:
  FleetActor(Fleet& fleet, unsigned seed) : fleet_(fleet), random_(seed) {}

  void Act();

 private:
  int Any(int count) { return std::uniform_int_distribution<>(0, count - 1)(random_); }
  StreamKey AnyKey();
  std::string AnyOrigin();
  uint64_t AnyVersion(const StreamKey& key);
  void Claim();
  void End();
  void ChangeStream();
  void ChangeOrigins();

  Fleet& fleet_;
  std::mt19937 random_;
  std::vector<std::unique_ptr<StreamHold>> sessions_;
  std::vector<std::string> leases_;
};

// Origins and streams by id and key, as text, without what is no event: load, heartbeats, counts.
// What the lists show, or what a watcher makes of the messages.
struct Picture {
  std::map<std::string, std::string> origins;
  std::map<std::string, std::string> streams;

  static Picture Of(Fleet& fleet);
  void Apply(const v1::WatchResponse& message);
  // What is left of it for who watches one stream, or one origin.
  Picture OnlyStream(const std::string& key) const;
  Picture OnlyOrigin(const std::string& id) const;

  friend bool operator==(const Picture&, const Picture&) = default;
  friend void PrintTo(const Picture& picture, std::ostream* out);
};

}  // namespace srsproxy
