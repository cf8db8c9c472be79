#include "dataplane/protocol/rtmp/bridge.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace srsproxy::rtmp {
namespace {

// More of these at once is no client that streams.
constexpr size_t kMaxStreams = 16;
// Messages kept until the origin's verdict.
constexpr size_t kMaxKept = 64;
// releaseStream and FCPublish, and each once again.
constexpr size_t kMaxEncoderCalls = 4;

bool IsRequest(std::string_view name) {
  return name == "publish" || name == "play" || name == "play2";
}

// `payload` may be its beginning.
bool IsPing(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (header.type != MessageType::kUserControl) return false;
  const auto control = ReadUserControl(payload);
  return control.has_value() && control->event == UserControlEvent::kPingRequest;
}

bool LooksLikeHttp(std::span<const uint8_t> in) {
  constexpr std::string_view kMethods[] = {"GET ", "POST", "HEAD", "PUT ", "OPTI", "DELE", "CONN"};
  const std::string_view text(reinterpret_cast<const char*>(in.data()), in.size());
  return std::any_of(std::begin(kMethods), std::end(kMethods),
                     [text](std::string_view method) { return text.starts_with(method); });
}

constexpr std::string_view kAnswerToHttp =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: text/plain\r\n"
    "Connection: close\r\n"
    "\r\n"
    "This port speaks RTMP, not HTTP. Try rtmp://...\n";

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Role RoleOf(std::string_view request) {
  return request == "publish" ? Role::kPublisher : Role::kViewer;
}

// How a refusal is called on the wire, by what is refused and why.
std::string_view RefusalCode(Role role, absl::StatusCode why) {
  const bool refused =
      why == absl::StatusCode::kPermissionDenied || why == absl::StatusCode::kInvalidArgument;
  if (role == Role::kPublisher) {
    return refused ? "NetStream.Publish.BadName" : "NetStream.Publish.Failed";
  }
  return why == absl::StatusCode::kInvalidArgument ? "NetStream.Play.StreamNotFound"
                                                   : "NetStream.Play.Failed";
}

}  // namespace

Bridge::Bridge(const VhostPolicy& vhosts, HandshakeSeed seed, Listener& listener)
    : vhosts_(vhosts),
      listener_(listener),
      client_handshake_(std::make_unique<ServerHandshake>(seed)),
      naming_forwarder_(std::make_unique<ChunkForwarder>(Side::kClient, &naming_observer_)),
      to_client_(Side::kOrigin, &origin_observer_) {}

Bridge::~Bridge() = default;

// ---- Input

void Bridge::FromClient(std::span<uint8_t> in, Output out) {
  retired_ = {};
  if (state_ == BridgeState::kHandshake) {
    const auto used = client_handshake_->Consume(in);
    if (!used.ok()) {
      if (LooksLikeHttp(in)) out.to_client.AppendCopy(AsBytes(kAnswerToHttp));
      End(used.status());
      return;
    }
    out.to_client.AppendCopy(client_handshake_->TakeOutput());
    in = in.subspan(*used);
    if (!client_handshake_->done()) return;
    hops_ = client_handshake_->hops();
    client_handshake_.reset();
    SetState(BridgeState::kAwaitingRequest);
  }
  switch (state_) {
    case BridgeState::kAwaitingRequest:
      record_.insert(record_.end(), in.begin(), in.end());
      ReadRecord();
      break;
    case BridgeState::kSelecting:
    case BridgeState::kAwaitingOrigin:
      record_.insert(record_.end(), in.begin(), in.end());
      break;
    case BridgeState::kRelaying:
    case BridgeState::kIdle:
      ForwardToOrigin(in, out);
      break;
    case BridgeState::kHandshake:
    case BridgeState::kEnded:
      break;
  }
  FlushQueues(out);
}

