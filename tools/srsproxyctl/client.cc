#include "tools/srsproxyctl/client.h"

#include <charconv>
#include <optional>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include "tools/srsproxyctl/printer.h"

namespace srsproxy::ctl {
namespace {

constexpr std::string_view kDefaultPort = "12026";

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// `host:port` of one endpoint; nullopt when it is not one.
std::optional<std::string> ReadEndpoint(std::string_view text) {
  size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    host_end = text.find(']');
    if (host_end == std::string_view::npos) return std::nullopt;
    ++host_end;
  }
  const std::string_view host = text.substr(0, host_end);
  const std::string_view rest = text.substr(host.size());
  if (host.empty() || host.find_first_of("/ ") != std::string_view::npos) return std::nullopt;
  if (rest.empty()) return std::string(host) + ":" + std::string(kDefaultPort);
  if (!rest.starts_with(':') || !IsPort(rest.substr(1))) return std::nullopt;
  return std::string(text);
}

// Waits until `channel` is connected. OK, UNAVAILABLE (connecting failed) or DEADLINE_EXCEEDED.
absl::StatusCode WaitUntilConnected(grpc::Channel& channel, absl::Duration timeout) {
  const auto deadline = absl::ToChronoTime(absl::Now() + timeout);
  while (true) {
    const grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) return absl::StatusCode::kOk;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN) {
      return absl::StatusCode::kUnavailable;
    }
    if (!channel.WaitForStateChange(state, deadline)) return absl::StatusCode::kDeadlineExceeded;
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseEndpoints(std::string_view text) {
  std::vector<std::string> endpoints;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    std::optional<std::string> endpoint = ReadEndpoint(part);
    if (!endpoint.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", std::string(part), "' is no endpoint: write host:port, for example ",
                       kDefaultEndpoint, ", or several separated by commas"));
    }
    endpoints.push_back(*std::move(endpoint));
    if (comma == std::string_view::npos) return endpoints;
    text.remove_prefix(comma + 1);
  }
}

Client::Client(std::vector<std::string> endpoints, absl::Duration timeout, std::ostream& notes)
    : endpoints_(std::move(endpoints)), timeout_(timeout), notes_(notes) {}

absl::Status Client::Connect() {
  if (channel_ != nullptr) return absl::OkStatus();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // http_proxy is not meant for control ports.
  std::string failures;
  for (const std::string& endpoint : endpoints_) {
    auto channel =
        grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
    const absl::StatusCode outcome = WaitUntilConnected(*channel, timeout_);
    if (outcome == absl::StatusCode::kOk) {
      if (!failures.empty()) {
        notes_ << "Note: " << failures << "; asked " << endpoint << " instead\n";
      }
      endpoint_ = endpoint;
      channel_ = std::move(channel);
      return absl::OkStatus();
    }
    failures += (failures.empty() ? "" : "; ") + endpoint +
                (outcome == absl::StatusCode::kUnavailable
                     ? " cannot be connected to"
                     : " did not answer within " + absl::FormatDuration(timeout_));
  }
  return absl::UnavailableError(
      failures +
      ". Is srsproxy running, and is this its PROXY_GRPC_SERVER? Name another by --endpoint or "
      "SRSPROXYCTL_ENDPOINT");
}

absl::Status Client::Failure(const grpc::Status& status) const {
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::DeadlineExceededError(endpoint_ + " did not answer within " +
                                         absl::FormatDuration(timeout_) +
                                         "; --timeout allows it more");
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::UnimplementedError(endpoint_ +
                                      " does not know this call: it is no srsproxy, or one of "
                                      "another version than this srsproxyctl");
    case grpc::StatusCode::UNAVAILABLE:
      if (status.error_details().empty()) {  // gRPC's own words: srsproxy's errors have details.
        return absl::UnavailableError("the connection to " + endpoint_ +
                                      " was lost: " + status.error_message());
      }
      [[fallthrough]];
    default:
      // gRPC's codes and abseil's have the same numbers.
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          PrintableText(status.error_message()));
  }
}

}  // namespace srsproxy::ctl
