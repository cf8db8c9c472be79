// Between core's streams and sessions and the messages of srsproxy.v1 that answer with them.
#pragma once

#include "dataplane/core/balancer.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_directory.h"
#include "srsproxy/v1/session.pb.h"
#include "srsproxy/v1/stream.pb.h"

namespace srsproxy::control {

v1::Pin ToProto(const StreamPin& pin);
v1::Stream ToProto(const StreamMapping& mapping);  // Without its pin, which is no part of it.
v1::Session ToProto(const SessionInfo& session);
v1::PickExplanation ToProto(const PickExplanation& explanation);

}  // namespace srsproxy::control
