// LinkReport: what an operator is shown of a link: each change once, with its remedy, in the log,
// and its state as a metric.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/directory/redis/server_setup.h"

namespace srsproxy::redis {

class LinkReport {
 public:
  // `name`: a literal. Both outlive it.
  LinkReport(std::string_view name, bool is_redis_up, Metrics& metrics, const Logger& logger);

  void Connected(std::string_view address, const ServerSetup::Outcome& outcome);
  // Whether that is news: it was connected, or away for another reason.
  bool Lost(const absl::Status& why);
  // It is not to be connected any more.
  void Closed();

 private:
  void ShowUp(bool up);

  const std::string_view name_;
  const bool is_redis_up_;
  Metrics& metrics_;
  const Logger& logger_;
  bool connected_ = false;
  absl::Status why_;                 // Of the last Lost.
  std::vector<std::string> warned_;  // Of the last Connected.
};

}  // namespace srsproxy::redis
