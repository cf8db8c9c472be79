#include "dataplane/core/origin.h"

#include <algorithm>
#include <cmath>

#include <absl/strings/str_cat.h>

#include "dataplane/core/host.h"
#include "dataplane/core/invalid_field.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

constexpr size_t kMaxFieldBytes = 128;
constexpr size_t kMaxIpBytes = 253;
constexpr size_t kMaxEndpoints = 16;
constexpr size_t kMaxLabels = 64;
constexpr double kMaxWeight = 1'000'000;

// Empty: nothing is wrong with the text.
std::string TextProblem(std::string_view value, size_t max_bytes) {
  if (value.size() > max_bytes) return absl::StrCat("longer than ", max_bytes, " bytes");
  return IsPrintableUtf8(value) ? "" : "not UTF-8 text without control characters";
}

std::string NeededTextProblem(std::string_view value, size_t max_bytes) {
  return value.empty() ? "must not be empty" : TextProblem(value, max_bytes);
}

absl::Status CheckText(std::string_view field, std::string_view value, size_t max_bytes) {
  const std::string problem = TextProblem(value, max_bytes);
  return problem.empty() ? absl::OkStatus() : InvalidField(field, problem);
}

absl::Status CheckNeededText(std::string_view field, std::string_view value, size_t max_bytes) {
  const std::string problem = NeededTextProblem(value, max_bytes);
  return problem.empty() ? absl::OkStatus() : InvalidField(field, problem);
}

