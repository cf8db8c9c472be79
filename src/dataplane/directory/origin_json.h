// Registrations as JSON, as they are kept in a file and in Redis.
#pragma once

#include <cstdint>

#include <boost/json/object.hpp>

#include "dataplane/core/origin_record.h"
#include "dataplane/core/status.h"

namespace srsproxy::origin_json {

boost::json::object ToJson(const OriginRecord& record);

// Those that a later version may have written.
enum class UnknownFields : uint8_t { kRefused, kIgnored };
// DATA_LOSS: a field is not understood; its name.
absl::StatusOr<OriginRecord> FromJson(const boost::json::object& object, UnknownFields unknown);

}  // namespace srsproxy::origin_json
