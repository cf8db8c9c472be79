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

// Who speaks, in SRS's envelope.
struct Speaker {
  std::string_view version;  // "1.2.3"
  int64_t pid = 0;
};

// {"code", "server", "service", "pid"}, as each answer begins.
json::object Envelope(const Speaker& speaker, int64_t code = 0);

// Whose answer it is: the origin's `server`.
template <typename T>
struct From {
  std::string origin;
  T answer;
};

// "/", "/api/" and "/api/v1/": what there is.
json::object Index(const Speaker& speaker, Resource resource);

// `data` describes this proxy.
json::object Versions(const Speaker& speaker);
// The same, with `origins`, which describes each SRS.
json::object MergeVersions(const Speaker& speaker, std::vector<From<json::object>> data);

// `data` in SRS's form is of all origins together: traffic, memory, processors, what SRS uses of
// them, loads and connections are added up, ratios are the mean, uptimes the shortest, times the
// latest; texts and ids stand there when all origins have the same. `origins` has the data of each.
json::object MergeSummaries(const Speaker& speaker, std::vector<From<json::object>> data);

// One vhost, stream or client.
json::object MarkedItem(const Speaker& speaker, Resource resource, From<json::object> item);

// Names the origins that did not answer.
void SetMissing(json::object& body, std::span<const std::string> origins);

}  // namespace srsproxy::srs_api