absl::Status CheckEndpoints(std::string_view field, const std::vector<Endpoint>& endpoints) {
  if (endpoints.size() > kMaxEndpoints) {
    return InvalidField(field, absl::StrCat("more than ", kMaxEndpoints, " endpoints"));
  }
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const std::string name = absl::StrCat(ToAbsl(field), "[", i, "]");
    const Endpoint& endpoint = endpoints[i];
    if (endpoint.port == 0) return InvalidField(name, "the port is not in 1 to 65535");
    if (!endpoint.host.empty() && !IsIpAddress(endpoint.host) && !IsHostName(endpoint.host)) {
      return InvalidField(name, "the host is neither an address nor a host name");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckWeight(double weight) {
  if (!std::isfinite(weight) || weight <= 0) return InvalidField("weight", "must be above 0");
  if (weight > kMaxWeight) return InvalidField("weight", "must not be above 1000000");
  return absl::OkStatus();
}

absl::Status CheckCapacity(int64_t capacity) {
  return capacity < 0 ? InvalidField("capacity", "must not be negative") : absl::OkStatus();
}

absl::Status CheckLabels(const std::map<std::string, std::string>& labels) {
  if (labels.size() > kMaxLabels) {
    return InvalidField("labels", absl::StrCat("more than ", kMaxLabels));
  }
  for (const auto& [key, value] : labels) {
    const std::string problem = NeededTextProblem(key, kMaxFieldBytes);
    if (!problem.empty()) return InvalidField("labels", "key: " + problem);
    const std::string name = absl::StrCat("labels[", key, "]");
    if (auto status = CheckText(name, value, kMaxFieldBytes); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<Endpoint>& OriginRegistration::EndpointsFor(Protocol protocol) const {
  switch (protocol) {
    case Protocol::kHttpFlv:
    case Protocol::kHls:
      return http;
    case Protocol::kWebRtc:
      return rtc;
    case Protocol::kSrt:
      return srt;
    case Protocol::kRtmp:
      break;
  }
  return rtmp;
}

absl::Status ValidateRegistration(const OriginRegistration& registration) {
  struct NeededText {
    const char* field;
    const std::string& value;
    size_t max_bytes;
  };
  const NeededText needed[] = {
      {"ip", registration.ip, kMaxIpBytes},
      {"server", registration.server, kMaxFieldBytes},
      {"service", registration.service, kMaxFieldBytes},
      {"pid", registration.pid, kMaxFieldBytes},
  };
  for (const auto& [field, value, max_bytes] : needed) {
    if (auto status = CheckNeededText(field, value, max_bytes); !status.ok()) return status;
  }
  if (!IsIpAddress(registration.ip) && !IsHostName(registration.ip)) {
    return InvalidField(
        "ip", absl::StrCat(Quoted(registration.ip), " is neither an IP address nor a host name"));
  }
  if (IsWildcardHost(registration.ip)) {
    return InvalidField("ip",
                        absl::StrCat(Quoted(registration.ip), " is no address to connect to"));
  }
  if (registration.rtmp.empty()) {
    return InvalidField("rtmp",
                        "at least one endpoint is needed; SRS sends them when its heartbeat "
                        "section says `ports on`");
  }

  struct Endpoints {
    const char* field;
    const std::vector<Endpoint>& endpoints;
  };
  const Endpoints lists[] = {{"rtmp", registration.rtmp},
                             {"http", registration.http},
                             {"api", registration.api},
                             {"srt", registration.srt},
                             {"rtc", registration.rtc}};
  for (const auto& [field, endpoints] : lists) {
    if (auto status = CheckEndpoints(field, endpoints); !status.ok()) return status;
  }

  for (const auto& [field, value] : {std::pair{"device_id", std::cref(registration.device_id)},
                                     std::pair{"zone", std::cref(registration.zone)}}) {
    if (auto status = CheckText(field, value.get(), kMaxFieldBytes); !status.ok()) return status;
  }
  if (auto status = CheckWeight(registration.weight); !status.ok()) return status;
  if (auto status = CheckCapacity(registration.capacity); !status.ok()) return status;
  if (registration.heartbeat_interval.has_value() &&
      *registration.heartbeat_interval <= absl::ZeroDuration()) {
    return InvalidField("heartbeat_interval", "must be above 0");
  }
  return CheckLabels(registration.labels);
}

absl::Status ValidateOverrides(const OriginOverrides& overrides) {
  absl::Status status;
  if (overrides.weight) status.Update(CheckWeight(*overrides.weight));
  if (overrides.zone) status.Update(CheckText("zone", *overrides.zone, kMaxFieldBytes));
  if (overrides.labels) status.Update(CheckLabels(*overrides.labels));
  if (overrides.capacity) status.Update(CheckCapacity(*overrides.capacity));
  return status;
}

absl::Status ValidateServer(std::string_view server) {
  return CheckNeededText("server", server, kMaxFieldBytes);
}

Endpoint DialEndpoint(const OriginRegistration& registration, const Endpoint& endpoint) {
  Endpoint dialled = endpoint;
  if (dialled.host.empty() || IsWildcardHost(dialled.host) || IsLoopbackHost(dialled.host)) {
    dialled.host = registration.ip;
  }
  return dialled;
}

namespace {

using Origins = std::vector<std::shared_ptr<const Origin>>;

bool HasIdBelow(const std::shared_ptr<const Origin>& origin, std::string_view id) {
  return origin->id < id;
}

// Of the server whose process had this id, {server}-{service}-{pid}, the origin that registered
// last: the same for all proxies that know the same origins. nullptr: none is there.
std::shared_ptr<const Origin> FindOfServer(const Origins& origins, std::string_view id) {
  std::shared_ptr<const Origin> found;
  size_t dash = id.rfind('-');
  // Each part may have dashes of its own: the longest server that there is.
  while (found == nullptr && dash != 0 && dash != id.npos) {
    dash = id.rfind('-', dash - 1);
    if (dash == id.npos) break;
    const std::string_view prefix = id.substr(0, dash + 1);
    for (auto at = std::lower_bound(origins.begin(), origins.end(), prefix, HasIdBelow);
         at != origins.end() && (*at)->id.starts_with(prefix); ++at) {
      if ((*at)->registration.server.size() != dash) continue;
      if (found == nullptr || found->registered_at < (*at)->registered_at) found = *at;
    }
  }
  return found;
}

}  // namespace

std::shared_ptr<const Origin> OriginSnapshot::Find(std::string_view id) const {
  const auto at = std::lower_bound(origins.begin(), origins.end(), id, HasIdBelow);
  return at != origins.end() && (*at)->id == id ? *at : nullptr;
}

std::shared_ptr<const Origin> OriginSnapshot::Resolve(std::string_view id) const {
  if (auto origin = Find(id)) return origin;
  if (successors != nullptr) {
    const auto at = successors->find(ToAbsl(id));
    const auto successor = at == successors->end() ? nullptr : Find(at->second.id);
    if (successor != nullptr) return successor;
  }
  return FindOfServer(origins, id);
}

std::shared_ptr<const Origin> OriginSnapshot::ResolveConnected(std::string_view id) const {
  if (auto origin = Find(id)) return origin;
  if (successors == nullptr) return nullptr;
  const auto at = successors->find(ToAbsl(id));
  return at == successors->end() || at->second.elsewhere ? nullptr : Find(at->second.id);
}

}  // namespace srsproxy
