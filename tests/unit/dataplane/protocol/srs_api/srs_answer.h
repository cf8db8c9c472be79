// What SRS 7.0.18 printed, by request.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace srsproxy::srs_api {

// `name`: of a file in srs_answers/, without ".json".
inline std::string SrsAnswer(const std::string& name) {
  const std::ifstream file(SRS_ANSWERS_DIR "/" + name + ".json");
  EXPECT_TRUE(file.good()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace srsproxy::srs_api
