#include "tools/srsproxyctl/output/yaml.h"

#include <string_view>

#include <yaml-cpp/yaml.h>

namespace srsproxy::ctl {
namespace {

constexpr std::string_view kQuotedTag = "!";  // What yaml-cpp tags a scalar in quotes with.

// Whether a plain scalar of this text would be a text for every reader.
bool StaysText(const std::string& text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  bool boolean = false;
  return !text.empty() && (is_letter(text.front()) || text.front() == '_') &&
         !YAML::convert<bool>::decode(YAML::Node(text), boolean) && !YAML::IsNullString(text);
}

void Emit(YAML::Emitter& emitter, const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      emitter << (node.size() == 0 ? YAML::Flow : YAML::Block) << YAML::BeginMap;
      for (const auto& entry : node) {
        emitter << YAML::Key << entry.first.Scalar() << YAML::Value;
        Emit(emitter, entry.second);
      }
      emitter << YAML::EndMap;
      break;
    case YAML::NodeType::Sequence:
      emitter << (node.size() == 0 ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
      for (const auto& entry : node) Emit(emitter, entry);
      emitter << YAML::EndSeq;
      break;
    case YAML::NodeType::Scalar:
      if (node.Tag() == kQuotedTag && !StaysText(node.Scalar())) emitter << YAML::DoubleQuoted;
      emitter << node.Scalar();
      break;
    default:
      emitter << YAML::Null;
  }
}

}  // namespace

std::string YamlOfJson(const std::string& json) {
  YAML::Emitter emitter;
  Emit(emitter, YAML::Load(json));
  return std::string(emitter.c_str()) + "\n";
}

}  // namespace srsproxy::ctl
