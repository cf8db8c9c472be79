// Decisions about origins, as tests make them.
#pragma once

#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <absl/functional/function_ref.h>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/overrides_change.h"

namespace srsproxy {

// The change after which all of `wanted` is in force, and nothing else.
inline OverridesChange ChangeTo(const OriginOverrides& wanted) {
  OverridesChange change;
  change.admin_state = FieldChange<AdminState>::To(wanted.admin_state);
  change.weight = FieldChange<double>::To(wanted.weight);
  change.zone = FieldChange<std::string>::To(wanted.zone);
  change.labels = FieldChange<std::map<std::string, std::string>>::To(wanted.labels);
  change.capacity = FieldChange<int64_t>::To(wanted.capacity);
  if (wanted.drain) {
    change.made_at = wanted.drain->started_at;
    change.drain_deadline = FieldChange<absl::Time>::Set(wanted.drain->deadline);
  }
  return change;
}

// Returns the answer, however late it comes.
inline absl::StatusOr<OriginOverrides> ChangeOverridesNow(OriginRegistry& origins,
                                                          std::string server,
                                                          OverridesChange change) {
  std::promise<absl::StatusOr<OriginOverrides>> decided;
  origins.overrides().ChangeOverrides(
      std::move(server), std::move(change),
      [&decided](absl::StatusOr<OriginOverrides> answer) { decided.set_value(std::move(answer)); });
  return decided.get_future().get();
}

// As ChangeOverridesNow, by a function that changes what is in force.
inline absl::StatusOr<OriginOverrides> UpdateOverrides(
    OriginRegistry& origins, std::string_view server,
    absl::FunctionRef<void(OriginOverrides&)> change) {
  OriginOverrides wanted = origins.overrides().Of(server);
  change(wanted);
  return ChangeOverridesNow(origins, std::string(server), ChangeTo(wanted));
}

}  // namespace srsproxy
