// What a client requests of SRS's HTTP API. The paths and their parameters are SRS's (version 4 to
// 7); what it answers for one server is answered here for all origins together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"

namespace srsproxy::srs_api {

enum class Resource : uint8_t {
  kRoot,      // "/": where the API is.
  kApi,       // "/api/"
  kV1,        // "/api/v1/": what there is.
  kVersions,  // "/api/v1/versions", and so on.
  kSummaries,
  kVhosts,
  kStreams,
  kClients,
  kRaw,  // SRS's own configuration, which the cluster has none of.
};

// "versions", "summaries", "vhosts", "streams", "clients"; else "".
std::string_view ResourceName(Resource resource);

// "vhost", "stream", "client"; else "".
std::string_view ItemName(Resource resource);

// How many items a list has at most, whatever is requested.
inline constexpr size_t kMaxCount = 10'000;

struct Request {
  Resource resource = Resource::kRoot;
  bool remove = false;   // DELETE of a client; else it is read.
  std::string id;        // Of one vhost, stream or client. Empty: the list.
  size_t start = 0;      // The first item of the list, from 0.
  size_t count = 0;      // How many items, 1 to kMaxCount.
  std::string callback;  // Of JSONP. Empty: plain JSON.
};

// Whether `path` (without a query) belongs to the API.
bool IsApiPath(std::string_view path);

// `target`: path and query. HEAD counts as GET. As SRS does it, a JSONP request names its method by
// the parameter `method`; numbers that are none count as absent, and streams and clients come by
// ten unless `count` is given. A slash at the end of a path changes nothing.
// NOT_FOUND: no such path, or an id that no SRS gives; UNIMPLEMENTED: the method is not for this
// path; INVALID_ARGUMENT: the callback is no name of a function.
absl::StatusOr<Request> ParseRequest(std::string_view method, std::string_view target);

// The path and query by which `count` items of a list are requested of an origin of a list from
// `start` on. Of vhosts SRS always lists all.
std::string ListTarget(Resource resource, size_t start, size_t count);
// For one item.
std::string ItemTarget(Resource resource, std::string_view id);

}  // namespace srsproxy::srs_api
