// The errors of the operating system, in this project's words.
#pragma once

#include <string_view>

#include <boost/system/error_code.hpp>

#include "dataplane/core/balancer.h"
#include "dataplane/core/status.h"

namespace srsproxy::net {

// `what` is the failed action and its object ("connect to 10.0.0.7:1935"). Cancellation is
// CANCELLED, a timeout DEADLINE_EXCEEDED, everything else UNAVAILABLE.
absl::Status ErrorStatus(Side side, std::string_view what, const boost::system::error_code& error);

// How a failed or successful connect counts against the origin.
ConnectOutcome OutcomeOf(const boost::system::error_code& error);

// True for the errors of accept and socket that mean that the process or the machine is out of
// descriptors or memory.
bool IsOutOfResources(const boost::system::error_code& error);

}  // namespace srsproxy::net
