#include "tools/srsproxyctl/commands/origin_selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::Origin MakeOrigin(const std::string& server, const std::string& pid,
                      const std::string& device_id = "") {
  v1::Origin origin;
  origin.set_id(server + "-run-" + pid);
  origin.mutable_registration()->set_server(server);
  origin.mutable_registration()->set_device_id(device_id);
  return origin;
}

// Two live origins share the server "twin" and the device "rack"; "vid" begins another's name.
std::vector<v1::Origin> Origins() {
  return {MakeOrigin("twin", "1"), MakeOrigin("twin", "2"), MakeOrigin("vid", "3", "rack"),
          MakeOrigin("vid2", "4", "rack"), MakeOrigin("solo", "5", "attic")};
}

struct Row {
  const char* name;
  std::string selector;
  std::string id;         // The origin meant; empty: none.
  absl::StatusCode code;  // When none is meant.
};

class SelectOriginTableTest : public testing::TestWithParam<Row> {};

TEST_P(SelectOriginTableTest, Selects) {
  const auto origin = SelectOrigin(Origins(), GetParam().selector);
  EXPECT_EQ(origin.status().code(), GetParam().code);
  if (origin.ok()) {
    EXPECT_EQ(origin->id(), GetParam().id);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Selectors, SelectOriginTableTest,
    testing::Values(Row{"Id", "twin-run-2", "twin-run-2", absl::StatusCode::kOk},
                    Row{"Server", "solo", "solo-run-5", absl::StatusCode::kOk},
                    Row{"ServerThatBeginsAnother", "vid", "vid-run-3", absl::StatusCode::kOk},
                    Row{"Device", "attic", "solo-run-5", absl::StatusCode::kOk},
                    Row{"PrefixOfServer", "so", "solo-run-5", absl::StatusCode::kOk},
                    Row{"PrefixOfDevice", "att", "solo-run-5", absl::StatusCode::kOk},
                    Row{"PrefixOfId", "vid2-r", "vid2-run-4", absl::StatusCode::kOk},
                    Row{"SharedServer", "twin", "", absl::StatusCode::kInvalidArgument},
                    Row{"SharedDevice", "rack", "", absl::StatusCode::kInvalidArgument},
                    Row{"SharedPrefix", "vi", "", absl::StatusCode::kInvalidArgument},
                    Row{"Nobody", "nobody", "", absl::StatusCode::kNotFound},
                    Row{"NotAPrefix", "olo", "", absl::StatusCode::kNotFound},
                    Row{"Empty", "", "", absl::StatusCode::kInvalidArgument}),
    [](const auto& row) { return row.param.name; });

TEST(SelectOriginTest, ListsTheCandidates) {
  const std::string message(SelectOrigin(Origins(), "twin").status().message());
  EXPECT_THAT(message, HasSubstr("\n  twin-run-1\n  twin-run-2"));
  EXPECT_THAT(message, Not(HasSubstr("vid")));
}

TEST(SelectOriginTest, DoesNotListThousands) {
  std::vector<v1::Origin> origins;
  for (int i = 0; i < 1000; ++i) origins.push_back(MakeOrigin("many", std::to_string(i)));
  const std::string message(SelectOrigin(origins, "many").status().message());
  EXPECT_THAT(message, HasSubstr("… and 990 more"));
}

}  // namespace
}  // namespace srsproxy::ctl
