// JSON as YAML.
#pragma once

#include <string>

namespace srsproxy::ctl {

// The same document in YAML's block style, its fields in the same order. A text that another reader
// could take for a number, a date or a boolean is quoted. `json` must be well-formed.
std::string YamlOfJson(const std::string& json);

}  // namespace srsproxy::ctl
