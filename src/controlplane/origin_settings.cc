#include "controlplane/origin_settings.h"

#include <optional>
#include <string>
#include <utility>

#include <google/protobuf/util/field_mask_util.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

using google::protobuf::util::FieldMaskUtil;

constexpr std::pair<AdminState, v1::AdminState> kAdminStates[] = {
    {AdminState::kActive, v1::ADMIN_STATE_ACTIVE},
    {AdminState::kCordoned, v1::ADMIN_STATE_CORDONED},
    {AdminState::kDraining, v1::ADMIN_STATE_DRAINING},
};

std::optional<AdminState> FromProto(v1::AdminState state) {
  for (const auto& [ours, theirs] : kAdminStates) {
    if (theirs == state) return ours;
  }
  return std::nullopt;
}

bool Names(const google::protobuf::FieldMask& mask, std::string_view setting) {
  for (const auto& path : mask.paths()) {
    if (path == setting) return true;
  }
  return false;
}

}  // namespace

v1::AdminState ToProto(AdminState state) {
  for (const auto& [ours, theirs] : kAdminStates) {
    if (ours == state) return theirs;
  }
  return v1::ADMIN_STATE_UNSPECIFIED;
}

v1::OriginSettings ToProto(const OriginOverrides& overrides) {
  v1::OriginSettings message;
  if (overrides.admin_state) message.set_admin_state(ToProto(*overrides.admin_state));
  if (overrides.weight) message.set_weight(*overrides.weight);
  if (overrides.zone) message.set_zone(*overrides.zone);
  if (overrides.labels) {
    message.mutable_labels()->mutable_values()->insert(overrides.labels->begin(),
                                                       overrides.labels->end());
  }
  if (overrides.capacity) message.set_capacity(*overrides.capacity);
  return message;
}

absl::StatusOr<OriginSettingsChange> OriginSettingsChange::Parse(
    const v1::OriginSettings& settings, const google::protobuf::FieldMask& mask) {
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
      !FromProto(settings.admin_state())) {
    return InvalidField("settings.admin_state",
                        "is no known state; leave it out to clear what was decided");
  }
  return OriginSettingsChange(settings, mask);
}

void OriginSettingsChange::ApplyTo(OriginOverrides& overrides) const {
  auto message = ToProto(overrides);
  FieldMaskUtil::MergeOptions replace;
  replace.set_replace_message_fields(true);
  FieldMaskUtil::MergeMessageTo(settings_, mask_, replace, &message);

  const auto drain = overrides.drain;
  overrides = {};
  overrides.drain = drain;
  if (message.has_admin_state()) overrides.admin_state = FromProto(message.admin_state());
  if (message.has_weight()) overrides.weight = message.weight();
  if (message.has_zone()) overrides.zone = message.zone();
  if (message.has_labels()) {
    const auto& labels = message.labels().values();
    overrides.labels.emplace(labels.begin(), labels.end());
  }
  if (message.has_capacity()) overrides.capacity = message.capacity();
}

}  // namespace srsproxy::control
