// What one origin's API has answered, read and checked: SRS's envelope {"code": 0, ...} and what
// is in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "dataplane/core/status.h"
#include "dataplane/protocol/srs_api/request.h"

namespace srsproxy::srs_api {

namespace json = boost::json;

// What SRS answers for an id that it does not know: 2014 for a vhost, 2048 for a stream, 2049 for a
// client.
int64_t NotFoundCode(Resource resource);

// Each reads the body of an answer to a request for `resource`. DATA_LOSS, with the origin at
// fault: it is no JSON, or not what SRS answers. FAILED_PRECONDITION: the origin refused, by
// another code than 0.

// The items of a list, objects all of them, in the origin's order.
absl::StatusOr<json::array> ReadList(Resource resource, std::string_view body);

// One item. nullopt: the origin does not know it.
absl::StatusOr<std::optional<json::object>> ReadItem(Resource resource, std::string_view body);

// `data` of versions and summaries.
absl::StatusOr<json::object> ReadData(std::string_view body);

// The `code` alone, whatever it is.
absl::StatusOr<int64_t> ReadCode(std::string_view body);

}  // namespace srsproxy::srs_api
