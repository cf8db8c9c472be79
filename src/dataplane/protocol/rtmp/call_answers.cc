#include "dataplane/protocol/rtmp/call_answers.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "dataplane/protocol/rtmp/control_message.h"

namespace srsproxy::rtmp {
namespace {

// They name a stream before it is published, or after; SRS calls their sender an FMLE client.
bool IsEncoderCall(std::string_view name) {
  return name == "releaseStream" || name == "FCPublish" || name == "FCUnpublish";
}

// SRS has a type of its own for these, or they are answers themselves.
bool IsNoCall(std::string_view name) {
  constexpr std::string_view kNames[] = {"_result",  "_error",        "closeStream", "pause",
                                         "publish",  "onMetaData",    "play",        "connect",
                                         "onStatus", "@setDataFrame", "createStream"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

KeptMessage Control(MessageType type, std::vector<uint8_t> payload) {
  return {{.chunk_stream_id = kControlChunkStream, .type = type}, std::move(payload)};
}

KeptMessage CommandMessage(const Command& command) {
  constexpr MessageType kType = MessageType::kCommandAmf0;
  return {{.chunk_stream_id = kCommandChunkStream, .type = kType}, EncodeCommand(kType, command)};
}

}  // namespace

bool SameTransaction(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

std::vector<KeptMessage> ConnectAnswer(const ConnectCommand& connect) {
  std::vector<KeptMessage> answer;
  answer.push_back(Control(MessageType::kWindowAckSize, WindowAckSizePayload(kGrantedWindowBytes)));
  answer.push_back(
      Control(MessageType::kSetPeerBandwidth,
              SetPeerBandwidthPayload(kGrantedWindowBytes, PeerBandwidthLimit::kDynamic)));
  answer.push_back(Control(MessageType::kSetChunkSize, SetChunkSizePayload(kGrantedChunkSize)));
  answer.push_back(CommandMessage(ConnectResult(kConnectTransaction, connect.object_encoding)));
  answer.push_back(CommandMessage(Command{"onBWDone", 0, {AmfNull{}}}));
  return answer;
}

std::optional<Command> CallAnswerer::Answer(const Command& call) {
  if (call.name == "createStream") kind_is_known_ = true;
  if (IsNoCall(call.name)) return std::nullopt;
  if (IsEncoderCall(call.name)) {
    kind_is_known_ = true;
    return EmptyResult(call.transaction_id);
  }
  if (kind_is_known_) return std::nullopt;
  return Command{"_result", call.transaction_id, {AmfNull{}, AmfNull{}}};
}

OpenCalls::Match OpenCalls::Take(double transaction_id) {
  for (const bool answered : {true, false}) {
    const auto found = std::find_if(calls_.begin(), calls_.end(), [&](const Call& call) {
      return call.answered == answered && SameTransaction(call.transaction_id, transaction_id);
    });
    if (found == calls_.end()) continue;
    calls_.erase(found);
    return answered ? Match::kAnswered : Match::kAwaited;
  }
  return Match::kNone;
}

}  // namespace srsproxy::rtmp
