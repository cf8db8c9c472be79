#include "controlplane/services/origin_settings.h"

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "controlplane/call_status.h"
#include "controlplane/services/enum_convert.h"

namespace srsproxy::control {
namespace {

bool Names(const google::protobuf::FieldMask& mask, std::string_view setting) {
  for (const auto& path : mask.paths()) {
    if (path == setting) return true;
  }
  return false;
}

// A setting that the mask names and the message lacks is cleared; the others stay.
OverridesChange MakeOverridesChange(const v1::OriginSettings& settings,
                                    const google::protobuf::FieldMask& mask) {
  const auto take = [&mask](std::string_view name, bool is_set, const auto& value, auto& field) {
    using Change = std::remove_reference_t<decltype(field)>;
    if (Names(mask, name)) field = is_set ? Change::Set(value) : Change::Clear();
  };
  OverridesChange change;
  take("admin_state", settings.has_admin_state(),
       EnumFromProto<AdminState>(settings.admin_state()).value_or(AdminState::kActive),
       change.admin_state);
  take("weight", settings.has_weight(), settings.weight(), change.weight);
  take("zone", settings.has_zone(), settings.zone(), change.zone);
  const auto& labels = settings.labels().values();
  take("labels", settings.has_labels(),
       std::map<std::string, std::string>(labels.begin(), labels.end()), change.labels);
  take("capacity", settings.has_capacity(), settings.capacity(), change.capacity);
  return change;
}

}  // namespace

v1::OriginSettings ToProto(const OriginOverrides& overrides) {
  v1::OriginSettings message;
  if (overrides.admin_state) message.set_admin_state(EnumToProto(*overrides.admin_state));
  if (overrides.weight) message.set_weight(*overrides.weight);
  if (overrides.zone) message.set_zone(*overrides.zone);
  if (overrides.labels) {
    message.mutable_labels()->mutable_values()->insert(overrides.labels->begin(),
                                                       overrides.labels->end());
  }
  if (overrides.capacity) message.set_capacity(*overrides.capacity);
  return message;
}

absl::StatusOr<OverridesChange> OverridesChangeFromProto(const v1::OriginSettings& settings,
                                                         const google::protobuf::FieldMask& mask) {
  if (mask.paths().empty()) {
    return InvalidField("update_mask", "is needed: it names the settings to change");
  }
  for (const auto& path : mask.paths()) {
    if (v1::OriginSettings::descriptor()->FindFieldByName(path) == nullptr) {
      return InvalidField("update_mask",
                          "'" + path +
                              "' is no setting: there are admin_state, weight, zone, labels and "
                              "capacity");
    }
  }
  if (Names(mask, "admin_state") && settings.has_admin_state() &&
      !EnumFromProto<AdminState>(settings.admin_state())) {
    return InvalidField("settings.admin_state",
                        "is no known state; leave it out to clear what was decided");
  }
  return MakeOverridesChange(settings, mask);
}

}  // namespace srsproxy::control
