// The documentation of the settings, made from config.proto.
#pragma once

#include <string>

namespace srsproxy::control {

// The text of docs/configuration.md.
std::string ConfigurationPage();

}  // namespace srsproxy::control
