#include "dataplane/balance/rebalancer.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

namespace srsproxy {
namespace {

constexpr size_t kMaxRuns = 8;
constexpr size_t kMaxMessages = 20;
constexpr uint32_t kMaxInFlight = 1000;

uint32_t SessionsOf(const StreamMapping& mapping) { return mapping.publishers + mapping.viewers; }

}  // namespace

Rebalancer::Rebalancer(const Dependencies& dependencies, uint64_t seed)
    : dependencies_(dependencies),
      plans_({.clock = dependencies.clock,
              .origins = dependencies.origins,
              .streams = dependencies.streams,
              .balancer = dependencies.balancer},
             seed) {}

// ---- Rebalances

absl::Status Rebalancer::CheckApply(std::string_view plan_id) {
  std::unique_lock lock(mutex_);
  if (FindRun(plan_id) != nullptr) return absl::OkStatus();
  if (auto status = CheckDrives(dependencies_.fleet); !status.ok()) return status;
  const auto plan = plans_.Find(plan_id);
  if (!plan.ok()) return plan.status();
  if (auto status = CheckIdle(); !status.ok()) return status;
  lock.unlock();
  return plans_.CheckUnchanged(*plan);
}

absl::StatusOr<RebalanceProgress> Rebalancer::Apply(std::string_view plan_id,
                                                    double moves_per_second) {
  if (auto status = CheckApply(plan_id); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  if (const auto run = FindRun(plan_id)) return run->progress;
  if (auto status = CheckIdle(); !status.ok()) return status;  // Another caller was faster.
  const auto plan = plans_.Find(plan_id);
  if (!plan.ok()) return plan.status();
  auto run = std::make_shared<Run>();
  run->plan = plan->stored;
  run->progress.id = plan_id;
  run->progress.moves_total = static_cast<uint32_t>(plan->stored->plan.moves.size());
  run->progress.started_at = dependencies_.clock.WallNow();
  run->moves_per_second = moves_per_second;
  run->allowance = 1;
  run->refilled = dependencies_.clock.Now();
  if (runs_.size() == kMaxRuns) runs_.pop_front();
  runs_.push_back(run);
  running_ = run;
  dependencies_.metrics.rebalance_in_progress.Set(true);
  dependencies_.logger.Info("rebalance begins",
                            {{"plan", run->progress.id}, {"moves", run->progress.moves_total}});
  EndIfComplete(*run);
  return run->progress;
}

absl::StatusOr<RebalanceProgress> Rebalancer::Get(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto run = id.empty() ? (runs_.empty() ? nullptr : runs_.back()) : FindRun(id);
  if (run != nullptr) return run->progress;
  return absl::NotFoundError(id.empty()
                                 ? "no plan has been applied since the proxy started"
                                 : absl::StrCat("the plan ", ToAbsl(id), " was not applied"));
}

absl::StatusOr<RebalanceProgress> Rebalancer::Cancel(std::string_view id) {
  std::vector<Waiting> waiting;
  std::unique_lock lock(mutex_);
  const auto run = id.empty() ? running_ : FindRun(id);
  if (run == nullptr) {
    return absl::NotFoundError(id.empty()
                                   ? "no rebalance runs"
                                   : absl::StrCat("the plan ", ToAbsl(id), " was not applied"));
  }
  if (run->progress.state != RebalanceProgress::State::kRunning) {
    return absl::FailedPreconditionError(absl::StrCat("the rebalance ", ToAbsl(id), " has ended"));
  }
  waiting.swap(run->waiting);
  End(*run, RebalanceProgress::State::kCancelled);
  const RebalanceProgress progress = run->progress;
  lock.unlock();
  for (const Waiting& move : waiting) TakeBack(*move.move);
  return progress;
}

std::string Rebalancer::RunningId() const {
  const std::lock_guard lock(mutex_);
  return running_ == nullptr ? "" : running_->progress.id;
}

std::shared_ptr<Rebalancer::Run> Rebalancer::FindRun(std::string_view id) const {
  const auto found = std::find_if(runs_.begin(), runs_.end(),
                                  [&](const auto& run) { return run->progress.id == id; });
  return found == runs_.end() ? nullptr : *found;
}

absl::Status Rebalancer::CheckIdle() const {
  if (running_ == nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the rebalance ", running_->progress.id,
                                                    " runs: wait for its end, or cancel it"));
}

// ---- Moves

void Rebalancer::Tick() {
  plans_.ForgetOld();
  std::unique_lock lock(mutex_);
  const auto run = running_;
  if (run == nullptr) return;
  if (!drives()) {
    lock.unlock();
    dependencies_.logger.Warn("another proxy drives the fleet: the rebalance is cancelled",
                              {{"plan", run->progress.id}});
    Cancel(run->progress.id).IgnoreError();
    return;
  }
  if (dependencies_.fleet != nullptr && dependencies_.fleet->settles()) return;
  const MonotonicTime now = dependencies_.clock.Now();
  const double elapsed = absl::ToDoubleSeconds(absl::FromChrono(now - run->refilled));
  run->refilled = now;
  // Not more than one second's moves at once, however late the tick.
  run->allowance = std::min(run->allowance + elapsed * run->moves_per_second,
                            std::max(run->moves_per_second, 1.0));
  const auto& moves = run->plan->plan.moves;
  while (running_ == run && run->allowance >= 1 && run->next < moves.size() &&
         run->in_flight + run->waiting.size() < kMaxInFlight) {
    run->allowance -= 1;
    const PlannedMove& move = moves[run->next++];
    ++run->in_flight;
    lock.unlock();
    Make(run, move);
    lock.lock();
  }
  lock.unlock();
  LookAtWaiting(*run);
}

std::string Rebalancer::Obstacle(const Run& run, const PlannedMove& move,
                                 const std::optional<StreamMapping>& mapping) const {
  const std::string stream = absl::StrCat("stream ", move.key.ToString());
  if (!mapping.has_value() || mapping->version != move.version) {
    return stream + " has been placed anew";
  }
  if (mapping->publishers > 0 && !move.publisher_live) return stream + " has got a publisher";
  const uint32_t sessions = SessionsOf(*mapping);
  if (sessions > run.plan->limits.max_kicked - run.sessions_claimed) {
    return absl::StrCat(stream, " has ", sessions, " sessions, more than may still be ended");
  }
  const auto target = dependencies_.origins.snapshot()->Find(move.to_origin_id);
  if (target == nullptr || !TakesMoves(*target)) {
    return absl::StrCat("origin ", move.to_origin_id, ", where ", stream,
                        " is to go, cannot take it");
  }
  const auto pin = dependencies_.streams.PinnedServer(move.key);
  if (pin.has_value() && *pin != target->registration.server) {
    return absl::StrCat(stream, " is pinned to server ", *pin);
  }
  return "";
}

void Rebalancer::Make(const std::shared_ptr<Run>& run, const PlannedMove& move) {
  const auto mapping = dependencies_.streams.Find(move.key);
  uint32_t sessions = 0;
  {
    const std::lock_guard lock(mutex_);
    if (run->progress.state != RebalanceProgress::State::kRunning) {
      --run->in_flight;  // Cancelled since it was chosen.
      return;
    }
    std::string obstacle = Obstacle(*run, move, mapping);
    if (!obstacle.empty()) {
      --run->in_flight;
      return Skip(*run, 0, std::move(obstacle));
    }
    sessions = SessionsOf(*mapping);
    run->sessions_claimed += sessions;
  }
  MoveRequest request{move.key, move.to_origin_id, move.version, absl::InfiniteFuture(),
                      MoveCause::kRebalance};
  if (move.publisher_live) request.deadline = dependencies_.clock.WallNow();
  dependencies_.streams.Move(std::move(request),
                             [this, run, &move, sessions](absl::StatusOr<MoveOutcome> outcome) {
                               Settle(*run, move, sessions, outcome);
                             });
}

void Rebalancer::Settle(Run& run, const PlannedMove& move, uint32_t sessions,
                        const absl::StatusOr<MoveOutcome>& outcome) {
  const std::string stream = absl::StrCat("stream ", move.key.ToString());
  std::unique_lock lock(mutex_);
  --run.in_flight;
  if (!outcome.ok()) return Skip(run, sessions, std::string(MessageOf(outcome.status())));
  if (!outcome->mapping.pending.has_value()) return Done(run, sessions);
  const bool running = run.progress.state == RebalanceProgress::State::kRunning;
  if (running && move.publisher_live) {
    const MonotonicTime until =
        dependencies_.clock.Now() + absl::ToChronoNanoseconds(kPublisherWait);
    run.waiting.push_back({&move, sessions, until});
    return;
  }
  if (running) Skip(run, sessions, stream + " has got a publisher");
  lock.unlock();
  TakeBack(move);
}

void Rebalancer::LookAtWaiting(Run& run) {
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(run.waiting);
  }
  const MonotonicTime now = dependencies_.clock.Now();
  for (const Waiting& wait : waiting) {
    const auto mapping = dependencies_.streams.Find(wait.move->key);
    const bool pending = mapping.has_value() && mapping->pending.has_value() &&
                         mapping->pending->origin_id == wait.move->to_origin_id;
    const std::string stream = absl::StrCat("stream ", wait.move->key.ToString());
    std::unique_lock lock(mutex_);
    if (mapping.has_value() && mapping->origin_id == wait.move->to_origin_id) {
      Done(run, wait.sessions);
    } else if (!pending) {
      Skip(run, wait.sessions, stream + " has been placed anew, or its move was taken back");
    } else if (run.progress.state == RebalanceProgress::State::kRunning && now < wait.until) {
      run.waiting.push_back(wait);
    } else {
      Skip(run, wait.sessions, "the publisher of " + stream + " did not end in time");
      lock.unlock();
      TakeBack(*wait.move);
    }
  }
}

