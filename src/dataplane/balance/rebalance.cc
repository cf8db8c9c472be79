#include "dataplane/balance/rebalance.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include <absl/strings/str_cat.h>

namespace srsproxy {
namespace {

constexpr uint32_t kNowhere = 0;  // The empty set of choices.

}  // namespace

RebalanceSurvey::RebalanceSurvey(std::shared_ptr<const OriginSnapshot> origins,
                                 PlacementOptions options)
    : origins_(std::move(origins)),
      options_(std::move(options)),
      choices_(1),
      streams_by_origin_(origins_->origins.size()) {
  for (uint32_t i = 0; i < origins_->origins.size(); ++i) {
    if (TakesMoves(*origins_->origins[i])) usable_.emplace(origins_->origins[i]->id, i);
  }
}

void RebalanceSurvey::Add(const StreamMapping& mapping,
                          const std::optional<std::string>& pinned_server) {
  if (!mapping.in_use()) return;
  auto at = usable_.find(mapping.origin_id);
  if (at == usable_.end()) {
    const auto successor = origins_->Resolve(mapping.origin_id);
    if (successor != nullptr) at = usable_.find(successor->id);
    if (at == usable_.end()) return;
  }
  const uint32_t origin = at->second;
  ++streams_by_origin_[origin];
  if (mapping.pending.has_value()) return;
  const uint32_t choices = ChoicesFor(mapping, pinned_server, origin);
  if (choices == kNowhere) return;
  streams_.push_back({.key = mapping.key,
                      .version = mapping.version,
                      .origin = origin,
                      .choices = choices,
                      .sessions = mapping.publishers + mapping.viewers,
                      .published = mapping.publishers > 0 || mapping.publisher_live});
}

uint32_t RebalanceSurvey::ChoicesFor(const StreamMapping& mapping,
                                     const std::optional<std::string>& pinned_server,
                                     uint32_t origin) {
  const PlacementRule* rule = pinned_server.has_value() ? nullptr : RuleFor(mapping.key);
  const std::string_view group = ShareGroupOf(*origins_->origins[origin], options_);
  std::string restriction;
  if (pinned_server.has_value()) {
    restriction = absl::StrCat("pin ", *pinned_server);
  } else if (rule != nullptr) {
    restriction = absl::StrCat("rule ", rule - options_.rules.data());
  }
  restriction.push_back('\0');
  restriction.append(group);
  const auto [known, is_new] =
      choices_by_.try_emplace(std::move(restriction), static_cast<uint32_t>(choices_.size()));
  if (!is_new) return known->second;

  std::vector<uint32_t> choices;
  for (uint32_t i = 0; i < origins_->origins.size(); ++i) {
    const Origin& choice = *origins_->origins[i];
    if (!TakesMoves(choice) || ShareGroupOf(choice, options_) != group) continue;
    if (pinned_server.has_value() && choice.registration.server != *pinned_server) continue;
    if (rule != nullptr && !rule->Selects(choice)) continue;
    choices.push_back(i);
  }
  if (choices.empty()) return known->second = kNowhere;
  choices_.push_back(std::move(choices));
  return known->second;
}

const PlacementRule* RebalanceSurvey::RuleFor(const StreamKey& key) {
  if (options_.rules.empty()) return nullptr;
  const auto [known, is_new] =
      rule_by_app_.try_emplace(absl::StrCat(key.vhost, "/", key.app), nullptr);
  if (is_new) {
    for (const PlacementRule& rule : options_.rules) {
      if (!rule.Fits(key)) continue;
      known->second = &rule;
      break;
    }
  }
  return known->second;
}

// One run of the planner.
class RebalancePlanner {
 public:
  RebalancePlanner(const RebalanceSurvey& survey, const RebalanceLimits& limits)
      : survey_(survey),
        limits_(limits),
        shares_(SharesOf(*survey.origins_, survey.options_, survey.streams_by_origin_)),
        counts_(survey.streams_by_origin_),
        places_(survey.streams_.size()),
        best_(survey.choices_.size()) {
    for (uint32_t i = 0; i < places_.size(); ++i) {
      places_[i] = survey_.streams_[i].origin;
      PoolOf(i).streams.push_back(i);
    }
    for (auto& [key, pool] : pools_) {
      std::sort(pool.streams.begin(), pool.streams.end(), [&](uint32_t a, uint32_t b) {
        const auto& one = survey_.streams_[a];
        const auto& other = survey_.streams_[b];
        return std::tie(one.sessions, one.key) > std::tie(other.sessions, other.key);
      });
    }
  }

  RebalancePlan Run() {
    MoveAll();
    RebalancePlan plan = Result();
    limits_.max_kicked = std::numeric_limits<uint32_t>::max();
    const uint32_t moved = moved_;
    MoveAll();
    plan.held_by_sessions = moved_ - moved;
    return plan;
  }

 private:
  // What a move costs.
  enum class Kind : uint8_t { kUnused, kViewed, kPublished };
  static constexpr Kind kAllKinds[] = {Kind::kUnused, Kind::kViewed, Kind::kPublished};

  // Streams that are alike, the one with the fewest sessions last.
  struct Pool {
    std::vector<uint32_t> streams;  // In RebalanceSurvey::streams_.
  };
  using PoolKey = std::tuple<Kind, uint32_t, uint32_t>;  // Kind, origin, choices.

