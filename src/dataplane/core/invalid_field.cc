#include "dataplane/core/invalid_field.h"

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>

namespace srsproxy {
namespace {

constexpr char kFieldPayload[] = "srsproxy/field";

}  // namespace

absl::Status InvalidField(std::string_view field, std::string_view problem) {
  auto status = absl::InvalidArgumentError(absl::StrCat(ToAbsl(field), ": ", ToAbsl(problem)));
  status.SetPayload(kFieldPayload, absl::Cord(ToAbsl(field)));
  return status;
}

std::optional<std::string> FieldOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kFieldPayload);
  if (!payload.has_value()) return std::nullopt;
  return std::string(*payload);
}

}  // namespace srsproxy
