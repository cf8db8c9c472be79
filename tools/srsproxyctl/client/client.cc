#include "tools/srsproxyctl/client/client.h"

#include <algorithm>
#include <array>
#include <utility>

#include <absl/random/random.h>
#include <absl/strings/str_format.h>
#include <google/protobuf/descriptor.h>
#include <grpc/support/time.h>

#include "tools/srsproxyctl/output/failure.h"

namespace srsproxy::ctl {
namespace {

// As docs/control-api.md advises clients.
constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kMaxResponseBytes = 16 << 20;  // What srsproxy sends at most.

// By the monotonic clock: setting the machine's time neither ends a call nor keeps it.
gpr_timespec DeadlineIn(absl::Duration timeout) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(timeout), GPR_TIMESPAN));
}

// Waits until `channel` is connected. OK, UNAVAILABLE (connecting failed) or DEADLINE_EXCEEDED.
absl::StatusCode WaitUntilConnected(grpc::Channel& channel, absl::Duration timeout) {
  const auto deadline = DeadlineIn(timeout);
  while (true) {
    const grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) return absl::StatusCode::kOk;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN) {
      return absl::StatusCode::kUnavailable;
    }
    if (!channel.WaitForStateChange(state, deadline)) return absl::StatusCode::kDeadlineExceeded;
  }
}

// The field `name` of `message` when it is a text; null when there is none.
const google::protobuf::FieldDescriptor* TextField(const google::protobuf::Message& message,
                                                   const char* name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  const bool is_text =
      field != nullptr && field->type() == google::protobuf::FieldDescriptor::TYPE_STRING;
  return is_text ? field : nullptr;
}

bool HasText(const google::protobuf::Message& message, const char* name) {
  const auto* field = TextField(message, name);
  return field != nullptr && !message.GetReflection()->GetString(message, field).empty();
}

}  // namespace

Client::Client(std::vector<std::string> endpoints, Access access, absl::Duration timeout,
               std::ostream& notes)
    : endpoints_(std::move(endpoints)),
      access_(std::move(access)),
      timeout_(timeout),
      notes_(notes) {}

void Client::GiveRequestId(google::protobuf::Message& request) {
  const auto* field = TextField(request, "request_id");
  if (field == nullptr || HasText(request, "request_id")) return;
  absl::BitGen random;
  const std::string id = absl::StrFormat("ctl-%016x%016x", absl::Uniform<uint64_t>(random),
                                         absl::Uniform<uint64_t>(random));
  request.GetReflection()->SetString(&request, field, id);
}

Client::CallKind Client::KindOf(const google::protobuf::Message& request) {
  static constexpr std::array<std::string_view, 4> kReading = {"Get", "List", "Lookup", "Plan"};
  const std::string& name = request.GetDescriptor()->name();
  CallKind kind;
  kind.changes = std::none_of(kReading.begin(), kReading.end(),
                              [&name](std::string_view verb) { return name.starts_with(verb); });
  // What concerns one proxy is not requested from another: its settings, its end, the plans it
  // made, the page tokens it gave.
  static constexpr std::array<std::string_view, 5> kOfOneProxy = {
      "UpdateConfigRequest", "ReloadConfigRequest", "DrainProxyRequest", "ApplyRebalanceRequest",
      "CancelRebalanceRequest"};
  const bool of_one_proxy =
      HasText(request, "page_token") ||
      std::find(kOfOneProxy.begin(), kOfOneProxy.end(), name) != kOfOneProxy.end();
  kind.repeatable = !of_one_proxy && (!kind.changes || HasText(request, "request_id"));
  return kind;
}

absl::Status Client::Try(CallKind kind, absl::Duration timeout, const Attempt& attempt) {
  std::string failures;
  const auto add_failure = [&failures](std::string_view failure) {
    failures += (failures.empty() ? "" : "; ") + std::string(failure);
  };
  for (size_t tried = 0; tried < endpoints_.size(); ++tried) {
    if (absl::Status connected = Connect(); !connected.ok()) {
      add_failure(std::string(connected.message()));
      PassOver();
      continue;
    }
    if (!failures.empty()) {
      notes_ << "Note: " << failures << "; asked " << endpoint() << " instead\n";
    }
    grpc::ClientContext context;
    if (timeout != absl::InfiniteDuration()) {
      context.set_deadline(DeadlineIn(timeout));
    }
    if (!access_.token.empty()) context.AddMetadata("authorization", "Bearer " + access_.token);
    const grpc::Status status = attempt(context);
    if (status.ok()) return absl::OkStatus();
    const bool is_last = tried + 1 == endpoints_.size();
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE || !kind.repeatable || is_last) {
      return Failure(status, kind);
    }
    add_failure(endpoint() + " is unavailable");
    PassOver();
  }
  return absl::UnavailableError(
      failures +
      ". Is srsproxy running, and is this its PROXY_GRPC_SERVER? Name another by --endpoint or "
      "SRSPROXYCTL_ENDPOINT");
}

absl::Status Client::Connect() {
  if (channel_ != nullptr) return absl::OkStatus();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // http_proxy is not meant for control ports.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // A new channel connects at once.
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  if (!access_.server_name.empty()) arguments.SetSslTargetNameOverride(access_.server_name);
  auto channel = grpc::CreateCustomChannel(endpoint(), access_.credentials, arguments);
  switch (WaitUntilConnected(*channel, timeout_)) {
    case absl::StatusCode::kOk:
      channel_ = std::move(channel);
      return absl::OkStatus();
    case absl::StatusCode::kUnavailable:
      return absl::UnavailableError(
          endpoint() + (access_.tls ? " cannot be connected to by TLS (is the authority of its "
                                      "certificate in --tls-ca, and does it name this host?)"
                                    : " cannot be connected to"));
    default:
      return absl::DeadlineExceededError(endpoint() + " did not answer within " +
                                         absl::FormatDuration(timeout_));
  }
}

void Client::PassOver() {
  Disconnect();
  current_ = (current_ + 1) % endpoints_.size();
}

absl::Status Client::Failure(const grpc::Status& status, CallKind kind) const {
  const std::string perhaps_done =
      kind.changes ? ". It may have been done all the same: look before you repeat it" : "";
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::DeadlineExceededError(endpoint() + " did not answer within " +
                                         absl::FormatDuration(timeout_) +
                                         "; --timeout allows it more" + perhaps_done);
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::UnimplementedError(endpoint() +
                                      " does not know this call: it is no srsproxy, or one of "
                                      "another version than this srsproxyctl");
    case grpc::StatusCode::UNAVAILABLE:
      if (status.error_details().empty()) {  // gRPC's own words: srsproxy's errors have details.
        return absl::UnavailableError("the connection to " + endpoint() +
                                      " was lost: " + status.error_message() + perhaps_done);
      }
      [[fallthrough]];
    default:
      return AnsweredFailure(status);
  }
}

}  // namespace srsproxy::ctl
