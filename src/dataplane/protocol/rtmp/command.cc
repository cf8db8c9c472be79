#include "dataplane/protocol/rtmp/command.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/protocol/rtmp/amf0.h"
#include "dataplane/protocol/rtmp/amf_reader.h"
#include "dataplane/protocol/rtmp/big_endian.h"

namespace srsproxy::rtmp {
namespace {

constexpr uint8_t kStringMarker = 2;  // AMF0

// The server that results name: Flash Media Server 3.5, as clients look at it.
constexpr std::string_view kServerVersion = "FMS/3,5,3,888";
constexpr double kServerCapabilities = 127;

absl::Status Missing(const Command& command, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("the command ", command.name, " has no ", ToAbsl(what)));
}

std::string TextOr(const AmfValue* value, std::string_view otherwise) {
  const std::string* text = value == nullptr ? nullptr : value->AsString();
  return text == nullptr ? std::string(otherwise) : *text;
}

double NumberOr(const AmfValue* value, double otherwise) {
  const double* number = value == nullptr ? nullptr : value->AsNumber();
  return number == nullptr ? otherwise : *number;
}

// The first object among the arguments, from `first` on, that has a code.
const AmfObject* InformationOf(const Command& command, size_t first) {
  for (size_t index = first; index < command.arguments.size(); ++index) {
    const AmfObject* object = command.arguments[index].AsObject();
    if (object != nullptr && object->Find("code") != nullptr) return object;
  }
  return nullptr;
}

AmfObject Information(std::string_view level, std::string_view code, std::string_view description) {
  AmfObject object;
  object.properties = {{"level", level}, {"code", code}, {"description", description}};
  return object;
}

// SRS's origin cluster: where to go instead.
std::string RedirectOf(const AmfObject& information) {
  const AmfValue* extra = information.Find("ex");
  if (extra == nullptr || extra->AsObject() == nullptr) return "";
  return TextOr(extra->AsObject()->Find("redirect"), "");
}

}  // namespace

const AmfValue& Command::Argument(size_t index) const {
  static const AmfValue kUndefined;
  return index < arguments.size() ? arguments[index] : kUndefined;
}

std::optional<uint32_t> ToStreamId(double number) {
  if (!(number >= 0 && number <= std::numeric_limits<uint32_t>::max())) return std::nullopt;
  return static_cast<uint32_t>(number);
}

absl::StatusOr<Command> DecodeCommand(MessageType type, std::span<const uint8_t> payload) {
  AmfReader reader(payload);
  reader.Skip(CommandStart(type));
  const AmfValue name = ReadAmf0(reader);
  if (!reader.ok()) return reader.status();
  if (name.AsString() == nullptr) return absl::InvalidArgumentError("a command has no name");
  Command command;
  command.name = *name.AsString();
  if (!reader.AtEnd()) {
    const AmfValue transaction_id = ReadAmf0(reader);
    command.transaction_id = NumberOr(&transaction_id, 0);
  }
  while (reader.ok() && !reader.AtEnd()) command.arguments.push_back(ReadAmf0(reader));
  if (!reader.ok()) return reader.status();
  return command;
}

std::string_view PeekCommandName(MessageType type, std::span<const uint8_t> prefix) {
  constexpr size_t kStringHeader = 3;
  const size_t start = CommandStart(type) + kStringHeader;
  if (!IsCommand(type) || prefix.size() < start) return {};
  const uint8_t* header = prefix.data() + CommandStart(type);
  if (header[0] != kStringMarker) return {};
  const size_t size = size_t{header[1]} << 8 | header[2];
  return {reinterpret_cast<const char*>(prefix.data()) + start,
          std::min(size, prefix.size() - start)};
}

std::vector<uint8_t> EncodeCommand(MessageType type, const Command& command) {
  std::vector<uint8_t> payload(CommandStart(type), 0);
  WriteAmf0(command.name, payload);
  WriteAmf0(command.transaction_id, payload);
  for (const AmfValue& argument : command.arguments) WriteAmf0(argument, payload);
  return payload;
}

absl::StatusOr<ConnectCommand> ConnectCommand::From(const Command& command) {
  const AmfObject* object = command.Argument(0).AsObject();
  if (object == nullptr) return Missing(command, "command object");
  ConnectCommand connect;
  connect.transaction_id = command.transaction_id;
  connect.app = TextOr(object->Find("app"), "");
  connect.tc_url = TextOr(object->Find("tcUrl"), "");
  connect.page_url = TextOr(object->Find("pageUrl"), "");
  connect.swf_url = TextOr(object->Find("swfUrl"), "");
  connect.flash_version = TextOr(object->Find("flashVer"), "");
  connect.object_encoding = NumberOr(object->Find("objectEncoding"), 0);
  if (connect.app.empty() && connect.tc_url.empty()) return Missing(command, "app and no tcUrl");
  return connect;
}

