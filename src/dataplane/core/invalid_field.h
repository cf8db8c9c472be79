// InvalidField: the status of a value one of whose fields is wrong, with the field's name as data.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"

namespace srsproxy {

// INVALID_ARGUMENT; the message is "field: problem". `field` is as its owner writes it: `rtmp[1]`
// in a list, `labels[rack]` in a map.
absl::Status InvalidField(std::string_view field, std::string_view problem);

// The field of a status that InvalidField made; nullopt for any other.
std::optional<std::string> FieldOf(const absl::Status& status);

}  // namespace srsproxy