void Bridge::FromOrigin(std::span<uint8_t> in, Output out) {
  retired_ = {};
  if (origin_handshake_ != nullptr) {
    const auto used = origin_handshake_->Consume(in);
    if (!used.ok()) {
      OriginClosed(used.status(), out);
      return;
    }
    out.to_origin.AppendCopy(origin_handshake_->TakeOutput());
    in = in.subspan(*used);
    if (!origin_handshake_->done()) return;
    origin_handshake_.reset();
    Replay(out);
  }
  ForwardToClient(in, out);
  FlushQueues(out);
}

size_t Bridge::ClientReadCapacity() const {
  switch (state_) {
    case BridgeState::kRelaying:
    case BridgeState::kIdle:
      return SIZE_MAX;
    case BridgeState::kEnded:
      return 0;
    default:
      return kReplayCapacity - std::min(kReplayCapacity, record_.size());
  }
}

void Bridge::Connected(HandshakeSeed seed, std::optional<std::array<uint8_t, 4>> real_ip,
                       Output out) {
  retired_ = {};
  SetState(BridgeState::kAwaitingOrigin);
  ask_ = Ask::kHandshake;
  accepted_ = false;
  connect_answered_ = false;
  replay_next_ = false;
  continues_ = false;
  plays_silently_ = false;
  redirect_.clear();
  until_accepted_.clear();
  after_verdict_.clear();
  origin_window_ = 0;
  acknowledged_.reset();
  created_ = false;
  ids_.clear();
  to_client_.ResetInput(out.to_client);
  if (first_request_) {
    // A former origin may have been tried: nothing of that counts.
    to_origin_ = std::make_unique<ChunkForwarder>(Side::kClient, &client_observer_);
    replayed_ = 0;
  } else {
    to_origin_->ResetOutput();
    create_ = {.transaction_id = connect_transaction_ + 1, .client_id = request_.header.stream_id};
    later_creates_.clear();
  }
  OpenCallsAgain();
  origin_handshake_ = std::make_unique<ClientHandshake>(seed);
  if (real_ip.has_value()) out.to_origin.AppendCopy(RealIpPrefix(*real_ip));
  out.to_origin.AppendCopy(origin_handshake_->TakeOutput());
}

void Bridge::Continue(Output out) {
  retired_ = {};
  SetState(BridgeState::kAwaitingOrigin);
  ask_ = Ask::kVerdict;
  accepted_ = false;
  continues_ = true;
  for_origin_.push_back(request_);
  FlushQueues(out);
}

void Bridge::Refuse(absl::Status why, Output out) {
  TellClientStatus(RefusalCode(role_, why.code()), MessageOf(why));
  End(std::move(why));
  FlushQueues(out);
}

void Bridge::OriginClosed(absl::Status why, Output out) {
  origin_handshake_.reset();
  if (state_ == BridgeState::kAwaitingOrigin && ask_ == Ask::kHandshake) {
    SetState(BridgeState::kSelecting);
    return;
  }
  if (state_ == BridgeState::kAwaitingOrigin && why.ok()) {
    // SRS refuses by closing.
    why = OriginFailure(absl::StatusCode::kPermissionDenied,
                        "the origin closed the connection without an answer");
  }
  if (state_ == BridgeState::kAwaitingOrigin) {
    Refuse(std::move(why), out);
  } else if (state_ != BridgeState::kSelecting) {
    End(std::move(why));
  }
}

// ---- The client, until it has named a stream

void Bridge::ReadRecord() {
  Pieces unused;
  while (state_ == BridgeState::kAwaitingRequest && record_read_ < record_.size()) {
    const auto read = naming_forwarder_->Forward(std::span(record_).subspan(record_read_), unused);
    if (!read.ok()) return Fail(read.status());
    record_read_ += *read;
    if (create_.has_value() && create_->record_end == 0) create_->record_end = record_read_;
  }
  if (state_ == BridgeState::kSelecting) {
    request_end_ = record_read_;
    naming_forwarder_.reset();
  } else if (state_ == BridgeState::kAwaitingRequest && record_.size() >= kReplayCapacity) {
    Fail(ClientFailure(absl::StatusCode::kOutOfRange,
                       "64 KiB came without a publish or play command"));
  }
}

