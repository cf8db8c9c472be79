// The values that AMF0 and AMF3 carry, one model for both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace srsproxy::rtmp {

class AmfValue;

struct AmfUndefined {
  friend bool operator==(const AmfUndefined&, const AmfUndefined&) = default;
};
struct AmfNull {
  friend bool operator==(const AmfNull&, const AmfNull&) = default;
};

// Properties in the order in which they came; names may repeat, the last one counts.
struct AmfObject {
  enum class Kind : uint8_t { kObject, kEcmaArray };

  Kind kind = Kind::kObject;
  std::string class_name;  // Empty: anonymous.
  std::vector<std::pair<std::string, AmfValue>> properties;
  std::vector<AmfValue> dense;  // The dense part of an AMF3 array that also has properties.

  const AmfValue* Find(std::string_view name) const;  // nullptr when there is none.

  friend bool operator==(const AmfObject&, const AmfObject&);
};

struct AmfArray {
  std::vector<AmfValue> elements;
  friend bool operator==(const AmfArray&, const AmfArray&);
};

struct AmfDate {
  double unix_ms = 0;
  friend bool operator==(const AmfDate&, const AmfDate&) = default;
};
struct AmfXml {
  std::string text;
  friend bool operator==(const AmfXml&, const AmfXml&) = default;
};
struct AmfByteArray {
  std::string bytes;
  friend bool operator==(const AmfByteArray&, const AmfByteArray&) = default;
};

// A back reference to an object that came earlier in the same body. Not resolved: a cycle would
// have no end, and copies would multiply.
struct AmfReference {
  uint32_t index = 0;
  friend bool operator==(const AmfReference&, const AmfReference&) = default;
};

class AmfValue {
 public:
  using Variant = std::variant<AmfUndefined, AmfNull, bool, double, std::string, AmfObject,
                               AmfArray, AmfDate, AmfXml, AmfByteArray, AmfReference>;

  AmfValue() = default;  // Undefined.
  AmfValue(bool value) : value_(value) {}
  AmfValue(double value) : value_(value) {}
  AmfValue(int value) : value_(static_cast<double>(value)) {}
  AmfValue(std::string value) : value_(std::move(value)) {}
  AmfValue(std::string_view value) : value_(std::string(value)) {}
  AmfValue(const char* value) : value_(std::string(value)) {}
  template <typename T>
  requires(std::is_same_v<T, AmfUndefined> || std::is_same_v<T, AmfNull> ||
           std::is_same_v<T, AmfObject> || std::is_same_v<T, AmfArray> ||
           std::is_same_v<T, AmfDate> || std::is_same_v<T, AmfXml> ||
           std::is_same_v<T, AmfByteArray> || std::is_same_v<T, AmfReference>) AmfValue(T value)
      : value_(std::move(value)) {}

  const Variant& variant() const { return value_; }

  bool is_null() const { return As<AmfNull>() != nullptr || As<AmfUndefined>() != nullptr; }
  const bool* AsBool() const { return As<bool>(); }
  const double* AsNumber() const { return As<double>(); }
  const std::string* AsString() const { return As<std::string>(); }
  const AmfObject* AsObject() const { return As<AmfObject>(); }
  AmfObject* AsObject() { return std::get_if<AmfObject>(&value_); }

  template <typename T>
  const T* As() const {
    return std::get_if<T>(&value_);
  }

  friend bool operator==(const AmfValue&, const AmfValue&) = default;

 private:
  Variant value_;
};

}  // namespace srsproxy::rtmp
