#include "dataplane/protocol/rtmp/stream_request.h"

#include <utility>

#include "dataplane/protocol/rtmp/control_message.h"

namespace srsproxy::rtmp {

bool IsStreamRequest(std::string_view command_name) {
  return command_name == "publish" || command_name == "play" || command_name == "play2";
}

Role RoleOf(std::string_view command_name) {
  return command_name == "publish" ? Role::kPublisher : Role::kViewer;
}

absl::StatusOr<StreamRequest> ReadStreamRequest(const MessageHeader& header, const Command& command,
                                                std::span<const uint8_t> payload,
                                                const ClientConnection& connection,
                                                const VhostPolicy& vhosts) {
  StreamRequest request{.message = {header, {payload.begin(), payload.end()}},
                        .key = {},
                        .role = RoleOf(command.name),
                        .encoder_calls = {}};
  std::string name;
  if (request.role == Role::kPublisher) {
    auto publish = PublishCommand::From(command);
    if (!publish.ok()) return AtFault(Side::kClient, publish.status());
    name = std::move(publish->stream_name);
  } else {
    auto play = PlayCommand::From(command);
    if (!play.ok()) return AtFault(Side::kClient, play.status());
    name = std::move(play->stream_name);
  }
  auto key = StreamKeyFromRtmp(connection.tc_url, connection.app, name, vhosts);
  if (!key.ok()) return AtFault(Side::kClient, key.status());
  request.key = *std::move(key);
  return request;
}

std::string_view RefusalCode(Role role, absl::StatusCode why) {
  const bool refused =
      why == absl::StatusCode::kPermissionDenied || why == absl::StatusCode::kInvalidArgument;
  if (role == Role::kPublisher) {
    return refused ? "NetStream.Publish.BadName" : "NetStream.Publish.Failed";
  }
  return why == absl::StatusCode::kInvalidArgument ? "NetStream.Play.StreamNotFound"
                                                   : "NetStream.Play.Failed";
}

KeptMessage ErrorStatus(const MessageHeader& request, std::string_view code,
                        std::string_view description) {
  const MessageType type = IsCommand(request.type) ? request.type : MessageType::kCommandAmf0;
  return {{.chunk_stream_id = kStatusChunkStream, .type = type, .stream_id = request.stream_id},
          EncodeCommand(type, OnStatus("error", code, description))};
}

KeptMessage ControlMessage(MessageType type, std::vector<uint8_t> payload) {
  return {{.chunk_stream_id = kControlChunkStream, .type = type}, std::move(payload)};
}

bool IsPing(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (header.type != MessageType::kUserControl) return false;
  const auto control = ReadUserControl(payload);
  return control.has_value() && control->event == UserControlEvent::kPingRequest;
}

KeptMessage PingAnswer(std::span<const uint8_t> ping) {
  return ControlMessage(
      MessageType::kUserControl,
      UserControlPayload(UserControlEvent::kPingResponse, ReadUserControl(ping)->value));
}

}  // namespace srsproxy::rtmp