MessageAction Bridge::NamingObserver::OnMessageStart(const MessageHeader& header,
                                                     std::span<const uint8_t>) {
  const bool read = IsCommand(header.type) || header.type == MessageType::kUserControl;
  return read ? MessageAction::kConsume : MessageAction::kDrop;
}

Decision Bridge::NamingObserver::OnMessage(const MessageHeader& header,
                                           std::span<uint8_t> payload) {
  if (IsCommand(header.type)) {
    bridge.OnNamingCommand(header, payload);
  } else if (IsPing(header, payload)) {
    bridge.OnNamingPing(ReadUserControl(payload)->value);
  }
  return Decision::kConsume;
}

void Bridge::OnNamingCommand(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (state_ != BridgeState::kAwaitingRequest) return;
  const auto command = DecodeCommand(header.type, payload);
  if (!command.ok()) return Fail(AtFault(Side::kClient, command.status()));
  if (command->name == "connect") return OnConnect(header, *command, payload);
  if (connect_.payload.empty()) {
    return Fail(ClientFailure(absl::StatusCode::kInvalidArgument,
                              "'" + command->name + "' came before connect"));
  }
  if (record_calls_.size() >= OpenCalls::kMax) {
    return Fail(ClientFailure(absl::StatusCode::kOutOfRange,
                              "too many commands without a publish or play"));
  }
  if (command->name == "createStream") {
    OnCreateStream(*command);
  } else if (IsRequest(command->name)) {
    const auto request = ReadRequest(*command);
    SetRequest(header, payload, request.ok() ? *request : Request{{}, RoleOf(command->name)});
    naming_forwarder_->Stop();
    if (!request.ok()) {
      TellClientStatus(RefusalCode(role_, request.status().code()), MessageOf(request.status()));
      End(request.status());
    }
  } else {
    const auto answer = answerer_.Answer(*command);
    record_calls_.Add(command->transaction_id, answer.has_value());
    if (answer.has_value()) TellClient(*answer, kCommandChunkStream, 0);
  }
}

// As the origin will, when the record gets there; that answer is swallowed.
void Bridge::OnNamingPing(uint32_t timestamp) {
  if (state_ != BridgeState::kAwaitingRequest) return;
  for_client_.push_back(
      {{.chunk_stream_id = kControlChunkStream, .type = MessageType::kUserControl},
       UserControlPayload(UserControlEvent::kPingResponse, timestamp)});
}

void Bridge::OnConnect(const MessageHeader& header, const Command& command,
                       std::span<const uint8_t> payload) {
  if (!connect_.payload.empty()) {
    return Fail(ClientFailure(absl::StatusCode::kInvalidArgument, "connect came twice"));
  }
  auto connect = ConnectCommand::From(command);
  if (!connect.ok()) return Fail(AtFault(Side::kClient, connect.status()));
  connect_ = {header, {payload.begin(), payload.end()}};
  connect_transaction_ = connect->transaction_id;
  app_ = connect->app;
  tc_url_ = connect->tc_url;
  for (KeptMessage& message : ConnectAnswer(*connect)) for_client_.push_back(std::move(message));
}

void Bridge::OnCreateStream(const Command& command) {
  answerer_.Answer(command);
  TellClient(CreateStreamResult(command.transaction_id, kGrantedStreamId), kCommandChunkStream, 0);
  if (create_.has_value()) {
    // SRS does not answer a second one of an encoder.
    record_calls_.Add(command.transaction_id, /*answered=*/true);
    return;
  }
  create_ = {.transaction_id = command.transaction_id, .client_id = kGrantedStreamId};
  naming_forwarder_->Stop();  // ReadRecord notes where the command ends.
}

absl::StatusOr<Bridge::Request> Bridge::ReadRequest(const Command& command) const {
  Request request{{}, RoleOf(command.name)};
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
  auto key = StreamKeyFromRtmp(tc_url_, app_, name, vhosts_);
  if (!key.ok()) return AtFault(Side::kClient, key.status());
  request.key = *std::move(key);
  return request;
}

