// RTMP commands: the calls and results of clients and origins in AMF, read and written.
// Source: RTMP 1.0 section 7.2; publish, FCPublish and releaseStream as every encoder sends them.
#pragma once

#include <cstddef>
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

// Where the AMF0 values of such a message begin: behind a byte that is 0 in type 17.
constexpr size_t CommandStart(MessageType type) {
  return type == MessageType::kCommandAmf3 ? 1 : 0;
}

// Reads the payload of a message of type 20 or 17 (a leading 0 byte, then AMF0 values). Errors are
// INVALID_ARGUMENT; the caller adds who is at fault (AtFault).
absl::StatusOr<Command> DecodeCommand(MessageType type, std::span<const uint8_t> payload);

// The command's name as far as `prefix`, the first bytes of its payload, shows it ("createStr").
// Empty when these bytes are no command. A view into `prefix`.
std::string_view PeekCommandName(MessageType type, std::span<const uint8_t> prefix);

// The payload of a command message; type 17 gets its leading 0 byte.
std::vector<uint8_t> EncodeCommand(MessageType type, const Command& command);

// ---- What clients send. Each From takes a command of that name, and fails with INVALID_ARGUMENT
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
  std::string type;         // "live", "record", "append"; empty when not given.

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

// ---- What servers send.

// _result or _error of an earlier command, found by its transaction_id.
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

// ---- What the proxy sends. Commands, to be encoded with EncodeCommand.

// _result of connect: NetConnection.Connect.Success, in the client's object encoding.
Command ConnectResult(double transaction_id, double object_encoding);
Command CreateStreamResult(double transaction_id, uint32_t stream_id);
// _result with null and undefined: for releaseStream, FCPublish and the like.
Command EmptyResult(double transaction_id);
// _error with an information object: level error.
Command ErrorResult(double transaction_id, std::string_view code, std::string_view description);
Command OnStatus(std::string_view level, std::string_view code, std::string_view description);

Command CreateStream(double transaction_id);

// A message stream id that came as an AMF number; empty when it cannot be one.
std::optional<uint32_t> ToStreamId(double number);

}  // namespace srsproxy::rtmp
