#include "dataplane/protocol/rtmp/client_setup.h"

#include <algorithm>
#include <string_view>

namespace srsproxy::rtmp {
namespace {

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

}  // namespace

ClientSetup::ClientSetup(const VhostPolicy& vhosts, HandshakeSeed seed)
    : vhosts_(vhosts), handshake_(seed), forwarder_(Side::kClient, this) {}

ClientSetup::~ClientSetup() = default;

void ClientSetup::Read(std::span<const uint8_t> in, BufferSequence& to_client,
                       std::vector<KeptMessage>& answers) {
  if (!handshake_.done()) in = ReadHandshake(in, to_client);
  if (!handshake_.done() || ended()) return;
  answers_ = &answers;
  replay_.Append(in);
  ReadCommands();
}

// Returns what is left.
std::span<const uint8_t> ClientSetup::ReadHandshake(std::span<const uint8_t> in,
                                                    BufferSequence& to_client) {
  const auto used = handshake_.Consume(in);
  if (!used.ok()) {
    if (LooksLikeHttp(in)) to_client.AppendCopy(AsBytes(kAnswerToHttp));
    status_ = used.status();
    return {};
  }
  to_client.AppendCopy(handshake_.TakeOutput());
  if (handshake_.done()) connection_.hops = handshake_.hops();
  return in.subspan(*used);
}

void ClientSetup::ReadCommands() {
  BufferSequence unused;
  while (!ended() && read_ < replay_.bytes.size()) {
    const auto read = forwarder_.Forward(std::span(replay_.bytes).subspan(read_), unused);
    if (!read.ok()) return Fail(read.status());
    read_ += *read;
    if (replay_.create.has_value() && replay_.create->end == 0) replay_.create->end = read_;
  }
  if (named()) {
    replay_.request_end = read_;
  } else if (!ended() && replay_.free() == 0) {
    Fail(ClientFailure(absl::StatusCode::kOutOfRange,
                       "64 KiB came without a publish or play command"));
  }
}

MessageAction ClientSetup::OnMessageStart(const MessageHeader& header, std::span<const uint8_t>) {
  const bool read = IsCommand(header.type) || header.type == MessageType::kUserControl;
  return read ? MessageAction::kConsume : MessageAction::kDrop;
}

Decision ClientSetup::OnMessage(const MessageHeader& header, std::span<uint8_t> payload) {
  if (ended()) return Decision::kConsume;
  if (IsCommand(header.type)) {
    OnCommand(header, payload);
  } else if (IsPing(header, payload)) {
    // As the origin will, when the replay gets there; that answer is swallowed.
    answers_->push_back(PingAnswer(payload));
  }
  return Decision::kConsume;
}

void ClientSetup::OnCommand(const MessageHeader& header, std::span<const uint8_t> payload) {
  const auto command = DecodeCommand(header.type, payload);
  if (!command.ok()) return Fail(AtFault(Side::kClient, command.status()));
  if (command->name == "connect") return OnConnect(header, *command, payload);
  if (connection_.connect.payload.empty()) {
    return Fail(ClientFailure(absl::StatusCode::kInvalidArgument,
                              "'" + command->name + "' came before connect"));
  }
  if (replay_.calls.size() >= OpenCalls::kMax) {
    return Fail(ClientFailure(absl::StatusCode::kOutOfRange,
                              "too many commands without a publish or play"));
  }
  if (command->name == "createStream") return OnCreateStream(*command);
  if (IsStreamRequest(command->name)) return OnRequest(header, *command, payload);
  const auto answer = answerer_.Answer(*command);
  replay_.calls.Add(command->transaction_id, answer.has_value());
  if (answer.has_value()) Answer(*answer);
}

void ClientSetup::OnConnect(const MessageHeader& header, const Command& command,
                            std::span<const uint8_t> payload) {
  if (!connection_.connect.payload.empty()) {
    return Fail(ClientFailure(absl::StatusCode::kInvalidArgument, "connect came twice"));
  }
  auto connect = ConnectCommand::From(command);
  if (!connect.ok()) return Fail(AtFault(Side::kClient, connect.status()));
  connection_.connect = {header, {payload.begin(), payload.end()}};
  connection_.connect_transaction = connect->transaction_id;
  connection_.app = connect->app;
  connection_.tc_url = connect->tc_url;
  for (KeptMessage& message : ConnectAnswer(*connect)) answers_->push_back(std::move(message));
}

void ClientSetup::OnCreateStream(const Command& command) {
  answerer_.Answer(command);
  Answer(CreateStreamResult(command.transaction_id, kGrantedStreamId));
  if (replay_.create.has_value()) {
    // SRS does not answer a second one of an encoder.
    replay_.calls.Add(command.transaction_id, /*answered=*/true);
    return;
  }
  replay_.create = {.transaction_id = command.transaction_id, .client_id = kGrantedStreamId};
  forwarder_.Stop();  // ReadCommands notes where the command ends.
}

void ClientSetup::OnRequest(const MessageHeader& header, const Command& command,
                            std::span<const uint8_t> payload) {
  auto request = ReadStreamRequest(header, command, payload, connection_, vhosts_);
  forwarder_.Stop();
  if (request.ok()) {
    request_ = *std::move(request);
    return;
  }
  status_ = request.status();
  request_ = StreamRequest{.message = {header, {payload.begin(), payload.end()}},
                           .key = {},
                           .role = RoleOf(command.name),
                           .encoder_calls = {}};
  answers_->push_back(
      ErrorStatus(header, RefusalCode(request_->role, status_.code()), MessageOf(status_)));
}

void ClientSetup::Answer(const Command& command) {
  constexpr MessageType kType = MessageType::kCommandAmf0;
  answers_->push_back(
      {{.chunk_stream_id = kCommandChunkStream, .type = kType}, EncodeCommand(kType, command)});
}

void ClientSetup::Fail(absl::Status why) {
  if (ended()) return;
  answers_->push_back(ErrorStatus({}, "NetConnection.Call.Failed", MessageOf(why)));
  status_ = std::move(why);
}

}  // namespace srsproxy::rtmp