void Bridge::SetRequest(const MessageHeader& header, std::span<const uint8_t> payload,
                        Request request) {
  request_ = {header, {payload.begin(), payload.end()}};
  key_ = std::move(request.key);
  role_ = request.role;
  media_seen_ = false;
  SetState(BridgeState::kSelecting);
}

// ---- The origin, until it has answered

void Bridge::Replay(Output out) {
  const bool wants_id = create_.has_value() && !created_;
  if (first_request_) {
    const size_t end = wants_id ? create_->record_end : request_end_;
    const auto part = std::span(record_).subspan(replayed_, end - replayed_);
    replayed_ = end;
    ForwardToOrigin(part, out);
  } else if (wants_id) {
    for_origin_.push_back(connect_);
    if (role_ == Role::kPublisher) {
      for_origin_.insert(for_origin_.end(), encoder_calls_.begin(), encoder_calls_.end());
    }
    for_origin_.push_back(
        {{.chunk_stream_id = kCommandChunkStream, .type = MessageType::kCommandAmf0},
         EncodeCommand(MessageType::kCommandAmf0, rtmp::CreateStream(create_->transaction_id))});
  } else {
    for_origin_.push_back(request_);
  }
  ask_ = wants_id ? Ask::kStreamId : Ask::kVerdict;
  FlushQueues(out);
}

void Bridge::OpenCallsAgain() {
  open_calls_ = first_request_ ? record_calls_ : OpenCalls();
  if (first_request_) return;
  for (const KeptMessage& call : encoder_calls_) {
    const auto command = DecodeCommand(call.header.type, call.payload);
    if (command.ok()) open_calls_.Add(command->transaction_id, /*answered=*/true);
  }
}

void Bridge::ForwardToOrigin(std::span<uint8_t> in, Output out) {
  while (!in.empty() && state_ != BridgeState::kEnded) {
    const auto read = to_origin_->Forward(in, out.to_origin);
    if (!read.ok()) return Fail(read.status());
    in = in.subspan(*read);
    FlushQueues(out);
    if (state_ == BridgeState::kSelecting) {  // What follows waits for the next verdict.
      record_.assign(in.begin(), in.end());
      return;
    }
  }
}

void Bridge::ForwardToClient(std::span<uint8_t> in, Output out) {
  // After a redirect, this origin has no more to say.
  while (!in.empty() && state_ != BridgeState::kEnded && redirect_.empty()) {
    const auto read = to_client_.Forward(in, out.to_client);
    if (!read.ok()) return Fail(read.status());
    in = in.subspan(*read);
    FlushQueues(out);
    if (state_ != BridgeState::kAwaitingOrigin) continue;
    if (accepted_) {
      StartFlowing(out);
    } else if (std::exchange(replay_next_, false)) {
      Replay(out);
    }
  }
}

MessageAction Bridge::OriginObserver::OnMessageStart(const MessageHeader& header,
                                                     std::span<const uint8_t> prefix) {
  if (bridge.state_ == BridgeState::kAwaitingOrigin) return bridge.AnswerAction(header, prefix);
  if (IsMedia(header.type)) {
    if (bridge.role_ == Role::kViewer) bridge.media_seen_ = true;
    return MessageAction::kPass;
  }
  if (IsCommand(header.type)) {
    const bool stream_id =
        !bridge.later_creates_.empty() && PeekCommandName(header.type, prefix) == "_result";
    return stream_id ? MessageAction::kHold : MessageAction::kPass;
  }
  return !bridge.ids_.empty() && CarriesStreamId(header.type, prefix) ? MessageAction::kHold
                                                                      : MessageAction::kPass;
}

Decision Bridge::OriginObserver::OnMessage(const MessageHeader& header,
                                           std::span<uint8_t> payload) {
  const bool asking = bridge.state_ == BridgeState::kAwaitingOrigin;
  if (!IsCommand(header.type)) {
    if (asking) bridge.OnControlAnswer(header, payload);
    for (const StreamIds& ids : bridge.ids_) {
      if (RewriteStreamId(header.type, payload, ids.origin, ids.client)) break;
    }
    return Decision::kForward;
  }
  if (asking) {
    bridge.OnAnswer(header, payload);
    return Decision::kConsume;
  }
  const auto command = DecodeCommand(header.type, payload);
  if (command.ok()) bridge.OnLaterResult(*command, payload);
  return Decision::kForward;
}

