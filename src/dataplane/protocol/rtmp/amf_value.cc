#include "dataplane/protocol/rtmp/amf_value.h"

#include <algorithm>

namespace srsproxy::rtmp {

const AmfValue* AmfObject::Find(std::string_view name) const {
  const auto found = std::find_if(properties.rbegin(), properties.rend(),
                                  [name](const auto& property) { return property.first == name; });
  return found == properties.rend() ? nullptr : &found->second;
}

bool operator==(const AmfObject& a, const AmfObject& b) {
  return a.kind == b.kind && a.class_name == b.class_name && a.properties == b.properties &&
         a.dense == b.dense;
}

bool operator==(const AmfArray& a, const AmfArray& b) { return a.elements == b.elements; }

}  // namespace srsproxy::rtmp
