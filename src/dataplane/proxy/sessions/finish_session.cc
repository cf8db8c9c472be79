#include "dataplane/proxy/sessions/finish_session.h"

#include <utility>

#include "dataplane/core/session.h"

namespace srsproxy {

void FinishSession(const SessionInfo& info, std::string server, MonotonicTime::duration lasted,
                   Side side, const absl::Status& why, SessionAccounts accounts) {
  const SessionEnd end{.id = info.id,
                       .protocol = info.protocol,
                       .role = info.role,
                       .stream = info.key.stream.empty() ? "" : info.key.ToString(),
                       .origin = std::move(server),
                       .client = info.client,
                       .bytes_in = info.bytes_in,
                       .bytes_out = info.bytes_out,
                       .duration = absl::FromChrono(lasted),
                       .side = side,
                       .reason = EndReasonOf(why),
                       .message = std::string(MessageOf(why))};
  accounts.counters.SessionEnded(end);
  accounts.metrics.session_duration.Observe(end.protocol, end.role, end.duration);
  LogSessionEnd(accounts.logger, end);
}

}  // namespace srsproxy
