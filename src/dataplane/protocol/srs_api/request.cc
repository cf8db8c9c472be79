#include "dataplane/protocol/srs_api/request.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <absl/strings/ascii.h>

#include "dataplane/core/query.h"

namespace srsproxy::srs_api {
namespace {

constexpr std::string_view kPrefix = "/api/v1/";
constexpr size_t kDefaultCount = 10;
constexpr size_t kMaxStart = 1'000'000'000;
constexpr size_t kMaxIdBytes = 64;
constexpr size_t kMaxCallbackBytes = 128;

struct Name {
  std::string_view name;
  Resource resource;
};

constexpr Name kNames[] = {
    {"versions", Resource::kVersions}, {"summaries", Resource::kSummaries},
    {"vhosts", Resource::kVhosts},     {"streams", Resource::kStreams},
    {"clients", Resource::kClients},
};

bool HasItems(Resource resource) {
  return resource == Resource::kVhosts || resource == Resource::kStreams ||
         resource == Resource::kClients;
}

// Letters, digits and `more`.
bool IsPlain(std::string_view text, std::string_view more, size_t max_bytes) {
  const auto plain = [more](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || more.find(c) != more.npos;
  };
  return !text.empty() && text.size() <= max_bytes && std::all_of(text.begin(), text.end(), plain);
}

// The first value of `name` in the query `a=b&c=d`; nullopt when it is not there.
std::optional<std::string_view> Parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const QueryParameter parameter = TakeParameter(query);
    if (parameter.name == name) return parameter.value;
  }
  return std::nullopt;
}

// As atoi() reads it, but never negative; what is too large is SIZE_MAX.
size_t NumberAt(std::string_view query, std::string_view name) {
  const auto text = Parameter(query, name).value_or("");
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc::result_out_of_range ? SIZE_MAX : number;
}

absl::Status NotFound() {
  return ClientFailure(absl::StatusCode::kNotFound,
                       "no such path; the API of the cluster is /api/v1/versions, summaries, "
                       "vhosts, streams and clients");
}

absl::Status ReadPath(std::string_view path, Request& request) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/" || path == "/api" || path == "/api/v1") {
    request.resource = path == "/"      ? Resource::kRoot
                       : path == "/api" ? Resource::kApi
                                        : Resource::kV1;
    return absl::OkStatus();
  }
  if (!path.starts_with(kPrefix)) return NotFound();
  const auto rest = path.substr(kPrefix.size());
  const auto name = rest.substr(0, rest.find('/'));
  if (rest == "raw") {
    request.resource = Resource::kRaw;
    return absl::OkStatus();
  }
  const auto* const known = std::find_if(std::begin(kNames), std::end(kNames),
                                         [name](const Name& row) { return row.name == name; });
  if (known == std::end(kNames)) return NotFound();
  request.resource = known->resource;
  if (name.size() == rest.size()) return absl::OkStatus();
  request.id = rest.substr(name.size() + 1);
  if (!HasItems(request.resource) || !IsPlain(request.id, "-_", kMaxIdBytes)) return NotFound();
  return absl::OkStatus();
}

absl::Status ReadMethod(std::string_view method, Request& request) {
  if (method == "GET" || method == "HEAD") return absl::OkStatus();
  request.remove = method == "DELETE" && request.resource == Resource::kClients;
  if (request.remove && !request.id.empty()) return absl::OkStatus();
  return ClientFailure(absl::StatusCode::kUnimplemented,
                       "the API of the cluster knows GET, and DELETE of /api/v1/clients/ID");
}

}  // namespace

std::string_view ResourceName(Resource resource) {
  for (const auto& [name, of] : kNames) {
    if (of == resource) return name;
  }
  return "";
}

std::string_view ItemName(Resource resource) {
  const auto name = ResourceName(resource);
  return HasItems(resource) ? name.substr(0, name.size() - 1) : "";
}

bool IsApiPath(std::string_view path) {
  return path == "/" || path == "/api" || path.starts_with("/api/");
}

absl::StatusOr<Request> ParseRequest(std::string_view method, std::string_view target) {
  const auto path = target.substr(0, target.find('?'));
  const auto query = path.size() < target.size() ? target.substr(path.size() + 1) : "";
  Request request;
  request.callback = Parameter(query, "callback").value_or("");
  if (!request.callback.empty() && !IsPlain(request.callback, "-_.", kMaxCallbackBytes)) {
    return ClientFailure(absl::StatusCode::kInvalidArgument,
                         "the callback may have letters, digits, '.', '_' and '-', 128 at most");
  }
  if (auto status = ReadPath(path, request); !status.ok()) return status;
  if (!request.callback.empty() && method == "GET") {
    method = Parameter(query, "method").value_or(method);
  }
  if (auto status = ReadMethod(method, request); !status.ok()) return status;
  const size_t fallback = request.resource == Resource::kVhosts ? kMaxCount : kDefaultCount;
  request.start = std::min(NumberAt(query, "start"), kMaxStart);
  request.count = std::min(NumberAt(query, "count"), kMaxCount);
  if (request.count == 0) request.count = fallback;
  return request;
}

std::string ListTarget(Resource resource, size_t start, size_t count) {
  std::string target(kPrefix);
  target += ResourceName(resource);
  if (!HasItems(resource)) return target;
  target += '/';
  if (resource == Resource::kVhosts) return target;
  return target + "?start=" + std::to_string(start) + "&count=" + std::to_string(count);
}

std::string ItemTarget(Resource resource, std::string_view id) {
  return std::string(kPrefix).append(ResourceName(resource)).append("/").append(id);
}

}  // namespace srsproxy::srs_api
