// What operators decide, in RedisOriginStore.
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/redis_origin_store.h"
#include "dataplane/directory/store_status.h"

namespace srsproxy::redis {

OriginOverrides RedisOriginStore::Overrides(std::string_view server) const {
  const std::lock_guard lock(mutex_);
  return decisions_.Of(server);
}

std::map<std::string, OriginOverrides, std::less<>> RedisOriginStore::AllOverrides() const {
  const std::lock_guard lock(mutex_);
  return decisions_.ToMap();
}

void RedisOriginStore::ChangeOverrides(std::string server, OverridesChange change,
                                       ChangeOverridesCallback done) {
  if (auto status = ValidateServer(server); !status.ok()) return done(std::move(status));
  // Each field for itself is right or wrong, whatever the others are.
  if (const auto merged = Merge({}, change); !merged.ok()) return done(merged.status());
  absl::Status refused;
  uint64_t number = 0;
  DecisionCopy copy;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      refused = StoreStopped();
    } else if (!connected_) {
      refused = ProxyFailure(absl::StatusCode::kUnavailable,
                             "Redis cannot be reached, and what an operator decides is kept there: "
                             "nothing was changed");
    } else if (!decisions_.HasRoomFor(server)) {
      refused = absl::ResourceExhaustedError(absl::StrCat("operators have decided about ",
                                                          DecisionTable::kMaxServers,
                                                          " servers: clear what is not needed"));
    } else {
      number = next_open_++;
      open_.emplace(number, std::move(done));
      copy.kept = decisions_.KeptOf(server);
      if (!lost_decisions_.contains(server)) copy.history = read_history_;
    }
  }
  if (!refused.ok()) return done(std::move(refused));
  const std::vector<std::string> arguments = DecideArguments(server, copy, change);
  auto answered = [this, number, server](const absl::StatusOr<ScriptRunner::Answer>& answer) {
    OnDecided(number, server, answer);
  };
  needs_.scripts.Run("decide", arguments, std::move(answered));
}

void RedisOriginStore::OnDecided(uint64_t number, const std::string& server,
                                 const absl::StatusOr<ScriptRunner::Answer>& answer) {
  // Only what is refused is answered inline, on a thread that may be within another answer.
  std::unique_lock answering(answering_mutex_, std::defer_lock);
  if (answer.ok()) answering.lock();
  auto in_force = answer.ok() ? TakeDecision(server, ReadDecideAnswer(*answer))
                              : absl::StatusOr<OriginOverrides>(answer.status());
  ChangeOverridesCallback done;
  {
    const std::lock_guard lock(mutex_);
    const auto open = open_.find(number);
    if (open == open_.end()) return;
    done = std::move(open->second);
    open_.erase(open);
  }
  done(std::move(in_force));
}

absl::StatusOr<OriginOverrides> RedisOriginStore::TakeDecision(const std::string& server,
                                                               absl::StatusOr<KeptOverrides> kept) {
  if (!kept.ok()) return kept.status();
  ReportBroken(server, *kept);
  bool changes = false;
  {
    const std::lock_guard lock(mutex_);
    changes = !stopped_ && decisions_.Take(server, *kept);
  }
  if (changes) {
    override_observers_.ForEach(
        [&](OverridesCallback& callback) { callback(server, kept->overrides); });
  }
  return kept->overrides;
}

void RedisOriginStore::OnDecisionEntry(const FeedEntry& entry) {
  const std::string server(entry.Get("server"));
  auto kept = ReadFedOverrides(entry);
  if (!kept.ok()) {
    return broken_.Report(absl::StrCat(keys_.Make(KeyKind::kXFeed), " decision ", server),
                          MessageOf(kept.status()), kDecideRemedy);
  }
  const std::lock_guard answering(answering_mutex_);
  static_cast<void>(TakeDecision(server, std::move(kept)));
}

void RedisOriginStore::RestoreDecisions() {
  constexpr size_t kAtOnce = 500;
  std::vector<std::pair<std::string, KeptOverrides>> lost;
  {
    const std::lock_guard lock(mutex_);
    while (connected_ && !stopped_ && !lost_decisions_.empty() && lost.size() < kAtOnce) {
      std::string server = std::move(lost_decisions_.extract(lost_decisions_.begin()).value());
      lost.emplace_back(server, decisions_.KeptOf(server));
    }
  }
  for (const auto& [server, copy] : lost) {
    auto answered = [this, server = server](const absl::StatusOr<ScriptRunner::Answer>& answer) {
      if (answer.ok()) {
        const std::lock_guard answering(answering_mutex_);
        // Another proxy, or an operator, may have written a later one.
        TakeDecision(server, ReadDecideAnswer(*answer)).IgnoreError();
      } else if (!absl::IsCancelled(answer.status())) {
        const std::lock_guard lock(mutex_);
        lost_decisions_.insert(server);
      }
    };
    needs_.scripts.Run("decide", DecideArguments(server, {copy}, {}), std::move(answered));
  }
}

void RedisOriginStore::ReportBroken(const std::string& server, const KeptOverrides& kept) {
  for (const std::string& field : kept.broken) {
    broken_.Report(absl::StrCat(keys_.Make(KeyKind::kXServer, server), " ", field),
                   "its value is not understood", kDecideRemedy);
  }
}

void RedisOriginStore::Stop() {
  std::map<uint64_t, ChangeOverridesCallback> open;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    open.swap(open_);
  }
  for (auto& [number, done] : open) done(StoreStopped());
  const std::lock_guard wait_for_what_runs(answering_mutex_);
}

}  // namespace srsproxy::redis
