#include "dataplane/protocol/rtmp/amf3.h"

#include <string>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

namespace srsproxy::rtmp {
namespace {

enum class Marker : uint8_t {
  kUndefined = 0,
  kNull = 1,
  kFalse = 2,
  kTrue = 3,
  kInteger = 4,
  kDouble = 5,
  kString = 6,
  kXmlDocument = 7,
  kDate = 8,
  kArray = 9,
  kObject = 10,
  kXml = 11,
  kByteArray = 12,
  kVectorInt = 13,
  kVectorUint = 14,
  kVectorDouble = 15,
  kVectorObject = 16,
  kDictionary = 17,
};

class Amf3Value {
 public:
  explicit Amf3Value(AmfReader& reader) : reader_(reader) {}

  AmfValue Read();

 private:
  // An object's class: its name and its fixed properties.
  struct Traits {
    std::string class_name;
    std::vector<std::string> names;
    bool dynamic = false;  // More properties may follow.
  };

  // A U29 whose lowest bit tells a reference (0) from a value (1).
  struct Head {
    bool reference;
    uint32_t number;  // The table's index, or the length.
  };

  uint32_t ReadU29();
  Head ReadHead();
  std::string ReadString();
  AmfValue ReadComplex(Marker marker);
  AmfValue ReadArray(uint32_t count);
  AmfValue ReadObject(uint32_t flags);
  Traits ReadTraits(uint32_t flags);
  AmfValue ReadVector(Marker marker, uint32_t count);
  AmfValue ReadDictionary(uint32_t count);
  void ReadDynamic(AmfObject& object);

