// OverridesChange: a set of changes of single fields of the overrides of a server
// (OriginOverrides). Stores merge it, so that two operators who change different fields at once
// lose nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <absl/time/time.h>

#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"

namespace srsproxy {

// What becomes of one field. Made by default, it stays as it is.
template <typename Value>
class FieldChange {
 public:
  FieldChange() = default;
  static FieldChange Clear() { return FieldChange(std::nullopt); }
  static FieldChange Set(Value value) { return FieldChange(std::move(value)); }
  // Sets it, or clears it.
  static FieldChange To(std::optional<Value> value) { return FieldChange(std::move(value)); }

  bool leaves() const { return !changes_; }
  bool clears() const { return changes_ && !value_.has_value(); }
  // Unless it is left or cleared.
  const std::optional<Value>& value() const { return value_; }

  void ApplyTo(std::optional<Value>& field) const {
    if (changes_) field = value_;
  }

  friend bool operator==(const FieldChange&, const FieldChange&) = default;

 private:
  explicit FieldChange(std::optional<Value> value) : changes_(true), value_(std::move(value)) {}

  bool changes_ = false;
  std::optional<Value> value_;
};

struct OverridesChange {
  absl::Time made_at;  // When a drain begins that it begins.
  FieldChange<AdminState> admin_state;
  FieldChange<double> weight;
  FieldChange<std::string> zone;
  FieldChange<std::map<std::string, std::string>> labels;  // In place of all of them.
  FieldChange<int64_t> capacity;
  // Of the drain that goes on, or begins by this change; means nothing without one.
  FieldChange<absl::Time> drain_deadline;

  friend bool operator==(const OverridesChange&, const OverridesChange&) = default;
};

// What is in force after `change`, where `before` was. A drain begins when admin_state becomes
// kDraining, keeps its start while it stays so, and ends when it does not. INVALID_ARGUMENT as
// ValidateOverrides.
absl::StatusOr<OriginOverrides> Merge(OriginOverrides before, const OverridesChange& change);

}  // namespace srsproxy
