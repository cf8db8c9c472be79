#include "dataplane/protocol/rtmp/relaying.h"

#include <string>

namespace srsproxy::rtmp {
namespace {

// releaseStream and FCPublish, and each once again.
constexpr size_t kMaxEncoderCalls = 4;

}  // namespace

Relaying::Relaying(const ClientConnection& client, const VhostPolicy& vhosts,
                   const StreamRequest& request, OriginConnection origin, bool media_seen,
                   DuplexForwarder& forwarder)
    : client_(client),
      vhosts_(vhosts),
      forwarder_(forwarder),
      key_(request.key),
      role_(request.role),
      request_header_(request.message.header),
      media_seen_(media_seen),
      active_{{request.message.header.stream_id, request.role}},
      origin_(std::move(origin)) {
  forwarder_.Observe(client_observer_, origin_observer_);
}

Relaying::~Relaying() = default;

void Relaying::SendClientFault(const absl::Status& why) {
  forwarder_.QueueForClient(
      ErrorStatus(request_header_, "NetConnection.Call.Failed", MessageOf(why)));
}

// ---- From the client

MessageAction Relaying::OnClientStart(const MessageHeader& header,
                                      std::span<const uint8_t> prefix) {
  if (IsMedia(header.type)) {
    if (role_ == Role::kPublisher) media_seen_ = true;
    return MessageAction::kPass;
  }
  if (!IsCommand(header.type)) return forwarder_.PlainAction(header, prefix);
  const std::string_view name = PeekCommandName(header.type, prefix);
  if (IsStreamRequest(name)) return MessageAction::kConsume;
  if (name == "deleteStream") return MessageAction::kHold;
  const bool shown = name == "createStream" || name == "closeStream" || name == "FCUnpublish" ||
                     name == "releaseStream" || name == "FCPublish";
  return shown ? MessageAction::kPassAndShow : MessageAction::kPass;
}

Decision Relaying::OnClientMessage(const MessageHeader& header, std::span<uint8_t> payload) {
  if (IsCommand(header.type)) OnCommand(header, payload);
  forwarder_.RewriteForOrigin(header.type, payload);
  return Decision::kForward;
}

void Relaying::OnCommand(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (!status_.ok()) return;
  const auto command = DecodeCommand(header.type, payload);
  if (!command.ok()) {
    status_ = AtFault(Side::kClient, command.status());
    return SendClientFault(status_);
  }
  if (IsStreamRequest(command->name)) {
    OnRequest(header, *command, payload);
  } else if (command->name == "createStream") {
    origin_.creates.Add(command->transaction_id);
  } else if (command->name == "deleteStream") {
    const auto deleted = DeleteStreamCommand::From(*command);
    if (!deleted.ok()) return;  // The origin answers it.
    EndStreams([id = deleted->stream_id](const ActiveStream& s) { return s.client_id == id; });
  } else if (command->name == "closeStream") {
    EndStreams([id = header.stream_id](const ActiveStream& s) { return s.client_id == id; });
  } else if (command->name == "FCUnpublish") {
    EndStreams([](const ActiveStream& s) { return s.role == Role::kPublisher; });
  } else if (command->name == "releaseStream" || command->name == "FCPublish") {
    if (encoder_calls_.size() < kMaxEncoderCalls) {
      encoder_calls_.push_back({header, {payload.begin(), payload.end()}});
    }
  }
}

void Relaying::OnRequest(const MessageHeader& header, const Command& command,
                         std::span<const uint8_t> payload) {
  auto request = ReadStreamRequest(header, command, payload, client_, vhosts_);
  if (!request.ok()) {
    return Refuse(header, command, request.status().code(), MessageOf(request.status()));
  }
  if (active_.empty()) {
    forwarder_.StopToOrigin();
    role_ = request->role;
    request_header_ = header;
    media_seen_ = false;
    request->encoder_calls = std::exchange(encoder_calls_, {});
    next_ = *std::move(request);
    return;
  }
  if (request->key != key_ || active_.size() >= kMaxStreams) {
    return Refuse(header, command, absl::StatusCode::kPermissionDenied,
                  "this connection carries " + key_.ToString() + "; end that stream first");
  }
  active_.push_back({header.stream_id, request->role});
  forwarder_.QueueForOrigin({header, {payload.begin(), payload.end()}});
}

void Relaying::Refuse(const MessageHeader& header, const Command& command, absl::StatusCode why,
                      std::string_view text) {
  forwarder_.QueueForClient(ErrorStatus(header, RefusalCode(RoleOf(command.name), why), text));
}

template <typename Predicate>
void Relaying::EndStreams(Predicate ended) {
  if (std::erase_if(active_, ended) > 0 && active_.empty()) idle_ = true;
}

// ---- From the origin

MessageAction Relaying::OnOriginStart(const MessageHeader& header,
                                      std::span<const uint8_t> prefix) {
  if (IsMedia(header.type)) {
    if (role_ == Role::kViewer) media_seen_ = true;
    return MessageAction::kPass;
  }
  if (!IsCommand(header.type)) return forwarder_.PlainAction(header, prefix);
  const bool stream_id =
      !origin_.creates.empty() && PeekCommandName(header.type, prefix) == "_result";
  return stream_id ? MessageAction::kHold : MessageAction::kPass;
}

Decision Relaying::OnOriginMessage(const MessageHeader& header, std::span<uint8_t> payload) {
  if (!IsCommand(header.type)) {
    forwarder_.RewriteForClient(header.type, payload);
    return Decision::kForward;
  }
  const auto command = DecodeCommand(header.type, payload);
  if (command.ok()) origin_.creates.Take(*command, payload, forwarder_);
  return Decision::kForward;
}

}  // namespace srsproxy::rtmp