  struct Best {
    uint64_t step = 0;  // In which it was worked out.
    uint32_t origin = 0;
    double level = 0;
  };

  bool Moved(uint32_t stream) const { return places_[stream] != survey_.streams_[stream].origin; }
  // A stream that the plan moves already costs nothing more.
  uint32_t CostOf(uint32_t stream) const {
    return Moved(stream) ? 0 : survey_.streams_[stream].sessions;
  }
  Kind KindOf(uint32_t stream) const {
    if (Moved(stream)) return Kind::kUnused;
    if (survey_.streams_[stream].published) return Kind::kPublished;
    return survey_.streams_[stream].sessions > 0 ? Kind::kViewed : Kind::kUnused;
  }
  Pool& PoolOf(uint32_t stream) {
    return pools_[{KindOf(stream), places_[stream], survey_.streams_[stream].choices}];
  }

  // Streams for the weight, had the origin `more` of them.
  double LevelOf(uint32_t origin, uint64_t more) const {
    return static_cast<double>(counts_[origin] + more) / survey_.origins_->origins[origin]->weight;
  }

  // The choice that one more stream fills the least.
  const Best& BestOf(uint32_t choices) {
    Best& best = best_[choices];
    if (best.step == step_) return best;
    best = {step_, 0, std::numeric_limits<double>::infinity()};
    for (const uint32_t origin : survey_.choices_[choices]) {
      const double level = LevelOf(origin, 1);
      if (level >= best.level) continue;
      best.level = level;
      best.origin = origin;
    }
    return best;
  }

  // The fullest origin's pool of `kind` from which a move helps; null: there is none.
  Pool* FindPool(Kind kind) {
    Pool* found = nullptr;
    double fullest = 0;
    const auto end = pools_.lower_bound({static_cast<Kind>(static_cast<int>(kind) + 1), 0, 0});
    for (auto at = pools_.lower_bound({kind, 0, 0}); at != end; ++at) {
      const auto& [of, origin, choices] = at->first;
      Pool& pool = at->second;
      if (pool.streams.empty()) continue;
      const double level = LevelOf(origin, 0);
      if (level <= fullest || BestOf(choices).level >= level) continue;
      if (CostOf(pool.streams.back()) > limits_.max_kicked - kicked_) continue;
      found = &pool;
      fullest = level;
    }
    return found;
  }

  void MoveAll() {
    while (moved_ < limits_.max_moves) {
      ++step_;
      Pool* pool = nullptr;
      for (const Kind kind : kAllKinds) {
        pool = FindPool(kind);
        if (pool != nullptr) break;
      }
      if (pool == nullptr) return;
      const uint32_t stream = pool->streams.back();
      pool->streams.pop_back();
      Place(stream, BestOf(survey_.streams_[stream].choices).origin);
    }
  }

  void Place(uint32_t stream, uint32_t to) {
    if (!Moved(stream)) {
      kicked_ += CostOf(stream);
      ++moved_;
      order_.push_back(stream);
    }
    --counts_[places_[stream]];
    ++counts_[to];
    places_[stream] = to;
    if (!Moved(stream)) {  // It has come back.
      kicked_ -= CostOf(stream);
      --moved_;
      order_.erase(std::find(order_.begin(), order_.end(), stream));
    }
    auto& streams = PoolOf(stream).streams;
    const auto cheaper =
        std::upper_bound(streams.begin(), streams.end(), CostOf(stream),
                         [&](uint32_t cost, uint32_t other) { return cost > CostOf(other); });
    streams.insert(cheaper, stream);
  }

  RebalancePlan Result() const {
    RebalancePlan plan;
    plan.shares = shares_;
    plan.imbalance_before = ImbalanceOf(shares_);
    plan.shares = SharesOf(*survey_.origins_, survey_.options_, counts_);
    plan.imbalance_after = ImbalanceOf(plan.shares);
    for (size_t i = 0; i < shares_.size(); ++i) {
      plan.shares[i].streams_before = shares_[i].streams_before;
    }
    for (const uint32_t index : order_) {
      const auto& stream = survey_.streams_[index];
      plan.moves.push_back({.key = stream.key,
                            .from_origin_id = survey_.origins_->origins[stream.origin]->id,
                            .to_origin_id = survey_.origins_->origins[places_[index]]->id,
                            .version = stream.version,
                            .sessions_kicked = stream.sessions,
                            .publisher_live = stream.published});
    }
    plan.sessions_kicked = kicked_;
    return plan;
  }

  const RebalanceSurvey& survey_;
  RebalanceLimits limits_;
  const std::vector<OriginShare> shares_;  // Before.
  std::vector<uint64_t> counts_;           // Streams by origin.
  std::vector<uint32_t> places_;           // Of each stream: its origin now.
  std::map<PoolKey, Pool> pools_;
  std::vector<Best> best_;       // By choices.
  std::vector<uint32_t> order_;  // Streams that move, in order.
  uint64_t step_ = 0;
  uint32_t moved_ = 0;
  uint32_t kicked_ = 0;
};

RebalancePlan RebalanceSurvey::Plan(const RebalanceLimits& limits) const {
  return RebalancePlanner(*this, limits).Run();
}

}  // namespace srsproxy
