#include "dataplane/directory/redis/link_report.h"

namespace srsproxy::redis {

LinkReport::LinkReport(std::string_view name, bool is_redis_up, Metrics& metrics,
                       const Logger& logger)
    : name_(name), is_redis_up_(is_redis_up), metrics_(metrics), logger_(logger) {}

void LinkReport::Connected(std::string_view address, const ServerSetup::Outcome& outcome) {
  connected_ = true;
  why_ = absl::OkStatus();
  ShowUp(true);
  const ServerInfo& server = outcome.server;
  logger_.Info("connected to Redis",
               {{"connection", name_}, {"address", address}, {"server", server.Name()}});
  // With each of three connections would be too often.
  if (!is_redis_up_ || warned_ == outcome.warnings) return;
  warned_ = outcome.warnings;
  for (const std::string& warning : warned_) logger_.Warn(warning, {{"address", address}});
}

bool LinkReport::Lost(const absl::Status& why) {
  ShowUp(false);
  const bool was_connected = std::exchange(connected_, false);
  if (!was_connected && why == why_) return false;
  why_ = why;
  if (absl::IsFailedPrecondition(why)) {
    // The same for each connection: the server is of the wrong kind.
    if (is_redis_up_) logger_.Error("Redis cannot be used", {{"reason", MessageOf(why)}});
    return true;
  }
  logger_.Warn(was_connected ? "the connection to Redis is lost" : "cannot connect to Redis",
               {{"connection", name_}, {"reason", MessageOf(why)}});
  return true;
}

void LinkReport::Closed() {
  connected_ = false;
  why_ = absl::OkStatus();
  ShowUp(false);
}

void LinkReport::ShowUp(bool up) {
  if (is_redis_up_) metrics_.redis_up.Set(up ? 1 : 0);
}

}  // namespace srsproxy::redis