MessageAction Bridge::AnswerAction(const MessageHeader& header, std::span<const uint8_t> prefix) {
  if (IsCommand(header.type)) return MessageAction::kConsume;
  if (IsMedia(header.type)) {
    if (ask_ != Ask::kVerdict || role_ != Role::kViewer) return MessageAction::kDrop;
    // What comes on a connection that has played before may be the rest of that.
    if (continues_ && !plays_silently_) return MessageAction::kPass;
    plays_silently_ = true;
    accepted_ = true;  // An origin that plays without a word has said yes.
    media_seen_ = true;
    to_client_.Stop();
    return MessageAction::kPass;
  }
  // What the client would answer waits in the record.
  if (IsPing(header, prefix)) return MessageAction::kConsume;
  if (!continues_) {
    const MessageAction action = ControlAnswerAction(header, prefix);
    if (action != MessageAction::kPass) return action;
  }
  return !ids_.empty() && CarriesStreamId(header.type, prefix) ? MessageAction::kHold
                                                               : MessageAction::kPass;
}

// The client was told the same, or the proxy answers.
MessageAction Bridge::ControlAnswerAction(const MessageHeader& header,
                                          std::span<const uint8_t> prefix) {
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

void Bridge::OnControlAnswer(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (header.type == MessageType::kWindowAckSize) {
    origin_window_ = ReadControlNumber(payload).value_or(0);
  } else if (header.type == MessageType::kAcknowledgement) {
    acknowledged_ = ReadControlNumber(payload);
  } else if (IsPing(header, payload)) {
    for_origin_.push_back(
        {{.chunk_stream_id = kControlChunkStream, .type = MessageType::kUserControl},
         UserControlPayload(UserControlEvent::kPingResponse, ReadUserControl(payload)->value)});
  }
}

void Bridge::OnAnswer(const MessageHeader& header, std::span<uint8_t> payload) {
  to_client_.Stop();  // What this leads to comes before what follows.
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
    PassToClient(header, payload);
  } else if (command->name != "onBWDone") {
    KeepForLater(header, payload);
  }
}