void Rebalancer::TakeBack(const PlannedMove& move) {
  dependencies_.streams.Move({move.key, move.from_origin_id, move.version, absl::InfiniteFuture()},
                             [](const absl::StatusOr<MoveOutcome>&) {});
}

void Rebalancer::Done(Run& run, uint32_t sessions) {
  ++run.progress.moves_done;
  run.progress.sessions_kicked += sessions;
  dependencies_.metrics.rebalance_moves.Increment("moved");
  EndIfComplete(run);
}

void Rebalancer::Skip(Run& run, uint32_t sessions, std::string why) {
  ++run.progress.moves_skipped;
  run.sessions_claimed -= sessions;
  if (run.progress.messages.size() < kMaxMessages) {
    run.progress.messages.push_back(std::move(why));
  }
  dependencies_.metrics.rebalance_moves.Increment("skipped");
  EndIfComplete(run);
}

void Rebalancer::EndIfComplete(Run& run) {
  const RebalanceProgress& progress = run.progress;
  if (progress.state == RebalanceProgress::State::kRunning &&
      progress.moves_done + progress.moves_skipped == progress.moves_total) {
    End(run, RebalanceProgress::State::kDone);
  }
}

void Rebalancer::End(Run& run, RebalanceProgress::State state) {
  run.progress.state = state;
  run.progress.ended_at = dependencies_.clock.WallNow();
  running_.reset();
  dependencies_.metrics.rebalance_in_progress.Set(false);
  dependencies_.logger.Info("rebalance ends",
                            {{"plan", run.progress.id},
                             {"moved", run.progress.moves_done},
                             {"skipped", run.progress.moves_skipped},
                             {"cancelled", state == RebalanceProgress::State::kCancelled}});
}

}  // namespace srsproxy
