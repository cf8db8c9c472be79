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
  forwarder_.TellOrigin(wanted_.request.message);
  return forwarder_.Flush(out);
}

// What the new origin gets to hear, other than connect and createStream.
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
  while (!in.empty() && outcome_ == Outcome::kPending && !handshaking()) {
    const auto read = forwarder_.ForwardToClient(in, out);
    if (!read.ok()) {
      Fail(read.status());
      break;
    }
    in = in.subspan(*read);
    absl::Status status = forwarder_.Flush(out);
    if (status.ok() && outcome_ == Outcome::kPending && std::exchange(replay_next_, false)) {
      status = Replay(out);
    }
    if (!status.ok()) return status;
  }
  if (outcome_ == Outcome::kAccepted) TellWhatWaited();
  return size - in.size();
}

// Leaves in `in` what comes behind it.
absl::Status OriginSetup::ReadHandshake(std::span<uint8_t>& in, BridgeOutput out) {
  const auto used = handshake_->Consume(in);
  if (!used.ok()) {
    outcome_ = Outcome::kUnreachable;
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
  ask_ = create_.has_value() ? Ask::kStreamId : Ask::kVerdict;
  if (wanted_.replay.holds_request) {
    const size_t end = create_.has_value() ? create_->end : wanted_.replay.request_end;
    if (absl::Status status = ReplayBytes(end, out); !status.ok()) return status;
  } else if (create_.has_value()) {
    TellConnectAgain();
  } else {
    forwarder_.TellOrigin(wanted_.request.message);
  }
  return forwarder_.Flush(out);
}

absl::Status OriginSetup::ReplayBytes(size_t end, BridgeOutput out) {
  std::span<uint8_t> part = wanted_.replay.CopyToSend(replayed_, end);
  replayed_ = end;
  while (!part.empty()) {
    const auto read = forwarder_.ForwardToOrigin(part, out);
    if (!read.ok()) {
      Fail(read.status());
      return absl::OkStatus();
    }
    part = part.subspan(*read);
    if (absl::Status status = forwarder_.Flush(out); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void OriginSetup::TellConnectAgain() {
  forwarder_.TellOrigin(wanted_.client.connect);
  if (wanted_.request.role == Role::kPublisher) {
    for (const KeptMessage& call : wanted_.request.encoder_calls) forwarder_.TellOrigin(call);
  }
  forwarder_.TellOrigin(
      {{.chunk_stream_id = kCommandChunkStream, .type = MessageType::kCommandAmf0},
       EncodeCommand(MessageType::kCommandAmf0, CreateStream(create_->transaction_id))});
}

// ---- The client's messages in the replay

MessageAction OriginSetup::ClientObserver::OnMessageStart(const MessageHeader& header,
                                                          std::span<const uint8_t> prefix) {
  return phase.forwarder_.PlainAction(header, prefix);
}

Decision OriginSetup::ClientObserver::OnMessage(const MessageHeader& header,
                                                std::span<uint8_t> payload) {
  phase.forwarder_.RewriteForOrigin(header.type, payload);
  return Decision::kForward;
}

// ---- The origin's messages

MessageAction OriginSetup::OriginObserver::OnMessageStart(const MessageHeader& header,
                                                          std::span<const uint8_t> prefix) {
  if (IsCommand(header.type)) return MessageAction::kConsume;
  if (IsMedia(header.type)) return phase.MediaAction();
  // What the client would answer waits in the replay buffer.
  if (IsPing(header, prefix)) return MessageAction::kConsume;
  if (!phase.continues_) {
    const MessageAction action = phase.ControlAction(header, prefix);
    if (action != MessageAction::kPass) return action;
  }
  return phase.forwarder_.PlainAction(header, prefix);
}

Decision OriginSetup::OriginObserver::OnMessage(const MessageHeader& header,
                                                std::span<uint8_t> payload) {
  if (IsCommand(header.type)) {
    phase.OnCommand(header, payload);
    return Decision::kConsume;
  }
  phase.OnControl(header, payload);
  phase.forwarder_.RewriteForClient(header.type, payload);
  return Decision::kForward;
}

MessageAction OriginSetup::MediaAction() {
  if (ask_ != Ask::kVerdict || wanted_.request.role != Role::kViewer) return MessageAction::kDrop;
  // What comes on a connection that has played before may be the rest of that.
  if (continues_ && !connection_.plays_silently) return MessageAction::kPass;
  connection_.plays_silently = true;
  outcome_ = Outcome::kAccepted;  // An origin that plays without a word has said yes.
  media_seen_ = true;
  forwarder_.StopToClient();
  return MessageAction::kPass;
}

// The client was told the same, or the proxy answers.
MessageAction OriginSetup::ControlAction(const MessageHeader& header,
                                         std::span<const uint8_t> prefix) const {
  switch (header.type) {
    case MessageType::kSetChunkSize:
    case MessageType::kSetPeerBandwidth:
      return MessageAction::kDrop;
    case MessageType::kWindowAckSize:
    case MessageType::kAcknowledgement:
      return MessageAction::kConsume;
    case MessageType::kUserControl: {
      const auto control = ReadUserControl(prefix);
      if (!control.has_value()) return MessageAction::kDrop;
      if (control->event == UserControlEvent::kPingResponse) return MessageAction::kDrop;
      break;
    }
    default:
      if (!IsData(header.type)) return MessageAction::kPass;
      break;
  }
  // Before publish or play is there, it is about the connection, which the client has long had.
  return ask_ == Ask::kVerdict ? MessageAction::kPass : MessageAction::kDrop;
}

void OriginSetup::OnControl(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (header.type == MessageType::kWindowAckSize) {
    connection_.window = ReadControlNumber(payload).value_or(0);
  } else if (header.type == MessageType::kAcknowledgement) {
    acknowledged_ = ReadControlNumber(payload);
  } else if (IsPing(header, payload)) {
    forwarder_.TellOrigin(PingAnswer(payload));
  }
}

void OriginSetup::OnCommand(const MessageHeader& header, std::span<uint8_t> payload) {
  forwarder_.StopToClient();  // What this leads to comes before what follows.
  const auto command = DecodeCommand(header.type, payload);
  if (!command.ok()) return Fail(AtFault(Side::kOrigin, command.status()));
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
    KeepForLater(header, payload);
  }
}

void OriginSetup::OnResult(const MessageHeader& header, const Command& command,
                           std::span<uint8_t> payload) {
  const auto result = ResultCommand::From(command);
  if (!result.ok()) return Fail(AtFault(Side::kOrigin, result.status()));
  if (continues_) {
    connection_.creates.Take(command, payload, forwarder_);
    return forwarder_.PassToClient(header, payload);
  }
  // SRS answers connect with 1, whatever it was asked with.
  if (!connect_answered_ &&
      (SameTransaction(result->transaction_id, wanted_.client.connect_transaction) ||
       result->code.starts_with("NetConnection.Connect."))) {
    return OnConnectResult(*result);
  }
  // Some clients say 0 with every call: only createStream is answered with a number.
  const bool of_create =
      ask_ == Ask::kStreamId && SameTransaction(result->transaction_id, create_->transaction_id);
  if (of_create && result->number.has_value()) return OnStreamIdResult(*result);
  switch (open_calls_.Take(result->transaction_id)) {
    case OpenCalls::Match::kAnswered:
      return;
    case OpenCalls::Match::kAwaited:
      return KeepForLater(header, payload);
    case OpenCalls::Match::kNone:
      if (of_create) OnStreamIdResult(*result);
      return;  // Else an answer to nothing, which an SRS edge would end for.
  }
}

void OriginSetup::OnConnectResult(const ResultCommand& result) {
  connect_answered_ = true;
  if (result.ok) return;
  if (result.redirect.empty()) return RefusedByResult(result, "connect");
  Redirect(result.redirect);
}

void OriginSetup::OnStreamIdResult(const ResultCommand& result) {
  if (!result.ok || !result.number.has_value()) return RefusedByResult(result, "createStream");
  const std::optional<uint32_t> id = ToStreamId(*result.number);
  if (!id.has_value()) {
    return Fail(OriginFailure(absl::StatusCode::kInvalidArgument,
                              "the origin answered createStream with a number that is no stream"));
  }
  forwarder_.MapStream(create_->client_id, *id);
  create_.reset();
  replay_next_ = true;
}

void OriginSetup::OnVerdict(const MessageHeader& header, const Command& command,
                            std::span<const uint8_t> payload) {
  const auto verdict = StatusCommand::From(command);
  if (!verdict.ok()) return Fail(AtFault(Side::kOrigin, verdict.status()));
  if (verdict->is_error() && !verdict->redirect.empty()) return Redirect(verdict->redirect);
  if (verdict->is_error()) {
    forwarder_.PassToClient(header, payload);
    outcome_ = Outcome::kRefused;
    status_ = OriginFailure(absl::StatusCode::kPermissionDenied,
                            "the origin refused: " + verdict->code + ": " + verdict->description);
    return;
  }
  if (ask_ != Ask::kVerdict) return KeepForLater(header, payload);
  TellOriginsWays();
  if (verdict->code == "NetStream.Publish.Start" || verdict->code == "NetStream.Play.Start") {
    outcome_ = Outcome::kAccepted;
    for (const KeptMessage& kept : std::exchange(until_accepted_, {})) {
      forwarder_.PassToClient(kept.header, kept.payload);
    }
  }
  forwarder_.PassToClient(header, payload);
}

// ---- What the client hears

void OriginSetup::TellOriginsWays() {
  // A window that is larger than the one told hurts nobody: the origin is acknowledged early.
  if (const uint32_t window = std::exchange(connection_.window, 0);
      window > 0 && window < kGrantedWindowBytes) {
    forwarder_.TellClient(
        ControlMessage(MessageType::kWindowAckSize, WindowAckSizePayload(window)));
  }
  // ffmpeg's publisher would take it over, and nginx-rtmp loses bytes of one that comes down to a
  // smaller size. A publisher is told by the forwarder before a message that needs it: hardly ever.
  if (wanted_.request.role == Role::kViewer && !forwarder_.SameChunkSize()) {
    forwarder_.TellClient(ControlMessage(MessageType::kSetChunkSize,
                                         SetChunkSizePayload(forwarder_.OriginChunkSize())));
  }
}

void OriginSetup::TellWhatWaited() {
  for (const KeptMessage& kept : std::exchange(after_verdict_, {})) {
    forwarder_.PassToClient(kept.header, kept.payload);
  }
  if (acknowledged_.has_value()) {
    forwarder_.TellClient(
        ControlMessage(MessageType::kAcknowledgement, AcknowledgementPayload(*acknowledged_)));
  }
}

void OriginSetup::KeepForLater(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (after_verdict_.size() >= kMaxKept) return;
  after_verdict_.push_back({header, {payload.begin(), payload.end()}});
}

// ---- The end

void OriginSetup::Redirect(std::string target) {
  redirect_ = std::move(target);
  outcome_ = Outcome::kRedirected;
}

void OriginSetup::RefusedByResult(const ResultCommand& result, std::string_view what) {
  std::string text = "the origin refused " + std::string(what);
  for (const std::string& part : {result.code, result.description}) {
    if (!part.empty()) text += ": " + part;
  }
  outcome_ = Outcome::kRefused;
  status_ = OriginFailure(absl::StatusCode::kPermissionDenied, text);
  const std::string_view code = RefusalCode(wanted_.request.role, status_.code());
  forwarder_.TellClient(ErrorStatus(wanted_.request.message.header, code, text));
}

void OriginSetup::Fail(absl::Status why) {
  if (outcome_ == Outcome::kRefused) return;
  outcome_ = Outcome::kRefused;
  status_ = std::move(why);
  const MessageHeader& request = wanted_.request.message.header;
  if (SideOf(status_) == Side::kClient) {
    forwarder_.TellClient(ErrorStatus(request, "NetConnection.Call.Failed", MessageOf(status_)));
    return;
  }
  // It is not the client's name that is wrong.
  forwarder_.TellClient(
      ErrorStatus(request, RefusalCode(wanted_.request.role, absl::StatusCode::kUnavailable),
                  "the origin's answer could not be read"));
}

}  // namespace srsproxy::rtmp
