// JSON as text, in the form that SRS writes it.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace srsproxy::srs_api {

// One line. Fractions have at most 15 digits, and no exponent where they need none: Boost.JSON's
// own serializer writes 0.5 as 5E-1, which is right and breaks scripts.
std::string WriteJson(const boost::json::value& value);
// Without a copy as a value.
std::string WriteJson(const boost::json::object& object);

// `json` as a script that calls `callback` with it.
std::string AsJsonp(std::string_view json, std::string_view callback);

}  // namespace srsproxy::srs_api
