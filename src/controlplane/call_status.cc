#include "controlplane/call_status.h"

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>

#include "dataplane/core/fleet_bus.h"

namespace srsproxy::control {
namespace {

constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kDomain[] = "srsproxy";

// gRPC sends an error in trailers, of which clients take 8 kB in all.
constexpr size_t kMaxValueBytes = 256;
constexpr size_t kMaxMessageBytes = 1024;

// At most `limit` bytes of `text`, cut between two characters of UTF-8.
std::string Shortened(std::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return std::string(text.substr(0, limit)) + "...";
}

// ErrorReason without its prefix.
std::string ReasonName(v1::ErrorReason reason) {
  static constexpr std::string_view kPrefix = "ERROR_REASON_";
  return v1::ErrorReason_Name(reason).substr(kPrefix.size());
}

v1::ErrorReason ImpliedReason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return v1::ERROR_REASON_INVALID_FIELD;
    case absl::StatusCode::kResourceExhausted:
      return v1::ERROR_REASON_LIMIT_REACHED;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return v1::ERROR_REASON_UNAVAILABLE;
    default:
      return v1::ERROR_REASON_INTERNAL;
  }
}

v1::ErrorInfo MakeInfo(v1::ErrorReason reason, ErrorMetadata metadata) {
  v1::ErrorInfo info;
  info.set_reason(ReasonName(reason));
  info.set_domain(kDomain);
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[std::string(key)] = Shortened(value, kMaxValueBytes);
  }
  return info;
}

}  // namespace

absl::Status CallError(absl::StatusCode code, v1::ErrorReason reason, std::string_view message,
                       ErrorMetadata metadata) {
  return WithReason(absl::Status(code, ToAbsl(message)), reason, metadata);
}

absl::Status RefuseConfig(const std::vector<ConfigProblem>& problems) {
  std::string lines;
  for (const ConfigProblem& problem : problems) {
    absl::StrAppend(&lines, lines.empty() ? "" : "\n", problem.where,
                    problem.where.empty() ? "" : ": ", problem.reason);
  }
  return CallError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_FIELD, lines,
                   {{"field", problems.front().setting}});
}

absl::Status WithReason(absl::Status status, v1::ErrorReason reason, ErrorMetadata metadata) {
  if (status.ok() || status.GetPayload(kErrorInfoUrl).has_value() || FieldOf(status)) return status;
  const v1::ErrorInfo info = MakeInfo(reason, metadata);
  status.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

absl::Status WithDriver(absl::Status status) {
  const auto driver = status.GetPayload(kDriverPayload);
  if (!driver.has_value()) return status;
  return WithReason(std::move(status), v1::ERROR_REASON_NOT_DRIVING,
                    {{"proxy_id", std::string(*driver)}});
}

v1::ErrorInfo ErrorInfoOf(const absl::Status& status) {
  if (const auto field = FieldOf(status)) {
    return MakeInfo(v1::ERROR_REASON_INVALID_FIELD, {{"field", *field}});
  }
  const auto payload = status.GetPayload(kErrorInfoUrl);
  if (!payload.has_value()) return MakeInfo(ImpliedReason(status.code()), {});
  v1::ErrorInfo info;
  info.ParseFromString(std::string(*payload));
  return info;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  v1::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(Shortened(MessageOf(status), kMaxMessageBytes));
  auto& detail = *details.add_details();
  detail.set_type_url(kErrorInfoUrl);
  detail.set_value(ErrorInfoOf(status).SerializeAsString());
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), details.message(),
                      details.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  v1::Status details;
  if (details.ParseFromString(status.error_details())) {
    for (const auto& detail : details.details()) {
      if (detail.type_url() == kErrorInfoUrl) {
        result.SetPayload(kErrorInfoUrl, absl::Cord(detail.value()));
      }
    }
  }
  const auto reason = ImpliedReason(result.code());
  return WithReason(std::move(result), reason);
}

std::string CodeName(const absl::Status& status) { return absl::StatusCodeToString(status.code()); }

unsigned HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

}  // namespace srsproxy::control
