// Lists of items as text, written part by part: a list of the whole cluster can be long, and a
// thread that writes all of it at once serves nobody else meanwhile.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "dataplane/protocol/srs_api/list_page.h"
#include "dataplane/protocol/srs_api/request.h"

namespace srsproxy::srs_api {

namespace json = boost::json;

// The items in `range`, which lies within `items` and all of which are objects, marked with their
// origin, the `server`. With commas between them; "" when there are none.
std::string WriteItems(std::string_view origin, json::array items, ItemRange range);

// An answer with a list: the fields of `head`, the list of `parts` of WriteItems, the fields of
// `tail`. Neither is empty.
std::string WriteList(const json::object& head, Resource resource,
                      std::span<const std::string> parts, const json::object& tail);

}  // namespace srsproxy::srs_api