  AmfReader& reader_;
  std::vector<std::string> strings_;
  std::vector<Traits> traits_;
  uint32_t objects_ = 0;  // How many there are to refer to.
};

// One to four bytes, seven bits each save the last one's eight, most significant first.
uint32_t Amf3Value::ReadU29() {
  uint32_t value = 0;
  for (int index = 0; index < 3; ++index) {
    const uint8_t byte = reader_.ReadU8();
    value = value << 7 | (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  return value << 8 | reader_.ReadU8();
}

Amf3Value::Head Amf3Value::ReadHead() {
  const uint32_t value = ReadU29();
  return {(value & 1) == 0, value >> 1};
}

std::string Amf3Value::ReadString() {
  const Head head = ReadHead();
  if (!head.reference) {
    std::string text = reader_.ReadText(head.number);
    if (!text.empty()) strings_.push_back(text);
    return text;
  }
  if (head.number >= strings_.size()) {
    reader_.Fail(absl::StrCat("it refers to string ", head.number, " of ", strings_.size()));
    return "";
  }
  reader_.CountText(strings_[head.number].size());
  return reader_.ok() ? strings_[head.number] : "";
}

AmfValue Amf3Value::Read() {
  reader_.CountValue();
  const auto marker = static_cast<Marker>(reader_.ReadU8());
  if (!reader_.ok()) return AmfUndefined{};
  switch (marker) {
    case Marker::kUndefined:
      return AmfUndefined{};
    case Marker::kNull:
      return AmfNull{};
    case Marker::kFalse:
      return false;
    case Marker::kTrue:
      return true;
    case Marker::kInteger: {
      const auto value = static_cast<int32_t>(ReadU29() << 3);
      return static_cast<double>(value >> 3);  // 29 bits, signed.
    }
    case Marker::kDouble:
      return reader_.ReadDouble();
    case Marker::kString:
      return ReadString();
    default:
      return ReadComplex(marker);
  }
}

AmfValue Amf3Value::ReadComplex(Marker marker) {
  if (marker > Marker::kDictionary) {
    reader_.Fail(absl::StrCat("no AMF3 value has the marker ", static_cast<int>(marker)));
    return AmfUndefined{};
  }
  const Head head = ReadHead();
  if (head.reference) {
    if (head.number >= objects_) {
      reader_.Fail(absl::StrCat("it refers to object ", head.number, " of ", objects_));
    }
    return AmfReference{head.number};
  }
  ++objects_;
  reader_.EnterObject();
  AmfValue value;
  switch (marker) {
    case Marker::kDate:
      value = AmfDate{reader_.ReadDouble()};
      break;
    case Marker::kXml:
    case Marker::kXmlDocument:
      value = AmfXml{reader_.ReadText(head.number)};
      break;
    case Marker::kByteArray:
      value = AmfByteArray{reader_.ReadText(head.number)};
      break;
    case Marker::kArray:
      value = ReadArray(head.number);
      break;
    case Marker::kObject:
      value = ReadObject(head.number);
      break;
    case Marker::kDictionary:
      value = ReadDictionary(head.number);
      break;
    default:
      value = ReadVector(marker, head.number);
      break;
  }
  reader_.LeaveObject();
  return value;
}

void Amf3Value::ReadDynamic(AmfObject& object) {
  while (reader_.ok()) {
    std::string name = ReadString();
    if (name.empty()) return;
    AmfValue value = Read();
    object.properties.emplace_back(std::move(name), std::move(value));
  }
}

AmfValue Amf3Value::ReadArray(uint32_t count) {
  AmfObject object;
  object.kind = AmfObject::Kind::kEcmaArray;
  ReadDynamic(object);
  while (count-- > 0 && reader_.ok()) object.dense.push_back(Read());
  if (object.properties.empty()) return AmfArray{std::move(object.dense)};
  return object;
}

Amf3Value::Traits Amf3Value::ReadTraits(uint32_t flags) {
  if ((flags & 1) == 0) {
    const uint32_t index = flags >> 1;
    if (index < traits_.size()) return traits_[index];
    reader_.Fail(absl::StrCat("it refers to class ", index, " of ", traits_.size()));
    return {};
  }
  Traits traits;
  traits.dynamic = (flags & 4) != 0;
  traits.class_name = ReadString();
  if ((flags & 2) != 0) {
    reader_.Fail(absl::StrCat("class '", traits.class_name, "' has an encoding of its own"));
    return {};
  }
  for (uint32_t left = flags >> 3; left > 0 && reader_.ok(); --left) {
    reader_.CountValue();
    traits.names.push_back(ReadString());
  }
  traits_.push_back(traits);
  return traits;
}

AmfValue Amf3Value::ReadObject(uint32_t flags) {
  const Traits traits = ReadTraits(flags);
  AmfObject object;
  object.class_name = traits.class_name;
  for (const std::string& name : traits.names) {
    if (!reader_.ok()) break;
    reader_.CountText(name.size());
    object.properties.emplace_back(name, Read());
  }
  if (traits.dynamic) ReadDynamic(object);
  return object;
}

AmfValue Amf3Value::ReadVector(Marker marker, uint32_t count) {
  AmfArray array;
  reader_.Skip(1);  // Whether its length is fixed.
  if (marker == Marker::kVectorObject) ReadString();
  while (count-- > 0 && reader_.ok()) {
    if (marker == Marker::kVectorObject) {
      array.elements.push_back(Read());
      continue;
    }
    reader_.CountValue();
    if (marker == Marker::kVectorInt) {
      array.elements.emplace_back(static_cast<double>(static_cast<int32_t>(reader_.ReadU32())));
    } else if (marker == Marker::kVectorUint) {
      array.elements.emplace_back(static_cast<double>(reader_.ReadU32()));
    } else {
      array.elements.emplace_back(reader_.ReadDouble());
    }
  }
  return array;
}

AmfValue Amf3Value::ReadDictionary(uint32_t count) {
  AmfArray array;
  reader_.Skip(1);  // Whether its keys are weak references.
  while (count-- > 0 && reader_.ok()) {
    array.elements.push_back(Read());
    array.elements.push_back(Read());
  }
  return array;
}

}  // namespace

AmfValue ReadAmf3(AmfReader& reader) { return Amf3Value(reader).Read(); }

}  // namespace srsproxy::rtmp
