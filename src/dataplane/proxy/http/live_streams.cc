#include "dataplane/proxy/http/live_streams.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <absl/strings/escaping.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "dataplane/core/protocol.h"
#include "dataplane/core/query.h"

namespace srsproxy {
namespace {

namespace json = boost::json;

constexpr size_t kDefaultCount = 100;
// What a worker does at a time, and how often for one answer.
constexpr size_t kSlice = 100;
constexpr size_t kMaxSlices = 20;

json::string Text(std::string_view text) { return json::string(text.data(), text.size()); }

struct Query {
  size_t count = kDefaultCount;
  std::string after;  // As the directory gave it.
};

std::optional<Query> ParseQuery(std::string_view target) {
  Query query;
  const size_t question = target.find('?');
  std::string_view rest = question == target.npos ? "" : target.substr(question + 1);
  while (!rest.empty()) {
    const auto [name, value] = TakeParameter(rest);
    if (name == "count") {
      const auto* last = value.data() + value.size();
      const auto read = std::from_chars(value.data(), last, query.count);
      if (read.ec != std::errc() || read.ptr != last) return std::nullopt;
      if (query.count == 0 || query.count > LiveStreams::kMaxCount) return std::nullopt;
    } else if (name == "after") {
      if (!absl::WebSafeBase64Unescape(ToAbsl(value), &query.after)) return std::nullopt;
    }
  }
  return query;
}

bool IsLive(const StreamMapping& mapping) {
  return mapping.publisher_live || (mapping.viewers > 0 && !mapping.provisional);
}

// The parameter that a path on `host` needs to mean `key`. The default vhost needs none: a stream
// is found there when no other one has it.
std::string VhostQuery(const StreamKey& key, std::string_view host, const VhostPolicy& vhosts) {
  if (key.vhost == kDefaultVhost) return "";
  const auto meant = StreamKeyFromHttp(host, key.UrlPath(), vhosts);
  if (meant.ok() && meant->vhost == key.vhost) return "";
  return "?vhost=" + key.vhost;
}

json::object ToJson(const StreamMapping& mapping, const StreamAudience& audience,
                    const std::string& query) {
  const StreamKey& key = mapping.key;
  const std::string path = key.UrlPath();
  json::object viewers;
  for (const auto& [protocol, name] : kEnumTable<Protocol>) {
    viewers.emplace(json::string_view(name.data(), name.size()),
                    audience.viewers[ToIndex(protocol)]);
  }
  json::object stream{{"vhost", Text(key.vhost)},
                      {"app", Text(key.app)},
                      {"stream", Text(key.stream)},
                      {"publishing", mapping.publisher_live},
                      {"viewers", std::move(viewers)},
                      {"flv", Text(path + ".flv" + query)},
                      {"hls", Text(path + ".m3u8" + query)},
                      {"rtmp", Text(path + query)}};
  if (audience.publishers > 0) {
    stream["bytes_in"] = audience.bytes_in;
    stream["since"] = absl::ToUnixMillis(audience.since);
  }
  return stream;
}

}  // namespace

net::Task<http::Response> LiveStreams::Answer(net::asio::any_io_executor executor,
                                              const http::RequestHead& request,
                                              const VhostPolicy& vhosts) const {
  const auto query = ParseQuery(request.target);
  if (!query.has_value()) {
    co_return ErrorResponse(400, "count is a number from 1 to 1000, after the next of a page");
  }
  // In slices, between which media goes on.
  std::vector<StreamMapping> live;
  std::string next = query->after;
  for (size_t slice = 0; slice < kMaxSlices && live.size() < query->count; ++slice) {
    auto found = streams_.List(next, std::min(kSlice, query->count - live.size()));
    next = std::move(found.next);
    for (StreamMapping& mapping : found.mappings) {
      if (IsLive(mapping)) live.push_back(std::move(mapping));
    }
    if (next.empty()) break;
    co_await net::asio::post(executor, net::asio::use_awaitable);
  }
  std::vector<StreamKey> keys;
  keys.reserve(live.size());
  for (const StreamMapping& mapping : live) keys.push_back(mapping.key);
  using Audiences = std::vector<StreamAudience>;
  auto count = [this, keys = std::move(keys)](SessionControl::CountCallback done) mutable {
    sessions_.Count(std::move(keys), std::move(done));
  };
  const auto audiences = co_await net::AwaitCallback<Audiences>(executor, std::move(count));
  if (!audiences.ok()) {
    co_return ErrorResponse(HttpStatusOf(audiences.status()), MessageOf(audiences.status()));
  }
  std::string listed;
  for (size_t i = 0; i < live.size(); ++i) {
    const std::string vhost = VhostQuery(live[i].key, request.host, vhosts);
    if (i > 0) listed += ',';
    listed += json::serialize(ToJson(live[i], (*audiences)[i], vhost));
    if (i % kSlice == kSlice - 1) co_await net::asio::post(executor, net::asio::use_awaitable);
  }
  json::object about{{"time", absl::ToUnixMillis(clock_.WallNow())}};
  if (ports_.rtmp != 0) about["rtmp_port"] = ports_.rtmp;
  if (ports_.rtmps != 0) about["rtmps_port"] = ports_.rtmps;
  if (!next.empty()) about["next"] = absl::WebSafeBase64Escape(ToAbsl(next));
  http::Response response{.body = json::serialize(about)};
  response.body.pop_back();
  response.body += ",\"streams\":[" + listed + "]}";
  response.fields.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace srsproxy
