// Decisions about origins, as tests make them.
#pragma once

#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <absl/functional/function_ref.h>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/origin_decision.h"

namespace srsproxy {

// The decision after which all of `wanted` is in force, and nothing else.
inline OriginDecision DecisionTo(const OriginOverrides& wanted) {
  OriginDecision decision;
  decision.admin_state = FieldChange<AdminState>::To(wanted.admin_state);
  decision.weight = FieldChange<double>::To(wanted.weight);
  decision.zone = FieldChange<std::string>::To(wanted.zone);
  decision.labels = FieldChange<std::map<std::string, std::string>>::To(wanted.labels);
  decision.capacity = FieldChange<int64_t>::To(wanted.capacity);
  if (wanted.drain) {
    decision.made_at = wanted.drain->started_at;
    decision.drain_deadline = FieldChange<absl::Time>::Set(wanted.drain->deadline);
  }
  return decision;
}

// Returns the answer, however late it comes.
inline absl::StatusOr<OriginOverrides> DecideNow(OriginRegistry& origins, std::string server,
                                                 OriginDecision decision) {
  std::promise<absl::StatusOr<OriginOverrides>> decided;
  origins.overrides().Decide(
      std::move(server), std::move(decision),
      [&decided](absl::StatusOr<OriginOverrides> answer) { decided.set_value(std::move(answer)); });
  return decided.get_future().get();
}

// As DecideNow, by a function that changes what is in force.
inline absl::StatusOr<OriginOverrides> UpdateOverrides(
    OriginRegistry& origins, std::string_view server,
    absl::FunctionRef<void(OriginOverrides&)> change) {
  OriginOverrides wanted = origins.overrides().Of(server);
  change(wanted);
  return DecideNow(origins, std::string(server), DecisionTo(wanted));
}

}  // namespace srsproxy
