// What files are, by their names.
#pragma once

#include <string_view>

namespace srsproxy {

// By the extension of `name`, whose letters may be large or small; text is UTF-8.
// "application/octet-stream" for what is unknown.
std::string_view ContentTypeOf(std::string_view name);

}  // namespace srsproxy
