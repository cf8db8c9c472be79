// RTMP commands: what clients and origins say in AMF, read and written.
// Source: RTMP 1.0 section 7.2; publish, FCPublish and releaseStream as every encoder sends them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/amf_value.h"
#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

struct Command {
  std::string name;
  double transaction_id = 0;
  std::vector<AmfValue> arguments;  // The first is the command object, often null.

  // arguments[index], or undefined when there are fewer.
  const AmfValue& Argument(size_t index) const;
};

// Reads the payload of a message of type 20 or 17 (a leading 0 byte, then AMF0 values). Errors are
// INVALID_ARGUMENT; the caller says who is at fault (AtFault).
absl::StatusOr<Command> DecodeCommand(MessageType type, std::span<const uint8_t> payload);

// The command's name as far as `prefix`, the first bytes of its payload, shows it ("createStr").
// Empty when these bytes are no command. A view into `prefix`.
std::string_view PeekCommandName(MessageType type, std::span<const uint8_t> prefix);

// The payload of a command message; type 17 gets its leading 0 byte.
std::vector<uint8_t> EncodeCommand(MessageType type, const Command& command);

// ---- What clients say. Each From takes a command of that name, and fails with INVALID_ARGUMENT
// when a value that matters is missing or of another type.

struct ConnectCommand {
  double transaction_id = 1;
  std::string app;     // May carry a query.
  std::string tc_url;  // rtmp://host[:port]/app...; may be empty.
  std::string page_url;
  std::string swf_url;
  std::string flash_version;
  double object_encoding = 0;  // 0 or 3.

  static absl::StatusOr<ConnectCommand> From(const Command& command);
};

struct PublishCommand {
  double transaction_id = 0;
  std::string stream_name;  // May carry a query.
  std::string type;         // "live", "record", "append"; empty when not told.

  static absl::StatusOr<PublishCommand> From(const Command& command);
};

// play, and play2 (whose parameters are in an object).
struct PlayCommand {
  double transaction_id = 0;
  std::string stream_name;  // May carry a query.
  double start = -2;
  double duration = -1;
  bool reset = true;

  static absl::StatusOr<PlayCommand> From(const Command& command);
};

// releaseStream, FCPublish, FCUnpublish: a stream name behind a null.
struct StreamNameCommand {
  double transaction_id = 0;
  std::string stream_name;

  static absl::StatusOr<StreamNameCommand> From(const Command& command);
};

struct DeleteStreamCommand {
  uint32_t stream_id = 0;

  static absl::StatusOr<DeleteStreamCommand> From(const Command& command);
};

// ---- What servers say.

// _result or _error of an earlier command, told by its transaction_id.
struct ResultCommand {
  bool ok = false;
  double transaction_id = 0;
  std::string code;              // Of the information object; empty when there is none.
  std::string description;       // Of the information object.
  std::optional<double> number;  // createStream's stream id.
  std::string redirect;          // ex.redirect of a 302, else empty.

  static absl::StatusOr<ResultCommand> From(const Command& command);
};

// onStatus, and onFCPublish / onFCUnpublish / onFCSubscribe which have the same shape.
struct StatusCommand {
  std::string level;  // "status", "warning", "error"
  std::string code;   // "NetStream.Publish.Start"
  std::string description;
  std::string redirect;  // ex.redirect of a 302, else empty.

  bool is_error() const { return level == "error"; }

  static absl::StatusOr<StatusCommand> From(const Command& command);
};

// ---- What the proxy says. Commands, to be encoded with EncodeCommand.

// _result of connect: NetConnection.Connect.Success, in the client's object encoding.
Command ConnectResult(double transaction_id, double object_encoding);
Command CreateStreamResult(double transaction_id, uint32_t stream_id);
// _result with null and undefined: for releaseStream, FCPublish and the like.
Command EmptyResult(double transaction_id);
// _error with an information object: level error.
Command ErrorResult(double transaction_id, std::string_view code, std::string_view description);
Command OnStatus(std::string_view level, std::string_view code, std::string_view description);

Command CreateStream(double transaction_id);

// ---- Payloads of protocol control messages (RTMP 1.0 sections 5.4 and 7.1.7).

std::vector<uint8_t> SetChunkSizePayload(uint32_t chunk_size);  // 1 to kMaxChunkSize
std::vector<uint8_t> AcknowledgementPayload(uint32_t sequence_number);
std::vector<uint8_t> WindowAckSizePayload(uint32_t bytes);
enum class PeerBandwidthLimit : uint8_t { kHard = 0, kSoft = 1, kDynamic = 2 };
std::vector<uint8_t> SetPeerBandwidthPayload(uint32_t bytes, PeerBandwidthLimit limit);

enum class UserControlEvent : uint16_t {
  kStreamBegin = 0,
  kStreamEof = 1,
  kStreamDry = 2,
  kSetBufferLength = 3,
  kStreamIsRecorded = 4,
  kPingRequest = 6,
  kPingResponse = 7,
  kBufferEmpty = 31,
  kBufferReady = 32,
};
// An event with one 32 bit value: a stream id, or a ping's timestamp.
std::vector<uint8_t> UserControlPayload(UserControlEvent event, uint32_t value);

// A 32 bit big-endian number: the payload of acknowledgement, window size and chunk size messages.
std::optional<uint32_t> ReadControlNumber(std::span<const uint8_t> payload);

struct UserControl {
  UserControlEvent event;
  uint32_t value = 0;
};
// Empty when `payload` is shorter than an event and one value.
std::optional<UserControl> ReadUserControl(std::span<const uint8_t> payload);

// ---- Stream ids inside payloads.

// A message stream id that came as an AMF number; empty when it cannot be one.
std::optional<uint32_t> ToStreamId(double number);

// True when a message of this type and beginning may carry a message stream id in its payload: a
// user control event about a stream, or deleteStream. Such a message is to be held.
bool CarriesStreamId(MessageType type, std::span<const uint8_t> prefix);

// Writes `to` where the payload of such a message says `from`. True when something was changed.
// The length stays; an AMF3 integer that would need more bytes is left as it is.
bool RewriteStreamId(MessageType type, std::span<uint8_t> payload, uint32_t from, uint32_t to);

}  // namespace srsproxy::rtmp
