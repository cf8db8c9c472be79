// MigrationController: carries out what moves streams. It empties servers that are drained, ends
// publishers whose time has come, ends viewers that a move has left behind, and has streams that
// are apart from their publisher brought together.
//
// The directory decides where a stream is; a move that anybody requests is carried through here. A
// publisher that is to be ended now is one whose pending move's deadline is now.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include "dataplane/balance/drained_servers.h"
#include "dataplane/balance/misplaced_streams.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/session_evictor.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/fleet_bus.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// Ending sessions is each proxy's own affair; drains are carried out by the one that drives the
// fleet.
//
// A drain is a matter of the registry: a server whose admin state is DRAINING is drained, by the
// deadline of its overrides, until they change; moves that are still pending are then
// taken back.
class MigrationController final : public StreamObserver {
 public:
  // Where a stream would be placed anew, were there no origin of `leaving_server`.
  using ChooseOrigin = std::function<absl::StatusOr<std::shared_ptr<const Origin>>(
      const StreamKey& key, std::string_view leaving_server)>;

  // All outlive the controller, but for questions to `sessions` that have not been answered.
  struct Dependencies {
    const Clock& clock;
    const Logger& logger;
    Metrics& metrics;
    const OriginRegistry& origins;
    StreamDirectory& streams;  // Which the controller observes.
    SessionControl& sessions;
    ChooseOrigin choose;
    const FleetBus* fleet = nullptr;  // Null: this proxy is alone.
  };

  explicit MigrationController(Dependencies dependencies, SessionEvictorOptions options = {});

  // Call it about ten times a second, on one thread. A call works for some milliseconds at most.
  void Tick();

  // What is left and what was done; of a server that is not drained, what is there. Any thread.
  DrainCounts CountsOf(std::string_view server) const;

  // Streams that are apart from their live publisher, while they are brought together.
  const MisplacedStreams& misplaced() const { return misplaced_; }

  // Any thread.
  void OnStreamEvent(const StreamEvent& event) override;

 private:
  // What a stream's events call for.
  struct WorkItem {
    bool reconcile = false;          // Its mapping.
    bool misplaced_viewers = false;  // There may be some.
    bool publisher_elsewhere = false;
  };
  using WorkItems = absl::flat_hash_map<StreamKey, WorkItem>;

  // A walk through all mappings, a part in each tick.
  struct Scan {
    MonotonicTime next = MonotonicTime::max();  // When it begins, unless it runs.
    bool running = false;
    bool for_misplaced = false;       // It takes every stream for misplaced: events were missed.
    bool next_for_misplaced = false;  // So will the next one.
    std::string after;
    DrainedServers::ByServer stuck;
  };

  void RefreshDrains();
  void ProcessQueued();
  void MeetDeadlines();
  void ContinueScan();
  void ScanWithin(absl::Duration delay);
  void ScanForMisplaced();
  void Process(const StreamKey& key, const WorkItem& item);
  void Reconcile(const StreamMapping& mapping);
  // False: a move of the stream was requested; its event comes.
  bool DrainStream(const StreamMapping& mapping, const std::string& server,
                   const OriginDrain& drain);
  void EndWhenDue(const StreamMapping& mapping, const PendingMove& pending);
  // Now, not as of the last tick.
  bool IsUsable(std::string_view origin_id) const;
  // Of a name that nobody uses and no other origin can take: it is placed anew when it is wanted.
  void Forget(const StreamMapping& mapping);
  void RequestMove(const StreamMapping& mapping, std::string origin_id, absl::Time deadline,
                   MoveCause cause);

  const Dependencies dependencies_;
  std::shared_ptr<const OriginSnapshot> origins_;  // As of the last tick. Its thread only, as are:
  SessionEvictor evictor_;
  MisplacedStreams misplaced_;
  Scan scan_;
  std::set<std::pair<absl::Time, StreamKey>> deadlines_;  // Of pending moves.
  WorkItems processing_;                                  // Taken from queued_.
  size_t misplacing_moves_ = 0;  // In this tick: moves that leave viewers behind.
  // As of the last tick: carries out drains, for all of the fleet; which may not be done now.
  bool drives_ = false;
  bool settles_ = false;

  DrainedServers drained_;
  std::atomic<bool> missed_{false};  // Work items, or suspects, for which there was no room.
  std::mutex mutex_;                 // Guards queued_.
  WorkItems queued_;
};

}  // namespace srsproxy
