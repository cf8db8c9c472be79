#include "dataplane/directory/redis/open_call.h"

namespace srsproxy::redis {

OpenCall OpenCall::OfCommand(std::string_view op, Arguments command) {
  OpenCall call;
  call.op = op;
  AppendCommand(command, call.bytes);
  return call;
}

OpenCall OpenCall::OfScript(const Script& script, Arguments keys, Arguments arguments) {
  OpenCall call;
  call.op = script.name();
  call.script = &script;
  call.arguments = 3 + keys.size() + arguments.size();
  AppendArgument(std::to_string(keys.size()), call.bytes);
  for (const std::string_view key : keys) AppendArgument(key, call.bytes);
  for (const std::string_view argument : arguments) AppendArgument(argument, call.bytes);
  return call;
}

std::string OpenCall::Bytes(bool with_source) const {
  if (script == nullptr) return bytes;
  const std::string& body = with_source ? script->source() : script->digest();
  std::string all;
  all.reserve(bytes.size() + body.size() + 64);
  AppendArrayHeader(arguments, all);
  AppendArgument(with_source ? "EVAL" : "EVALSHA", all);
  AppendArgument(body, all);
  return all.append(bytes);
}

}  // namespace srsproxy::redis
