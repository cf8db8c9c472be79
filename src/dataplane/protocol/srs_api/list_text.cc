#include "dataplane/protocol/srs_api/list_text.h"

#include "dataplane/protocol/srs_api/json_text.h"

namespace srsproxy::srs_api {

std::string WriteItems(std::string_view origin, json::array items, ItemRange range) {
  std::string text;
  for (size_t i = range.start; i < range.start + range.count; ++i) {
    json::object& item = items[i].as_object();
    item["origin"] = json::string_view(origin.data(), origin.size());
    if (!text.empty()) text += ',';
    text += WriteJson(item);
  }
  return text;
}

std::string WriteList(const json::object& head, Resource resource,
                      std::span<const std::string> parts, const json::object& tail) {
  std::string text = WriteJson(head);
  text.back() = ',';  // In place of the brace.
  text.append("\"").append(ResourceName(resource)).append("\":[");
  bool first = true;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (!first) text += ',';
    text += part;
    first = false;
  }
  return text.append("],").append(WriteJson(tail), 1);
}

}  // namespace srsproxy::srs_api
