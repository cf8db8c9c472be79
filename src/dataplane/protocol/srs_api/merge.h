// One answer for the whole cluster from the answers of its origins.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "dataplane/protocol/srs_api/request.h"

namespace srsproxy::srs_api {

namespace json = boost::json;

// Who responds, in SRS's envelope.
struct Responder {
  std::string_view version;  // "1.2.3"
  int64_t pid = 0;
};

// {"code", "server", "service", "pid"}, as each answer begins.
json::object Envelope(const Responder& responder, int64_t code = 0);

// An answer, tagged with the `server` of its origin.
template <typename T>
struct Tagged {
  std::string origin;
  T answer;
};

// "/", "/api/" and "/api/v1/": what there is.
json::object Index(const Responder& responder, Resource resource);

// `data` describes this proxy.
json::object Versions(const Responder& responder);
// The same, with `origins`, which describes each SRS.
json::object MergeVersions(const Responder& responder, std::vector<Tagged<json::object>> data);

// `data` in SRS's form is of all origins together: traffic, memory, processors, what SRS uses of
// them, loads and connections are added up, ratios are the mean, uptimes the shortest, times the
// latest; texts and ids stand there when all origins have the same. `origins` has the data of each.
json::object MergeSummaries(const Responder& responder, std::vector<Tagged<json::object>> data);

// One vhost, stream or client.
json::object MarkedItem(const Responder& responder, Resource resource, Tagged<json::object> item);

// Names the origins that did not answer.
void SetMissing(json::object& body, std::span<const std::string> origins);

}  // namespace srsproxy::srs_api
