// Query strings, `a=b&c=d`, as clients write them: read by hand, since many are no valid queries of
// RFC 3986, which Boost.URL insists on, and mean something all the same.
#pragma once

#include <string_view>

namespace srsproxy {

struct QueryParameter {
  std::string_view name;
  std::string_view value;  // Escaped as it was; empty without a '='.
};

// Takes the first parameter off `query`, which must not be empty, up to one of `separators`.
QueryParameter TakeParameter(std::string_view& query, std::string_view separators = "&");

}  // namespace srsproxy
