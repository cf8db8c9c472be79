#include "dataplane/core/query.h"

#include <algorithm>

namespace srsproxy {

QueryParameter TakeParameter(std::string_view& query, std::string_view separators) {
  const std::string_view parameter = query.substr(0, query.find_first_of(separators));
  query.remove_prefix(std::min(parameter.size() + 1, query.size()));
  const size_t equals = std::min(parameter.find('='), parameter.size());
  return {parameter.substr(0, equals), parameter.substr(std::min(equals + 1, parameter.size()))};
}

}  // namespace srsproxy
