// The store of streams that proxies share through Redis.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_directory.h"
#include "dataplane/directory/redis/fleet_feed.h"
#include "dataplane/directory/redis/fleet_pins.h"
#include "dataplane/directory/redis/fleet_streams.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

// Thread-safe. A viewer's claim of a stream whose media flows is answered inline, from the copy
// that the feed keeps; all else is asked of Redis, one question at a time for each stream, and
// answered on its thread. A Redis whose connection was just cut is waited for; when it has sent
// nothing for a second, this proxy decides by itself, and state() is kGone. Writes say what is, not
// what happened, so that any of them may be lost or repeated.
//
// Its holds may outlive it, but not `scripts` and `feed`, unless it is stopped.
class RedisStreamDirectory final : public StreamDirectory, public FeedObserver {
 public:
  // `max_streams`: PROXY_MAX_STREAMS. All outlive the directory, and `clock` its holds too. To be
  // added to `feed` for the kinds "stream" and "pin".
  RedisStreamDirectory(const Clock& clock, size_t max_streams, ScriptRunner& scripts,
                       const FleetFeed& feed, absl::Duration patience = FleetStreams::kPatience);
  ~RedisStreamDirectory() override;

  StoreState state() const override;
  std::string unusable() const override;
  std::optional<StreamMapping> Find(const StreamKey& key) const override;
  std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const override;
  Page List(std::string_view after, size_t limit) const override;
  size_t size() const override;
  size_t in_use() const override;
  Counts CountsOf(std::string_view origin_id) const override;
  std::optional<std::string> PinnedServer(const StreamKey& key) const override;
  PinPage ListPins(std::string_view after, size_t limit) const override;

  void Claim(ClaimRequest request, ClaimCallback done) override;
  void Move(MoveRequest request, MoveCallback done) override;
  using StreamClaims::Release;
  void Release(ReleaseRequest request, ReleaseCallback done) override;
  void Pin(StreamPin pin, PinCallback done) override;
  void Unpin(const StreamKey& key, PinCallback done) override;
  void SetMaxStreams(size_t max_streams) override;
  void Stop() override;
  Subscription Subscribe(StreamObserver& observer) override;

  void ReadAll(Link& bulk, ReadDone done) override;
  void OnEntry(const FeedEntry& entry) override;

  // Redis can be used, as a write of somebody else has shown, or can no longer be. When it can
  // again, what sessions here use is written anew.
  void OnUsable();
  void OnLost();
  // What unusable() answers.
  void SetUnusable(std::string why);
  // Claims that were answered without asking it, so far.
  uint64_t cache_hits() const { return streams_->cache_hits(); }
  // Whether it could be used when it was asked last.
  bool is_usable() const;
  // Has another look at what Redis has of the stream.
  void Recheck(const StreamKey& key);
  // To be called each 100 ms, on the thread of Redis.
  void Tick();

  // The token of the history in which all that sessions here use is written; empty: not all of it
  // is.
  std::string WrittenIn() const;
  // Whether nothing that was asked or is to be written is under way.
  bool IsIdle() const;

 private:
  ScriptRunner& scripts_;
  const FleetFeed& feed_;
  const std::shared_ptr<FleetStreams> streams_;
  const std::shared_ptr<FleetPins> pins_;
  mutable std::mutex unusable_mutex_;
  std::string unusable_;  // Guarded by unusable_mutex_.
};

}  // namespace srsproxy::redis
