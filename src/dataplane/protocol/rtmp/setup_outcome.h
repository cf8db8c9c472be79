// SetupOutcome: how an origin's setup ended, and what the client is sent when it was refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/duplex_forwarder.h"
#include "dataplane/protocol/rtmp/stream_request.h"

namespace srsproxy::rtmp {

// Used by one thread.
class SetupOutcome {
 public:
  enum class Kind : uint8_t {
    kPending,
    kUnreachable,  // The handshake failed: nothing of the client was sent to the origin.
    kAccepted,
    kRedirected,  // To redirect(), by a 302.
    kRefused,     // status() has the reason and the side at fault; the client was sent it.
  };

  // Both outlive it.
  SetupOutcome(const StreamRequest& request, DuplexForwarder& forwarder)
      : request_(request), forwarder_(forwarder) {}

  Kind kind() const { return kind_; }
  // OK unless it is kRefused.
  const absl::Status& status() const { return status_; }
  const std::string& redirect() const { return redirect_; }

  void Unreachable() { kind_ = Kind::kUnreachable; }
  void Accept() { kind_ = Kind::kAccepted; }
  void Redirect(std::string target);
  // By an onStatus, which the caller passes to the client.
  void RefuseByStatus(const StatusCommand& verdict);
  // By the result of `what`: the client is sent a status of the stream.
  void RefuseByResult(const ResultCommand& result, std::string_view what);
  // `why`: the client or the origin broke the protocol; the client is sent that.
  void Fail(absl::Status why);

 private:
  const StreamRequest& request_;
  DuplexForwarder& forwarder_;
  Kind kind_ = Kind::kPending;
  absl::Status status_;
  std::string redirect_;
};

}  // namespace srsproxy::rtmp
