#include "dataplane/protocol/srs_api/json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

#include <boost/json/serialize.hpp>

namespace srsproxy::srs_api {
namespace {

namespace json = boost::json;

// All that a double keeps of a decimal fraction.
constexpr int kDigits = std::numeric_limits<double>::digits10;

void Append(const json::value& value, std::string& text);

bool NeedsEscape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// Most strings need no escapes, and setting up a serializer takes longer than writing them.
void AppendString(json::string_view string, std::string& text) {
  if (std::any_of(string.begin(), string.end(), NeedsEscape)) {
    text += json::serialize(string);
    return;
  }
  text += '"';
  text.append(string.data(), string.size());
  text += '"';
}

void AppendArray(const json::array& array, std::string& text) {
  char separator = '[';
  for (const json::value& value : array) {
    text += separator;
    Append(value, text);
    separator = ',';
  }
  text += array.empty() ? "[]" : "]";
}

void AppendObject(const json::object& object, std::string& text) {
  char separator = '{';
  for (const auto& [key, value] : object) {
    text += separator;
    AppendString(key, text);
    text += ':';
    Append(value, text);
    separator = ',';
  }
  text += object.empty() ? "{}" : "}";
}

void AppendInteger(auto number, std::string& text) {
  char digits[24];
  text.append(std::begin(digits), std::to_chars(std::begin(digits), std::end(digits), number).ptr);
}

// JSON has no infinity; a number that is too large for a double was read as one.
void AppendFraction(double number, std::string& text) {
  if (!std::isfinite(number)) {
    text += "null";
    return;
  }
  char digits[32];
  const auto written = std::to_chars(std::begin(digits), std::end(digits), number,
                                     std::chars_format::general, kDigits);
  text.append(std::begin(digits), written.ptr);
}

// The depth was bounded when the value was read.
void Append(const json::value& value, std::string& text) {
  if (const auto* object = value.if_object()) return AppendObject(*object, text);
  if (const auto* array = value.if_array()) return AppendArray(*array, text);
  if (const auto* string = value.if_string()) return AppendString(*string, text);
  if (const auto* number = value.if_double()) return AppendFraction(*number, text);
  if (const auto* number = value.if_int64()) return AppendInteger(*number, text);
  if (const auto* number = value.if_uint64()) return AppendInteger(*number, text);
  text += value.is_null() ? "null" : value.get_bool() ? "true" : "false";
}

}  // namespace

std::string WriteJson(const json::value& value) {
  std::string text;
  Append(value, text);
  return text;
}

std::string WriteJson(const json::object& object) {
  std::string text;
  AppendObject(object, text);
  return text;
}

std::string AsJsonp(std::string_view json, std::string_view callback) {
  return std::string(callback).append("(").append(json).append(")");
}

}  // namespace srsproxy::srs_api
