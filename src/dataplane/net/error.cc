#include "dataplane/net/error.h"

#include <string>

#include <boost/asio/error.hpp>

namespace srsproxy::net {

namespace error = boost::asio::error;

absl::Status ErrorStatus(Side side, std::string_view what,
                         const boost::system::error_code& error_code) {
  auto code = absl::StatusCode::kUnavailable;
  if (error_code == error::operation_aborted) code = absl::StatusCode::kCancelled;
  if (error_code == error::timed_out) code = absl::StatusCode::kDeadlineExceeded;
  return Failure(side, code, std::string(what) + ": " + error_code.message());
}

ConnectOutcome OutcomeOf(const boost::system::error_code& error_code) {
  if (!error_code) return ConnectOutcome::kOk;
  if (error_code == error::connection_refused) return ConnectOutcome::kRefused;
  if (error_code == error::timed_out) return ConnectOutcome::kTimedOut;
  return ConnectOutcome::kFailed;
}

bool IsOutOfResources(const boost::system::error_code& error_code) {
  return error_code == boost::system::errc::too_many_files_open ||
         error_code == boost::system::errc::too_many_files_open_in_system ||
         error_code == boost::system::errc::no_buffer_space ||
         error_code == boost::system::errc::not_enough_memory;
}

}  // namespace srsproxy::net
