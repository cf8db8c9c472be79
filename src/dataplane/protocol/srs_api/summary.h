// The figures of many SRS servers as those of one. Used by merge.
#pragma once

#include <span>

#include <boost/json/object.hpp>

namespace srsproxy::srs_api {

// `data` of SRS's summaries, merged as merge.h says. What is not a number where one belongs, or not
// there, does not count; a field that no server has is left out.
boost::json::object MergeSummaryData(std::span<const boost::json::object* const> servers);

}  // namespace srsproxy::srs_api
