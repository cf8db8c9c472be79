#include "dataplane/protocol/rtmp/amf0.h"

#include <bit>
#include <type_traits>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/protocol/rtmp/amf3.h"
#include "dataplane/protocol/rtmp/big_endian.h"

namespace srsproxy::rtmp {
namespace {

enum class Marker : uint8_t {
  kNumber = 0,
  kBoolean = 1,
  kString = 2,
  kObject = 3,
  kNull = 5,
  kUndefined = 6,
  kReference = 7,
  kEcmaArray = 8,
  kObjectEnd = 9,
  kStrictArray = 10,
  kDate = 11,
  kLongString = 12,
  kUnsupported = 13,
  kXmlDocument = 15,
  kTypedObject = 16,
  kAmf3 = 17,
};

std::string ReadShortText(AmfReader& reader) { return reader.ReadText(reader.ReadU16()); }

void ReadProperties(AmfReader& reader, AmfObject& object) {
  reader.EnterObject();
  while (reader.ok()) {
    std::string name = ReadShortText(reader);
    if (name.empty() && !reader.AtEnd() &&
        reader.rest().front() == static_cast<uint8_t>(Marker::kObjectEnd)) {
      reader.Skip(1);
      break;
    }
    AmfValue value = ReadAmf0(reader);
    object.properties.emplace_back(std::move(name), std::move(value));
  }
  reader.LeaveObject();
}

AmfArray ReadStrictArray(AmfReader& reader) {
  AmfArray array;
  reader.EnterObject();
  for (uint32_t left = reader.ReadU32(); left > 0 && reader.ok(); --left) {
    array.elements.push_back(ReadAmf0(reader));
  }
  reader.LeaveObject();
  return array;
}

void Write(Marker marker, std::vector<uint8_t>& out) {
  out.push_back(static_cast<uint8_t>(marker));
}

void WriteU16(size_t value, std::vector<uint8_t>& out) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

void WriteU32(size_t value, std::vector<uint8_t>& out) {
  WriteU16(value >> 16, out);
  WriteU16(value, out);
}

void WriteDouble(double value, std::vector<uint8_t>& out) {
  const auto bits = std::bit_cast<uint64_t>(value);
  WriteU32(bits >> 32, out);
  WriteU32(bits & 0xffffffff, out);
}

void WriteText(std::string_view text, std::vector<uint8_t>& out) {
  out.insert(out.end(), text.begin(), text.end());
}

// Names longer than 65535 bytes are cut: the format has no more room.
void WriteShortText(std::string_view text, std::vector<uint8_t>& out) {
  text = text.substr(0, 0xffff);
  WriteU16(text.size(), out);
  WriteText(text, out);
}

void WriteLongText(Marker marker, std::string_view text, std::vector<uint8_t>& out) {
  Write(marker, out);
  WriteU32(text.size(), out);
  WriteText(text, out);
}

void WriteString(std::string_view text, std::vector<uint8_t>& out) {
  if (text.size() > 0xffff) return WriteLongText(Marker::kLongString, text, out);
  Write(Marker::kString, out);
  WriteShortText(text, out);
}

void WriteObject(const AmfObject& object, std::vector<uint8_t>& out) {
  if (object.kind == AmfObject::Kind::kEcmaArray) {
    Write(Marker::kEcmaArray, out);
    WriteU32(object.properties.size() + object.dense.size(), out);
  } else if (!object.class_name.empty()) {
    Write(Marker::kTypedObject, out);
    WriteShortText(object.class_name, out);
  } else {
    Write(Marker::kObject, out);
  }
  for (size_t index = 0; index < object.dense.size(); ++index) {
    WriteShortText(std::to_string(index), out);
    WriteAmf0(object.dense[index], out);
  }
  for (const auto& [name, value] : object.properties) {
    WriteShortText(name, out);
    WriteAmf0(value, out);
  }
  WriteShortText("", out);
  Write(Marker::kObjectEnd, out);
}

}  // namespace

AmfValue ReadAmf0(AmfReader& reader) {
  reader.CountValue();
  const auto marker = static_cast<Marker>(reader.ReadU8());
  if (!reader.ok()) return AmfUndefined{};
  switch (marker) {
    case Marker::kNumber:
      return reader.ReadDouble();
    case Marker::kBoolean:
      return reader.ReadU8() != 0;
    case Marker::kString:
      return ReadShortText(reader);
    case Marker::kObject: {
      AmfObject object;
      ReadProperties(reader, object);
      return object;
    }
    case Marker::kNull:
      return AmfNull{};
    case Marker::kUndefined:
    case Marker::kUnsupported:
      return AmfUndefined{};
    case Marker::kReference:
      return AmfReference{reader.ReadU16()};
    case Marker::kEcmaArray: {
      AmfObject object;
      object.kind = AmfObject::Kind::kEcmaArray;
      reader.ReadU32();  // The number of properties; the end marker is what counts.
      ReadProperties(reader, object);
      return object;
    }
    case Marker::kStrictArray:
      return ReadStrictArray(reader);
    case Marker::kDate: {
      const AmfDate date{reader.ReadDouble()};
      reader.Skip(2);  // The time zone, reserved.
      return date;
    }
    case Marker::kLongString:
      return reader.ReadText(reader.ReadU32());
    case Marker::kXmlDocument:
      return AmfXml{reader.ReadText(reader.ReadU32())};
    case Marker::kTypedObject: {
      AmfObject object;
      object.class_name = ReadShortText(reader);
      ReadProperties(reader, object);
      return object;
    }
    case Marker::kAmf3:
      return ReadAmf3(reader);
    case Marker::kObjectEnd:
      break;
  }
  reader.Fail(absl::StrCat("no value has the marker ", static_cast<int>(marker)));
  return AmfUndefined{};
}

void WriteAmf0(const AmfValue& value, std::vector<uint8_t>& out) {
  const auto write = [&out](const auto& held) {
    using T = std::decay_t<decltype(held)>;
    if constexpr (std::is_same_v<T, double>) {
      Write(Marker::kNumber, out);
      WriteDouble(held, out);
    } else if constexpr (std::is_same_v<T, bool>) {
      Write(Marker::kBoolean, out);
      out.push_back(held ? 1 : 0);
    } else if constexpr (std::is_same_v<T, std::string>) {
      WriteString(held, out);
    } else if constexpr (std::is_same_v<T, AmfObject>) {
      WriteObject(held, out);
    } else if constexpr (std::is_same_v<T, AmfArray>) {
      Write(Marker::kStrictArray, out);
      WriteU32(held.elements.size(), out);
      for (const AmfValue& element : held.elements) WriteAmf0(element, out);
    } else if constexpr (std::is_same_v<T, AmfDate>) {
      Write(Marker::kDate, out);
      WriteDouble(held.unix_ms, out);
      WriteU16(0, out);
    } else if constexpr (std::is_same_v<T, AmfXml>) {
      WriteLongText(Marker::kXmlDocument, held.text, out);
    } else if constexpr (std::is_same_v<T, AmfUndefined>) {
      Write(Marker::kUndefined, out);
    } else {
      Write(Marker::kNull, out);
    }
  };
  std::visit(write, value.variant());
}

}  // namespace srsproxy::rtmp
