#include "dataplane/balance/migration_controller.h"

#include <algorithm>
#include <utility>

namespace srsproxy {
namespace {

constexpr size_t kMaxWorkItems = 100'000;
constexpr size_t kMaxDeadlines = 100'000;
constexpr size_t kProcessedPerTick = 2'000;
constexpr size_t kScannedPerTick = 5'000;

// Streams with viewers alone are moved no faster than their viewers can be ended.
constexpr size_t kMaxMisplacedWhileDraining = 100;

constexpr absl::Duration kRetry = absl::Seconds(5);  // Of what could not be done.

// Whether the stream has followed its origin and its sessions are connected to where it is now.
bool TookItsSessions(const StreamEvent& event, const OriginRegistry& origins) {
  if (event.cause != MoveCause::kSuperseded) return false;
  const auto now = origins.snapshot();
  return now->Resolve(event.former_origin_id) == nullptr ||
         now->ResolveConnected(event.former_origin_id) != nullptr;
}

}  // namespace

MigrationController::MigrationController(Dependencies dependencies, SessionEvictorOptions options)
    : dependencies_(std::move(dependencies)),
      origins_(std::make_shared<const OriginSnapshot>()),
      evictor_(dependencies_.clock, dependencies_.streams, dependencies_.sessions, options),
      misplaced_({.clock = dependencies_.clock,
                  .logger = dependencies_.logger,
                  .origins = dependencies_.origins,
                  .streams = dependencies_.streams,
                  .sessions = dependencies_.sessions,
                  .evictor = evictor_}),
      drained_(dependencies_.logger) {}

void MigrationController::Tick() {
  misplacing_moves_ = 0;
  const FleetBus* const fleet = dependencies_.fleet;
  settles_ = fleet != nullptr && fleet->settles();
  const bool drives = fleet == nullptr || (fleet->drives() && !settles_);
  if (drives && !std::exchange(drives_, drives)) ScanWithin(absl::ZeroDuration());
  drives_ = drives;
  RefreshDrains();
  ProcessQueued();
  MeetDeadlines();
  ContinueScan();
  misplaced_.Tick();
  evictor_.Tick();
}

DrainCounts MigrationController::CountsOf(std::string_view server) const {
  DrainCounts counts = drained_.CountsOf(server);
  for (const std::string& id : IdsOfServer(*dependencies_.origins.snapshot(), server)) {
    const auto of_origin = dependencies_.streams.CountsOf(id);
    counts.streams_left += of_origin.streams;
    counts.publishers_left += of_origin.live_publishers;
  }
  counts.streams_stuck = std::min(counts.streams_stuck, counts.streams_left);
  return counts;
}

void MigrationController::OnStreamEvent(const StreamEvent& event) {
  const bool moved = !event.former_origin_id.empty();
  if (event.cause.has_value() && event.here) {
    dependencies_.metrics.stream_moves.Increment(
        *event.cause, moved ? MoveProgress::kDone : MoveProgress::kPending);
  }
  if (event.kind == StreamEvent::Kind::kRemoved) return;
  const bool took_sessions = TookItsSessions(event, dependencies_.origins);
  // A publisher may be live elsewhere than the stream is mapped to now: it was live before the
  // stream came there, or it comes from an origin that the stream has left meanwhile.
  const bool may_be_apart =
      event.mapping.publisher_live && !took_sessions && event.cause != MoveCause::kPublisher;
  const bool all_suspected = !may_be_apart || misplaced_.Suspect(event.mapping.key);
  if (!all_suspected) missed_ = true;
  if (!moved && !event.cause.has_value() && !drained_.any()) return;

  const StreamMapping& mapping = event.mapping;
  WorkItem item;
  item.misplaced_viewers = moved && !took_sessions && mapping.viewers > 0;
  item.publisher_elsewhere =
      item.misplaced_viewers && mapping.publisher_live && event.cause != MoveCause::kPublisher;
  // Whoever claimed it is placed where its publisher is not.
  if (item.publisher_elsewhere && event.here) dependencies_.metrics.sticky_violations.Increment();

  item.reconcile = (event.cause.has_value() && mapping.pending.has_value()) ||
                   (!mapping.pending.has_value() && drained_.Contains(mapping.origin_id));
  if (moved) drained_.CountMoved(event.former_origin_id);
  if (!item.reconcile && !item.misplaced_viewers) return;
  const std::lock_guard lock(mutex_);
  if (queued_.size() >= kMaxWorkItems && !queued_.contains(mapping.key)) {
    missed_ = true;
    return;
  }
  WorkItem& known = queued_[mapping.key];
  known.reconcile |= item.reconcile;
  if (item.misplaced_viewers) {
    known.misplaced_viewers = true;
    known.publisher_elsewhere = item.publisher_elsewhere;
  }
}

void MigrationController::RefreshDrains() {
  auto snapshot = dependencies_.origins.snapshot();
  if (snapshot->shape_version == origins_->shape_version) return;
  origins_ = std::move(snapshot);
  if (drained_.Refresh(*origins_)) {
    ScanWithin(absl::ZeroDuration());
  } else if (drained_.any()) {
    // A target may have gone, or one that can take what is stuck may have come.
    ScanWithin(kRetry);
  }
}

void MigrationController::ProcessQueued() {
  if (processing_.empty()) {
    const std::lock_guard lock(mutex_);
    processing_.swap(queued_);
    if (missed_.exchange(false)) ScanForMisplaced();
  }
  for (size_t i = 0; i < kProcessedPerTick && !processing_.empty(); ++i) {
    const auto item = processing_.extract(processing_.begin());
    Process(item.key(), item.mapped());
  }
}

void MigrationController::Process(const StreamKey& key, const WorkItem& item) {
  if (item.misplaced_viewers && !evictor_.EvictMisplacedViewers(key, item.publisher_elsewhere))
    ScanForMisplaced();
  if (!item.reconcile) return;
  if (const auto mapping = dependencies_.streams.Find(key)) Reconcile(*mapping);
}

void MigrationController::MeetDeadlines() {
  const absl::Time now = dependencies_.clock.WallNow();
  for (size_t i = 0; i < kProcessedPerTick; ++i) {
    if (deadlines_.empty() || deadlines_.begin()->first > now) return;
    const StreamKey key = deadlines_.extract(deadlines_.begin()).value().second;
    if (const auto mapping = dependencies_.streams.Find(key)) Reconcile(*mapping);
  }
}

void MigrationController::ScanWithin(absl::Duration delay) {
  scan_.next = std::min(scan_.next, dependencies_.clock.Now() + absl::ToChronoNanoseconds(delay));
}

void MigrationController::ScanForMisplaced() {
  scan_.next_for_misplaced = true;
  ScanWithin(kRetry);
}

void MigrationController::ContinueScan() {
  if (!scan_.running) {
    if (dependencies_.clock.Now() < scan_.next) return;
    scan_ = {.running = true, .for_misplaced = scan_.next_for_misplaced, .after = "", .stuck = {}};
  }
  const auto page = dependencies_.streams.List(scan_.after, kScannedPerTick);
  for (const StreamMapping& mapping : page.mappings) {
    if (scan_.for_misplaced && mapping.viewers > 0) {
      Process(mapping.key,
              {.misplaced_viewers = true, .publisher_elsewhere = mapping.publisher_live});
    }
    if (scan_.for_misplaced && mapping.publisher_live) misplaced_.Suspect(mapping.key);
    Reconcile(mapping);
  }
  scan_.after = page.next;
  if (!page.next.empty()) return;
  scan_.running = false;
  drained_.SetStuck(scan_.stuck);
}

void MigrationController::Reconcile(const StreamMapping& mapping) {
  const auto& pending = mapping.pending;
  const auto origin = drives_ ? origins_->Resolve(mapping.origin_id) : nullptr;
  if (origin != nullptr && origin->overrides.drain.has_value()) {
    const OriginDrain& drain = *origin->overrides.drain;
    if (!DrainStream(mapping, origin->registration.server, drain)) return;
  } else if (origin != nullptr && pending.has_value() && pending->cause == MoveCause::kDrain) {
    return RequestMove(mapping, mapping.origin_id, absl::InfiniteFuture(), MoveCause::kDrain);
  }
  if (pending.has_value()) EndWhenDue(mapping, *pending);
}

bool MigrationController::DrainStream(const StreamMapping& mapping, const std::string& server,
                                      const OriginDrain& drain) {
  const auto& pending = mapping.pending;
  if (pending.has_value() && IsUsable(pending->origin_id)) {
    const bool timely = pending->cause == MoveCause::kDrain ? pending->deadline == drain.deadline
                                                            : pending->deadline <= drain.deadline;
    if (timely) return true;
    // An operator's move stays one, should the drain end before it is done.
    RequestMove(mapping, pending->origin_id, drain.deadline, pending->cause);
    return false;
  }
  const bool viewers_alone = mapping.publishers == 0 && mapping.viewers > 0;
  if (viewers_alone && evictor_.streams() + misplacing_moves_ >= kMaxMisplacedWhileDraining) {
    ScanWithin(absl::Seconds(1));
    return true;
  }
  const auto target = dependencies_.choose(mapping.key, server);
  if (!target.ok() && !mapping.in_use()) {
    Forget(mapping);
    return false;
  }
  if (!target.ok()) {
    ++scan_.stuck[server];
    ScanWithin(kRetry);
    return true;
  }
  misplacing_moves_ += viewers_alone ? 1 : 0;
  RequestMove(mapping, (*target)->id, drain.deadline, MoveCause::kDrain);
  return false;
}

void MigrationController::EndWhenDue(const StreamMapping& mapping, const PendingMove& pending) {
  if (pending.deadline == absl::InfiniteFuture()) return;
  const StreamKey& key = mapping.key;
  const absl::Time now = dependencies_.clock.WallNow();
  // As it is now: the move may name an origin that has come since the tick began.
  const auto target = dependencies_.origins.snapshot()->Resolve(pending.origin_id);
  const bool target_gone = target == nullptr || !HoldsLease(*target);
  if (pending.deadline <= now && settles_) {
    // Its end would not do the move.
    deadlines_.emplace(now + absl::Seconds(1), key);
    return;
  }
  if (pending.deadline <= now && target_gone && !drives_) return;
  if (pending.deadline <= now && target_gone) {
    dependencies_.logger.Warn(
        "a move is taken back: the origin that the stream was to go to is gone",
        {{"stream", key.ToString()}, {"origin", pending.origin_id}});
    RequestMove(mapping, mapping.origin_id, absl::InfiniteFuture(), pending.cause);
  } else if (pending.deadline <= now) {
    if (!evictor_.EvictPublishers(key)) ScanWithin(kRetry);
  } else if (deadlines_.size() < kMaxDeadlines) {
    deadlines_.emplace(pending.deadline, key);
  } else {
    ScanWithin(pending.deadline - now);
  }
}

void MigrationController::Forget(const StreamMapping& mapping) {
  ReleaseRequest request{mapping.key, mapping.version, /*force=*/false,
                         StreamEventReason::kDrained};
  // Refused when somebody has come to use it, which was an event, if it matters.
  dependencies_.streams.Release(std::move(request), [](const absl::StatusOr<StreamMapping>&) {});
}

bool MigrationController::IsUsable(std::string_view origin_id) const {
  const auto origin = dependencies_.origins.snapshot()->Resolve(origin_id);
  return origin != nullptr && origin->admin_state == AdminState::kActive && !origin->down &&
         HoldsLease(*origin);
}

void MigrationController::RequestMove(const StreamMapping& mapping, std::string origin_id,
                                      absl::Time deadline, MoveCause cause) {
  MoveRequest request{mapping.key, std::move(origin_id), mapping.version, deadline, cause};
  // Whether it came to pass is an event; when the placement has changed meanwhile, that
  // was an event, too.
  dependencies_.streams.Move(std::move(request), [](const absl::StatusOr<MoveOutcome>&) {});
}

}  // namespace srsproxy
