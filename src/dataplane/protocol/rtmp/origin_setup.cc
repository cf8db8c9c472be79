#include "dataplane/protocol/rtmp/origin_setup.h"

#include <utility>

#include "dataplane/protocol/rtmp/control_message.h"

namespace srsproxy::rtmp {
namespace {

// Messages kept until the origin's verdict.
constexpr size_t kMaxKept = 64;

}  // namespace

OriginSetup::OriginSetup(Wanted wanted, DuplexForwarder& forwarder)
    : wanted_(wanted), forwarder_(forwarder) {}

OriginSetup::~OriginSetup() = default;

// ---- How it begins

void OriginSetup::Connect(HandshakeSeed seed, std::optional<std::array<uint8_t, 4>> real_ip,
                          BridgeOutput out) {
  forwarder_.ReplaceOrigin(wanted_.replay.holds_request, out);
  forwarder_.Observe(client_observer_, origin_observer_);
  if (wanted_.replay.holds_request) {
    create_ = wanted_.replay.create;
  } else {
    create_ = {.transaction_id = wanted_.client.connect_transaction + 1,
               .client_id = wanted_.request.message.header.stream_id};
  }
  OpenCallsOfReplay();
  handshake_.emplace(seed);
  if (real_ip.has_value()) out.to_origin.AppendCopy(RealIpPrefix(*real_ip));
  out.to_origin.AppendCopy(handshake_->TakeOutput());
}

absl::Status OriginSetup::Continue(OriginConnection connection, BridgeOutput out) {
  continues_ = true;
  connection_ = std::move(connection);
  forwarder_.Observe(client_observer_, origin_observer_);
  forwarder_.QueueForOrigin(wanted_.request.message);
  return forwarder_.Flush(out);
}

// What the new origin is sent, other than connect and createStream.
void OriginSetup::OpenCallsOfReplay() {
  if (wanted_.replay.holds_request) {
    open_calls_ = wanted_.replay.calls;
    return;
  }
  for (const KeptMessage& call : wanted_.request.encoder_calls) {
    const auto command = DecodeCommand(call.header.type, call.payload);
    if (command.ok()) open_calls_.Add(command->transaction_id, /*answered=*/true);
  }
}

// ---- Reading

absl::StatusOr<size_t> OriginSetup::Read(std::span<uint8_t> in, BridgeOutput out) {
  const size_t size = in.size();
  if (handshaking()) {
    if (absl::Status status = ReadHandshake(in, out); !status.ok()) return status;
  }
  while (!in.empty() && outcome_.kind() == Outcome::kPending && !handshaking()) {
    const auto read = forwarder_.ForwardToClient(in, out);
    if (!read.ok()) {
      outcome_.Fail(read.status());
      break;
    }
    in = in.subspan(*read);
    absl::Status status = forwarder_.Flush(out);
    if (status.ok() && outcome_.kind() == Outcome::kPending && std::exchange(replay_next_, false)) {
      status = Replay(out);
    }
    if (!status.ok()) return status;
  }
  if (outcome_.kind() == Outcome::kAccepted) SendDeferred();
  return size - in.size();
}

// Leaves in `in` what comes behind it.
absl::Status OriginSetup::ReadHandshake(std::span<uint8_t>& in, BridgeOutput out) {
  const auto used = handshake_->Consume(in);
  if (!used.ok()) {
    outcome_.Unreachable();
    return absl::OkStatus();
  }
  out.to_origin.AppendCopy(handshake_->TakeOutput());
  in = in.subspan(*used);
  if (!handshake_->done()) return absl::OkStatus();
  handshake_.reset();
  return Replay(out);
}

// Up to the stream id that is needed first; then up to the request.
absl::Status OriginSetup::Replay(BridgeOutput out) {
  awaiting_ = create_.has_value() ? Awaiting::kStreamId : Awaiting::kVerdict;
  if (wanted_.replay.holds_request) {
    const size_t end = create_.has_value() ? create_->end : wanted_.replay.request_end;
    if (absl::Status status = ReplayBytes(end, out); !status.ok()) return status;
  } else if (create_.has_value()) {
    SendConnectAgain();
  } else {
    forwarder_.QueueForOrigin(wanted_.request.message);
  }
  return forwarder_.Flush(out);
}

absl::Status OriginSetup::ReplayBytes(size_t end, BridgeOutput out) {
  std::span<uint8_t> part = wanted_.replay.CopyToSend(replayed_, end);
  replayed_ = end;
  while (!part.empty()) {
    const auto read = forwarder_.ForwardToOrigin(part, out);
    if (!read.ok()) {
      outcome_.Fail(read.status());
      return absl::OkStatus();
    }
    part = part.subspan(*read);
    if (absl::Status status = forwarder_.Flush(out); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void OriginSetup::SendConnectAgain() {
  forwarder_.QueueForOrigin(wanted_.client.connect);
  if (wanted_.request.role == Role::kPublisher) {
    for (const KeptMessage& call : wanted_.request.encoder_calls) forwarder_.QueueForOrigin(call);
  }
  forwarder_.QueueForOrigin(
      {{.chunk_stream_id = kCommandChunkStream, .type = MessageType::kCommandAmf0},
       EncodeCommand(MessageType::kCommandAmf0, CreateStream(create_->transaction_id))});
}

// ---- The client's messages in the replay

MessageAction OriginSetup::OnClientStart(const MessageHeader& header,
                                         std::span<const uint8_t> prefix) {
  return forwarder_.PlainAction(header, prefix);
}

Decision OriginSetup::OnClientMessage(const MessageHeader& header, std::span<uint8_t> payload) {
  forwarder_.RewriteForOrigin(header.type, payload);
  return Decision::kForward;
}

// ---- The origin's messages

MessageAction OriginSetup::OnOriginStart(const MessageHeader& header,
                                         std::span<const uint8_t> prefix) {
  if (IsCommand(header.type)) return MessageAction::kConsume;
  if (IsMedia(header.type)) return MediaAction();
  // What the client would answer waits in the replay buffer.
  if (IsPing(header, prefix)) return MessageAction::kConsume;
  if (!continues_) {
    const MessageAction action =
        OriginControl::ActionFor(header, prefix, awaiting_ == Awaiting::kVerdict);
    if (action != MessageAction::kPass) return action;
  }
  return forwarder_.PlainAction(header, prefix);
}

Decision OriginSetup::OnOriginMessage(const MessageHeader& header, std::span<uint8_t> payload) {
  if (IsCommand(header.type)) {
    OnCommand(header, payload);
    return Decision::kConsume;
  }
  control_.OnMessage(header, payload);
  forwarder_.RewriteForClient(header.type, payload);
  return Decision::kForward;
}

MessageAction OriginSetup::MediaAction() {
  if (awaiting_ != Awaiting::kVerdict || wanted_.request.role != Role::kViewer)
    return MessageAction::kDrop;
  // What comes on a connection that has played before may be the rest of that.
  if (continues_ && !connection_.plays_silently) return MessageAction::kPass;
  connection_.plays_silently = true;
  outcome_.Accept();  // An origin that plays without a word has accepted.
  media_seen_ = true;
  forwarder_.StopToClient();
  return MessageAction::kPass;
}

void OriginSetup::OnCommand(const MessageHeader& header, std::span<uint8_t> payload) {
  forwarder_.StopToClient();  // What this leads to comes before what follows.
  const auto command = DecodeCommand(header.type, payload);
  if (!command.ok()) return outcome_.Fail(AtFault(Side::kOrigin, command.status()));
  if (command->name == "_result" || command->name == "_error") {
    OnResult(header, *command, payload);
  } else if (command->name == "onStatus") {
    OnVerdict(header, *command, payload);
  } else if (command->name == "onFCPublish") {
    // SRS sends it before it has decided.
    if (until_accepted_.size() < kMaxKept) {
      until_accepted_.push_back({header, {payload.begin(), payload.end()}});
    }
  } else if (continues_) {
    forwarder_.PassToClient(header, payload);
  } else if (command->name != "onBWDone") {
    Defer(header, payload);
  }
}

void OriginSetup::OnResult(const MessageHeader& header, const Command& command,
                           std::span<uint8_t> payload) {
  const auto result = ResultCommand::From(command);
  if (!result.ok()) return outcome_.Fail(AtFault(Side::kOrigin, result.status()));
  if (continues_) {
    connection_.creates.Take(command, payload, forwarder_);
    return forwarder_.PassToClient(header, payload);
  }
  // SRS answers connect with 1, whatever the call's transaction was.
  if (!connect_answered_ &&
      (SameTransaction(result->transaction_id, wanted_.client.connect_transaction) ||
       result->code.starts_with("NetConnection.Connect."))) {
    return OnConnectResult(*result);
  }
  // Some clients send 0 with every call: only createStream is answered with a number.
  const bool of_create = awaiting_ == Awaiting::kStreamId &&
                         SameTransaction(result->transaction_id, create_->transaction_id);
  if (of_create && result->number.has_value()) return OnStreamIdResult(*result);
  switch (open_calls_.Take(result->transaction_id)) {
    case OpenCalls::Match::kAnswered:
      return;
    case OpenCalls::Match::kAwaited:
      return Defer(header, payload);
    case OpenCalls::Match::kNone:
      if (of_create) OnStreamIdResult(*result);
      return;  // Else an answer to nothing, which an SRS edge would end for.
  }
}

void OriginSetup::OnConnectResult(const ResultCommand& result) {
  connect_answered_ = true;
  if (result.ok) return;
  if (result.redirect.empty()) return outcome_.RefuseByResult(result, "connect");
  outcome_.Redirect(result.redirect);
}

void OriginSetup::OnStreamIdResult(const ResultCommand& result) {
  if (!result.ok || !result.number.has_value())
    return outcome_.RefuseByResult(result, "createStream");
  const std::optional<uint32_t> id = ToStreamId(*result.number);
  if (!id.has_value()) {
    return outcome_.Fail(
        OriginFailure(absl::StatusCode::kInvalidArgument,
                      "the origin answered createStream with a number that is no stream"));
  }
  forwarder_.MapStream(create_->client_id, *id);
  create_.reset();
  replay_next_ = true;
}

void OriginSetup::OnVerdict(const MessageHeader& header, const Command& command,
                            std::span<const uint8_t> payload) {
  const auto verdict = StatusCommand::From(command);
  if (!verdict.ok()) return outcome_.Fail(AtFault(Side::kOrigin, verdict.status()));
  if (verdict->is_error() && !verdict->redirect.empty())
    return outcome_.Redirect(verdict->redirect);
  if (verdict->is_error()) {
    forwarder_.PassToClient(header, payload);
    return outcome_.RefuseByStatus(*verdict);
  }
  if (awaiting_ != Awaiting::kVerdict) return Defer(header, payload);
  control_.SendDifferences(wanted_.request.role);
  if (verdict->code == "NetStream.Publish.Start" || verdict->code == "NetStream.Play.Start") {
    outcome_.Accept();
    for (const KeptMessage& kept : std::exchange(until_accepted_, {})) {
      forwarder_.PassToClient(kept.header, kept.payload);
    }
  }
  forwarder_.PassToClient(header, payload);
}

// ---- What the client is sent

void OriginSetup::SendDeferred() {
  for (const KeptMessage& kept : std::exchange(deferred_, {})) {
    forwarder_.PassToClient(kept.header, kept.payload);
  }
  control_.SendAcknowledgement();
}

void OriginSetup::Defer(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (deferred_.size() >= kMaxKept) return;
  deferred_.push_back({header, {payload.begin(), payload.end()}});
}

}  // namespace srsproxy::rtmp