absl::StatusOr<PublishCommand> PublishCommand::From(const Command& command) {
  const std::string* name = command.Argument(1).AsString();
  if (name == nullptr) return Missing(command, "stream name");
  return PublishCommand{command.transaction_id, *name, TextOr(&command.Argument(2), "")};
}

absl::StatusOr<PlayCommand> PlayCommand::From(const Command& command) {
  PlayCommand play;
  play.transaction_id = command.transaction_id;
  const AmfObject* parameters = command.Argument(1).AsObject();
  const AmfValue* name =
      parameters == nullptr ? &command.Argument(1) : parameters->Find("streamName");
  if (name == nullptr || name->AsString() == nullptr) return Missing(command, "stream name");
  play.stream_name = *name->AsString();
  if (parameters != nullptr) {
    play.start = NumberOr(parameters->Find("start"), play.start);
    play.duration = NumberOr(parameters->Find("len"), play.duration);
    return play;
  }
  play.start = NumberOr(&command.Argument(2), play.start);
  play.duration = NumberOr(&command.Argument(3), play.duration);
  if (const bool* reset = command.Argument(4).AsBool()) play.reset = *reset;
  return play;
}

absl::StatusOr<StreamNameCommand> StreamNameCommand::From(const Command& command) {
  const std::string* name = command.Argument(1).AsString();
  if (name == nullptr) return Missing(command, "stream name");
  return StreamNameCommand{command.transaction_id, *name};
}

absl::StatusOr<DeleteStreamCommand> DeleteStreamCommand::From(const Command& command) {
  const std::optional<uint32_t> stream_id = ToStreamId(NumberOr(&command.Argument(1), -1));
  if (!stream_id.has_value()) return Missing(command, "stream id");
  return DeleteStreamCommand{*stream_id};
}

absl::StatusOr<ResultCommand> ResultCommand::From(const Command& command) {
  if (command.name != "_result" && command.name != "_error") {
    return absl::InvalidArgumentError(absl::StrCat(command.name, " is no result of a command"));
  }
  ResultCommand result;
  result.ok = command.name == "_result";
  result.transaction_id = command.transaction_id;
  if (const double* number = command.Argument(1).AsNumber()) result.number = *number;
  if (const AmfObject* information = InformationOf(command, 0)) {
    result.code = TextOr(information->Find("code"), "");
    result.description = TextOr(information->Find("description"), "");
    result.redirect = RedirectOf(*information);
  }
  return result;
}

absl::StatusOr<StatusCommand> StatusCommand::From(const Command& command) {
  const AmfObject* information = InformationOf(command, 0);
  if (information == nullptr) return Missing(command, "information object with a code");
  StatusCommand status;
  status.level = TextOr(information->Find("level"), "status");
  status.code = TextOr(information->Find("code"), "");
  status.description = TextOr(information->Find("description"), "");
  status.redirect = RedirectOf(*information);
  return status;
}

Command ConnectResult(double transaction_id, double object_encoding) {
  AmfObject properties;
  properties.properties = {{"fmsVer", kServerVersion}, {"capabilities", kServerCapabilities}};
  AmfObject information =
      Information("status", "NetConnection.Connect.Success", "Connection succeeded");
  information.properties.emplace_back("objectEncoding", object_encoding);
  return {"_result", transaction_id, {std::move(properties), std::move(information)}};
}

Command CreateStreamResult(double transaction_id, uint32_t stream_id) {
  return {"_result", transaction_id, {AmfNull{}, static_cast<double>(stream_id)}};
}

Command EmptyResult(double transaction_id) {
  return {"_result", transaction_id, {AmfNull{}, AmfUndefined{}}};
}

Command ErrorResult(double transaction_id, std::string_view code, std::string_view description) {
  return {"_error", transaction_id, {AmfNull{}, Information("error", code, description)}};
}

Command OnStatus(std::string_view level, std::string_view code, std::string_view description) {
  return {"onStatus", 0, {AmfNull{}, Information(level, code, description)}};
}

Command CreateStream(double transaction_id) {
  return {"createStream", transaction_id, {AmfNull{}}};
}

}  // namespace srsproxy::rtmp
