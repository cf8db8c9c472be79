#include "tools/srsproxyctl/output/json.h"

#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include "srsproxy/v1/origin.pb.h"
#include "srsproxy/v1/stream.pb.h"

namespace srsproxy::ctl {
namespace {

TEST(JsonTest, EntriesOfMapsStandInTheOrderOfTheirKeys) {
  google::protobuf::Struct fields;
  v1::OriginRegistration registration;
  for (const char* key : {"b", "d", "a", "e", "c"}) {
    (*fields.mutable_fields())[key].set_string_value("\"");
    (*registration.mutable_labels())[key] = "1";
  }
  EXPECT_EQ(JsonOf(fields, JsonStyle::kOneLine),
            R"({"a":"\"","b":"\"","c":"\"","d":"\"","e":"\""})");
  const std::string json = JsonOf(registration, JsonStyle::kOneLine);
  EXPECT_NE(json.find(R"("labels":{"a":"1","b":"1","c":"1","d":"1","e":"1"})"), std::string::npos)
      << json;
}

TEST(JsonTest, FieldsThatAreNotSetAreThereSaveMessages) {
  v1::Pin pin;
  pin.set_server("a");
  EXPECT_EQ(JsonOf(pin, JsonStyle::kOneLine), R"({"key":"","server":"a"})");
  EXPECT_EQ(JsonOf(pin, JsonStyle::kIndented), "{\n \"key\": \"\",\n \"server\": \"a\"\n}");
  EXPECT_EQ(JsonOf(v1::Origin(), JsonStyle::kOneLine).find("registration"), std::string::npos);
}

}  // namespace
}  // namespace srsproxy::ctl
