#include "dataplane/protocol/srs_api/merge.h"

#include <charconv>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "dataplane/protocol/srs_api/summary.h"

namespace srsproxy::srs_api {
namespace {

json::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// {"origin": ..., "data": {...}} of each.
json::array Each(std::vector<Tagged<json::object>> data) {
  json::array each;
  each.reserve(data.size());
  for (auto& [origin, answer] : data) {
    each.push_back(json::object{{"origin", origin}, {"data", std::move(answer)}});
  }
  return each;
}

// Of "1.2.3"; takes it off `version`.
int64_t NextNumber(std::string_view& version) {
  int64_t number = 0;
  const auto part = version.substr(0, version.find('.'));
  std::from_chars(part.data(), part.data() + part.size(), number);
  version.remove_prefix(std::min(part.size() + 1, version.size()));
  return number;
}

json::object OwnVersion(std::string_view version) {
  json::object data{{"signature", "srsproxy"}};
  std::string_view left = version;
  for (const char* part : {"major", "minor", "revision"}) data[part] = NextNumber(left);
  data["version"] = View(version);
  return data;
}

}  // namespace

json::object Envelope(const Responder& responder, int64_t code) {
  return {{"code", code},
          {"server", "srsproxy"},
          {"service", "srsproxy"},
          {"pid", std::to_string(responder.pid)}};
}

json::object Index(const Responder& responder, Resource resource) {
  auto body = Envelope(responder);
  switch (resource) {
    case Resource::kRoot:
      body["urls"] = json::object{{"api", "the api root"}};
      break;
    case Resource::kApi:
      body["urls"] = json::object{{"v1", "the api version 1.0"}};
      break;
    default:
      body["urls"] =
          json::object{{"versions", "this proxy's version, and that of each origin"},
                       {"summaries", "load of all origins together, and of each"},
                       {"vhosts", "the vhosts of all origins, or one by its id"},
                       {"streams", "the streams of all origins, or one by its id"},
                       {"clients", "the clients of all origins, or one by its id; DELETE ends it"}};
  }
  return body;
}

json::object Versions(const Responder& responder) {
  auto body = Envelope(responder);
  body["data"] = OwnVersion(responder.version);
  return body;
}

json::object MergeVersions(const Responder& responder, std::vector<Tagged<json::object>> data) {
  auto body = Versions(responder);
  body["origins"] = Each(std::move(data));
  return body;
}

json::object MergeSummaries(const Responder& responder, std::vector<Tagged<json::object>> data) {
  std::vector<const json::object*> servers;
  servers.reserve(data.size());
  for (const auto& from : data) servers.push_back(&from.answer);
  auto body = Envelope(responder);
  body["data"] = MergeSummaryData(servers);
  body["origins"] = Each(std::move(data));
  return body;
}

json::object MarkedItem(const Responder& responder, Resource resource, Tagged<json::object> item) {
  item.answer["origin"] = item.origin;
  auto body = Envelope(responder);
  body[View(ItemName(resource))] = std::move(item.answer);
  return body;
}

void SetMissing(json::object& body, std::span<const std::string> origins) {
  body["missing"] = json::array(origins.begin(), origins.end());
}

}  // namespace srsproxy::srs_api