void Bridge::OnResult(const MessageHeader& header, const Command& command,
                      std::span<uint8_t> payload) {
  const auto result = ResultCommand::From(command);
  if (!result.ok()) return Fail(AtFault(Side::kOrigin, result.status()));
  if (OnLaterResult(command, payload) || continues_) return PassToClient(header, payload);
  // SRS answers connect with 1, whatever it was asked with.
  if (!connect_answered_ && (SameTransaction(result->transaction_id, connect_transaction_) ||
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

void Bridge::RefusedByOrigin(const ResultCommand& result, std::string_view what) {
  std::string text = "the origin refused " + std::string(what);
  for (const std::string& part : {result.code, result.description}) {
    if (!part.empty()) text += ": " + part;
  }
  const absl::Status why = OriginFailure(absl::StatusCode::kPermissionDenied, text);
  TellClientStatus(RefusalCode(role_, why.code()), text);
  End(why);
}

void Bridge::OnConnectResult(const ResultCommand& result) {
  connect_answered_ = true;
  if (result.ok) return;
  if (result.redirect.empty()) return RefusedByOrigin(result, "connect");
  redirect_ = result.redirect;
  SetState(BridgeState::kSelecting);
}

void Bridge::OnStreamIdResult(const ResultCommand& result) {
  if (!result.ok || !result.number.has_value()) return RefusedByOrigin(result, "createStream");
  const std::optional<uint32_t> id = ToStreamId(*result.number);
  if (!id.has_value()) {
    return Fail(OriginFailure(absl::StatusCode::kInvalidArgument,
                              "the origin answered createStream with a number that is no stream"));
  }
  MapStream(create_->client_id, *id);
  created_ = true;
  replay_next_ = true;
}

void Bridge::OnVerdict(const MessageHeader& header, const Command& command,
                       std::span<const uint8_t> payload) {
  const auto verdict = StatusCommand::From(command);
  if (!verdict.ok()) return Fail(AtFault(Side::kOrigin, verdict.status()));
  if (verdict->is_error() && !verdict->redirect.empty()) {
    redirect_ = verdict->redirect;
    return SetState(BridgeState::kSelecting);
  }
  if (verdict->is_error()) {
    PassToClient(header, payload);
    return End(OriginFailure(absl::StatusCode::kPermissionDenied,
                             "the origin refused: " + verdict->code + ": " + verdict->description));
  }
  if (ask_ != Ask::kVerdict) return KeepForLater(header, payload);
  TellOriginsWays();
  accepted_ = verdict->code == "NetStream.Publish.Start" || verdict->code == "NetStream.Play.Start";
  if (accepted_) {
    for (const KeptMessage& kept : std::exchange(until_accepted_, {})) {
      PassToClient(kept.header, kept.payload);
    }
  }
  PassToClient(header, payload);
}

void Bridge::TellOriginsWays() {
  const auto control = [this](MessageType type, std::vector<uint8_t> payload) {
    for_client_.push_back(
        {{.chunk_stream_id = kControlChunkStream, .type = type}, std::move(payload)});
  };
  // A window that is larger than the one told hurts nobody: the origin is acknowledged early.
  if (const uint32_t window = std::exchange(origin_window_, 0);
      window > 0 && window < kGrantedWindowBytes) {
    control(MessageType::kWindowAckSize, WindowAckSizePayload(window));
  }
  // ffmpeg's publisher would take it over, and nginx-rtmp loses bytes of one that comes down to a
  // smaller size. A publisher is told by the forwarder before a message that needs it: hardly ever.
  if (role_ == Role::kViewer && to_client_.input_chunk_size() != to_client_.output_chunk_size()) {
    control(MessageType::kSetChunkSize, SetChunkSizePayload(to_client_.input_chunk_size()));
  }
}

void Bridge::KeepForLater(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (after_verdict_.size() >= kMaxKept) return;
  after_verdict_.push_back({header, {payload.begin(), payload.end()}});
}

void Bridge::StartFlowing(Output out) {
  SetState(BridgeState::kRelaying);
  for (const KeptMessage& kept : std::exchange(after_verdict_, {})) {
    PassToClient(kept.header, kept.payload);
  }
  if (acknowledged_.has_value()) {
    for_client_.push_back(
        {{.chunk_stream_id = kControlChunkStream, .type = MessageType::kAcknowledgement},
         AcknowledgementPayload(*std::exchange(acknowledged_, std::nullopt))});
  }
  FlushQueues(out);
  accepted_ = false;
  active_.push_back({request_.header.stream_id, role_});
  request_.payload = {};
  create_.reset();
  record_calls_.Clear();
  open_calls_.Clear();
  encoder_calls_.clear();
  retired_ = std::exchange(record_, {});
  const auto rest = std::span(retired_).subspan(first_request_ ? replayed_ : 0);
  first_request_ = false;
  ForwardToOrigin(rest, out);
}

// ---- The client, later

MessageAction Bridge::ClientObserver::OnMessageStart(const MessageHeader& header,
                                                     std::span<const uint8_t> prefix) {
  if (bridge.state_ != BridgeState::kAwaitingOrigin) return bridge.FlowingAction(header, prefix);
  return !bridge.ids_.empty() && CarriesStreamId(header.type, prefix) ? MessageAction::kHold
                                                                      : MessageAction::kPass;
}

MessageAction Bridge::FlowingAction(const MessageHeader& header, std::span<const uint8_t> prefix) {
  if (IsMedia(header.type)) {
    if (role_ == Role::kPublisher) media_seen_ = true;
    return MessageAction::kPass;
  }
  if (IsCommand(header.type)) {
    const std::string_view name = PeekCommandName(header.type, prefix);
    if (IsRequest(name)) return MessageAction::kConsume;
    if (name == "deleteStream") return MessageAction::kHold;
    const bool shown = name == "createStream" || name == "closeStream" || name == "FCUnpublish" ||
                       name == "releaseStream" || name == "FCPublish";
    return shown ? MessageAction::kPassAndShow : MessageAction::kPass;
  }
  return !ids_.empty() && CarriesStreamId(header.type, prefix) ? MessageAction::kHold
                                                               : MessageAction::kPass;
}

Decision Bridge::ClientObserver::OnMessage(const MessageHeader& header,
                                           std::span<uint8_t> payload) {
  if (IsCommand(header.type) && bridge.state_ != BridgeState::kAwaitingOrigin) {
    bridge.OnFlowingCommand(header, payload);
  }
  for (const StreamIds& ids : bridge.ids_) {
    if (RewriteStreamId(header.type, payload, ids.client, ids.origin)) break;
  }
  return Decision::kForward;
}

void Bridge::OnFlowingCommand(const MessageHeader& header, std::span<const uint8_t> payload) {
  const auto command = DecodeCommand(header.type, payload);
  if (!command.ok()) return Fail(AtFault(Side::kClient, command.status()));
  if (IsRequest(command->name)) {
    OnLaterRequest(header, *command, payload);
  } else if (command->name == "createStream") {
    if (later_creates_.size() < kMaxStreams) later_creates_.push_back(command->transaction_id);
  } else if (command->name == "deleteStream") {
    const auto deleted = DeleteStreamCommand::From(*command);
    if (!deleted.ok()) return;  // The origin says what it thinks of it.
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

void Bridge::OnLaterRequest(const MessageHeader& header, const Command& command,
                            std::span<const uint8_t> payload) {
  auto request = ReadRequest(command);
  const auto refuse = [&](absl::StatusCode code, std::string_view text) {
    const Role role = RoleOf(command.name);
    for_client_.push_back(
        {{.chunk_stream_id = kStatusChunkStream,
          .type = header.type,
          .stream_id = header.stream_id},
         EncodeCommand(header.type, OnStatus("error", RefusalCode(role, code), text))});
  };
  if (!request.ok()) return refuse(request.status().code(), MessageOf(request.status()));
  if (active_.empty()) {
    to_origin_->Stop();
    return SetRequest(header, payload, *std::move(request));
  }
  if (request->key != key_ || active_.size() >= kMaxStreams) {
    return refuse(absl::StatusCode::kPermissionDenied,
                  "this connection carries " + key_.ToString() + "; end that stream first");
  }
  active_.push_back({header.stream_id, request->role});
  for_origin_.push_back({header, {payload.begin(), payload.end()}});
}

bool Bridge::OnLaterResult(const Command& result, std::span<uint8_t> payload) {
  const auto found = std::find_if(
      later_creates_.begin(), later_creates_.end(),
      [&result](double create) { return SameTransaction(create, result.transaction_id); });
  if (found == later_creates_.end()) return false;
  if (result.name != "_error" && result.Argument(1).AsNumber() == nullptr) return false;
  later_creates_.erase(found);
  if (result.name == "_result") OnLaterStreamId(payload);
  return true;
}

void Bridge::OnLaterStreamId(std::span<uint8_t> payload) {
  // _result, transaction, null, and the stream id as an AMF0 number at the very end.
  constexpr size_t kNumberBytes = 9;
  if (payload.size() < kNumberBytes || payload[payload.size() - kNumberBytes] != 0) return;
  const auto number = payload.last(kNumberBytes - 1);
  uint64_t bits = 0;
  for (const uint8_t byte : number) bits = bits << 8 | byte;
  const std::optional<uint32_t> origin_id = ToStreamId(std::bit_cast<double>(bits));
  if (!origin_id.has_value()) return;
  uint32_t client_id = *origin_id;
  const auto taken = [this](uint32_t id) {
    return std::any_of(ids_.begin(), ids_.end(),
                       [id](const StreamIds& ids) { return ids.client == id; });
  };
  while (taken(client_id)) ++client_id;
  MapStream(client_id, *origin_id);
  bits = std::bit_cast<uint64_t>(static_cast<double>(client_id));
  for (size_t i = number.size(); i-- > 0; bits >>= 8) number[i] = static_cast<uint8_t>(bits);
}

template <typename Predicate>
void Bridge::EndStreams(Predicate ended) {
  if (std::erase_if(active_, ended) > 0 && active_.empty()) SetState(BridgeState::kIdle);
}

// ---- Stream ids

void Bridge::MapStream(uint32_t client_id, uint32_t origin_id) {
  std::erase_if(ids_, [&](const StreamIds& ids) {
    if (ids.client != client_id && ids.origin != origin_id) return false;
    to_origin_->MapStreamId(ids.client, ids.client);
    to_client_.MapStreamId(ids.origin, ids.origin);
    return true;
  });
  to_origin_->MapStreamId(client_id, origin_id);
  to_client_.MapStreamId(origin_id, client_id);
  if (client_id != origin_id && ids_.size() < kMaxStreams) ids_.push_back({client_id, origin_id});
}

uint32_t Bridge::ToClientId(uint32_t origin_id) const {
  for (const StreamIds& ids : ids_) {
    if (ids.origin == origin_id) return ids.client;
  }
  return origin_id;
}

uint32_t Bridge::ToOriginId(uint32_t client_id) const {
  for (const StreamIds& ids : ids_) {
    if (ids.client == client_id) return ids.origin;
  }
  return client_id;
}

// ---- What the proxy says itself

void Bridge::TellClient(const Command& command, uint32_t chunk_stream_id, uint32_t stream_id) {
  const MessageType type =
      IsCommand(request_.header.type) ? request_.header.type : MessageType::kCommandAmf0;
  for_client_.push_back({{.chunk_stream_id = chunk_stream_id, .type = type, .stream_id = stream_id},
                         EncodeCommand(type, command)});
}

void Bridge::TellClientStatus(std::string_view code, std::string_view description) {
  TellClient(OnStatus("error", code, description), kStatusChunkStream, request_.header.stream_id);
}

void Bridge::PassToClient(const MessageHeader& header, std::span<const uint8_t> payload) {
  MessageHeader told = header;
  told.stream_id = ToClientId(header.stream_id);
  for_client_.push_back({told, {payload.begin(), payload.end()}});
}

void Bridge::FlushQueues(Output out) {
  if (for_client_.empty() && for_origin_.empty()) return;
  for (const KeptMessage& message : std::exchange(for_client_, {})) {
    const auto sent = to_client_.Inject(message.header, message.payload, out.to_client);
    if (!sent.ok()) return End(sent);
  }
  for (KeptMessage& message : std::exchange(for_origin_, {})) {
    message.header.stream_id = ToOriginId(message.header.stream_id);
    const auto sent = to_origin_->Inject(message.header, message.payload, out.to_origin);
    if (!sent.ok()) return End(sent);
  }
}

void Bridge::SetState(BridgeState state) {
  const BridgeState before = std::exchange(state_, state);
  if (before != state) listener_.OnBridgeState(before, state);
}

void Bridge::End(absl::Status why) {
  if (state_ == BridgeState::kEnded) return;
  status_ = std::move(why);
  SetState(BridgeState::kEnded);
}

void Bridge::Fail(absl::Status why) {
  if (state_ == BridgeState::kEnded) return;
  if (SideOf(why) == Side::kClient) {
    TellClientStatus("NetConnection.Call.Failed", MessageOf(why));
  } else if (state_ == BridgeState::kAwaitingOrigin) {
    // It is not the client's name that is wrong.
    TellClientStatus(RefusalCode(role_, absl::StatusCode::kUnavailable),
                     "the origin's answer could not be read");
  }
  End(std::move(why));
}

}  // namespace srsproxy::rtmp
