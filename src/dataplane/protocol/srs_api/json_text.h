// JSON as text, in the form that SRS writes it.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace srsproxy::srs_api {

// One line. Fractions have at most 15 digits, and no exponent where they need none: Boost.JSON's
// own serializer writes 0.5 as 5E-1, which is right and breaks scripts.
std::string WriteJson(const boost::json::value& value);

// The same as a script that calls `callback` with it; plain when that is empty.
std::string WriteJsonp(const boost::json::value& value, std::string_view callback);

}  // namespace srsproxy::srs_api
