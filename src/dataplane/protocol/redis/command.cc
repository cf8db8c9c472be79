#include "dataplane/protocol/redis/command.h"

#include <algorithm>
#include <charconv>

namespace srsproxy::redis {
namespace {

// "*3\r\n", "$12\r\n"
void AppendLength(char type, size_t length, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), length).ptr;
  out.push_back(type);
  out.append(digits, end);
  out.append("\r\n");
}

}  // namespace

void AppendCommand(Arguments arguments, std::string& out) {
  size_t bytes = 16;
  for (const std::string_view argument : arguments) bytes += argument.size() + 16;
  // Not the exact size each time: that would copy what is there with each command.
  if (out.capacity() - out.size() < bytes)
    out.reserve(std::max(out.size() + bytes, 2 * out.size()));
  AppendArrayHeader(arguments.size(), out);
  for (const std::string_view argument : arguments) AppendArgument(argument, out);
}

void AppendArrayHeader(size_t arguments, std::string& out) { AppendLength('*', arguments, out); }

void AppendArgument(std::string_view argument, std::string& out) {
  AppendLength('$', argument.size(), out);
  out.append(argument).append("\r\n");
}

}  // namespace srsproxy::redis
