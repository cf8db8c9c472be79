// FleetPins: the pins that proxies share through Redis: what this one knows of them, asks for and,
// where Redis has lost them, writes again.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "dataplane/core/stream_claims.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/directory/redis/feed_entry.h"
#include "dataplane/directory/redis/kept_pin.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

// Thread-safe. The members that bear the names of StreamView's and StreamClaims' keep their
// promises.
class FleetPins final : public std::enable_shared_from_this<FleetPins> {
 public:
  // `scripts` outlives it, unless it is stopped.
  explicit FleetPins(ScriptRunner& scripts) : scripts_(scripts) {}

  std::optional<std::string> PinnedServer(const StreamKey& key) const;
  StreamView::PinPage List(std::string_view after, size_t limit) const;
  // An empty server: it is unpinned.
  void Pin(StreamPin pin, StreamClaims::PinCallback done);
  void Stop() { stopped_ = true; }

  // DATA_LOSS: it is not what pin.lua writes.
  absl::Status OnEntry(const FeedEntry& entry);

  // Everything is read: BeginRead, then Read for each pin there is, then FinishRead with the token
  // of the history that there was after all of that, empty for none. In another history than before
  // nothing that is missing was unpinned: all of it is lost.
  void BeginRead();
  void Read(const StreamKey& key, KeptPin pin);
  void FinishRead(const std::string& history);

  // Writes again some of what Redis has lost. To be called each 100 ms while Redis can be used.
  void RestoreSome();

 private:
  using Pins = std::map<std::string, KeptPin, std::less<>>;  // By StreamPath.

  // What Redis has, unless something later is known.
  void Take(const StreamKey& key, KeptPin pin);
  KeptPin KnownOf(const std::string& path) const;  // With the lock.
  void Restore(const StreamKey& key, const KeptPin& copy);

  ScriptRunner& scripts_;
  std::atomic<bool> stopped_{false};
  mutable std::shared_mutex mutex_;  // Guards all below.
  // With those that were unpinned, whose revision is known.
  Pins pins_;
  std::string history_;            // The one that pins_ is of.
  std::optional<Pins> read_;       // So far, since BeginRead.
  std::set<std::string> touched_;  // By StreamPath: what was taken since then.
  std::set<std::string> lost_;     // The same, of what Redis has lost.
};

}  // namespace srsproxy::redis
