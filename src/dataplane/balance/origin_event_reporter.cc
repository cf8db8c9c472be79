#include "dataplane/balance/origin_event_reporter.h"

#include <string_view>

namespace srsproxy {
namespace {

using Kind = OriginEvent::Kind;

struct Report {
  LoggedEvent::Kind logged_as;
  LogLevel level;
  std::string_view message;
};

Report ReportOf(Kind kind) {
  switch (kind) {
    case Kind::kJoined:
      return {LoggedEvent::Kind::kOriginAdded, LogLevel::kInfo, "origin joined"};
    case Kind::kLeft:
      return {LoggedEvent::Kind::kOriginRemoved, LogLevel::kInfo, "origin left"};
    case Kind::kConflict:
      return {LoggedEvent::Kind::kOriginConflict, LogLevel::kWarn, "origin in conflict"};
    case Kind::kChanged:
      break;
  }
  return {LoggedEvent::Kind::kOriginChanged, LogLevel::kInfo, "origin changed"};
}

}  // namespace

void OriginEventReporter::Report(const OriginEvent& event) {
  if (event.kind == Kind::kConflict) {
    metrics_.origins.CountConflict(event.origin->registration.server);
    if (event.repeated) return;
  }
  const auto [logged_as, level, message] = ReportOf(event.kind);
  events_.AddOriginEvent(logged_as, event.origin, event.reason);
  logger_.Log(level, message,
              {{"origin", event.origin->id},
               {"ip", event.origin->registration.ip},
               {"health", ToName(event.origin->health)},
               {"down", event.origin->down},
               {"why", event.reason}});
}

}  // namespace srsproxy
