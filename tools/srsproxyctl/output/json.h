// Messages as JSON, by protobuf's own mapping.
#pragma once

#include <cstdint>
#include <string>

#include <google/protobuf/message.h>

namespace srsproxy::ctl {

enum class JsonStyle : uint8_t { kOneLine, kIndented };

// Without a line's end after it. Fields that are not set are there too, with their defaults, save
// messages; a map's entries stand in the order of their keys, so that every run prints the same.
std::string JsonOf(const google::protobuf::Message& message, JsonStyle style);

}  // namespace srsproxy::ctl
