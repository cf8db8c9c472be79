#include "dataplane/protocol/rtmp/setup_outcome.h"

#include <utility>

namespace srsproxy::rtmp {

void SetupOutcome::Redirect(std::string target) {
  redirect_ = std::move(target);
  kind_ = Kind::kRedirected;
}

void SetupOutcome::RefuseByStatus(const StatusCommand& verdict) {
  kind_ = Kind::kRefused;
  status_ = OriginFailure(absl::StatusCode::kPermissionDenied,
                          "the origin refused: " + verdict.code + ": " + verdict.description);
}

void SetupOutcome::RefuseByResult(const ResultCommand& result, std::string_view what) {
  std::string text = "the origin refused " + std::string(what);
  for (const std::string& part : {result.code, result.description}) {
    if (!part.empty()) text += ": " + part;
  }
  kind_ = Kind::kRefused;
  status_ = OriginFailure(absl::StatusCode::kPermissionDenied, text);
  const std::string_view code = RefusalCode(request_.role, status_.code());
  forwarder_.QueueForClient(ErrorStatus(request_.message.header, code, text));
}

void SetupOutcome::Fail(absl::Status why) {
  if (kind_ == Kind::kRefused) return;
  kind_ = Kind::kRefused;
  status_ = std::move(why);
  const MessageHeader& header = request_.message.header;
  if (SideOf(status_) == Side::kClient) {
    forwarder_.QueueForClient(ErrorStatus(header, "NetConnection.Call.Failed", MessageOf(status_)));
    return;
  }
  // It is not the client's name that is wrong.
  forwarder_.QueueForClient(ErrorStatus(header,
                                        RefusalCode(request_.role, absl::StatusCode::kUnavailable),
                                        "the origin's answer could not be read"));
}

}  // namespace srsproxy::rtmp
