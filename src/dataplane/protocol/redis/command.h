// Commands of Redis, as they are sent: RESP2 arrays of bulk strings
// (https://redis.io/docs/latest/develop/reference/protocol-spec).
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace srsproxy::redis {

// A command's name and its arguments; any bytes.
using Arguments = std::span<const std::string_view>;

// Appends the command to `out`. `arguments` is not empty.
void AppendCommand(Arguments arguments, std::string& out);
inline void AppendCommand(std::initializer_list<std::string_view> arguments, std::string& out) {
  AppendCommand(Arguments(arguments.begin(), arguments.size()), out);
}

// The same piece by piece: the header, then so many arguments.
void AppendArrayHeader(size_t arguments, std::string& out);
void AppendArgument(std::string_view argument, std::string& out);

}  // namespace srsproxy::redis
