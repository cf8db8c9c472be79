#include "controlplane/services/origin_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::control {

void PrintTo(const OriginName& name, std::ostream* out) {
  *out << name.server << "/" << name.origin_id;
}

namespace {

std::shared_ptr<const Origin> MakeOrigin(const std::string& server, const std::string& device_id,
                                         const std::string& pid) {
  Origin origin;
  origin.registration.server = server;
  origin.registration.service = "s";
  origin.registration.pid = pid;
  origin.registration.device_id = device_id;
  origin.id = origin.registration.Id();
  return std::make_shared<const Origin>(std::move(origin));
}

struct Row {
  const char* name;
  const char* text;
  std::vector<OriginName> means;
};

class OriginNamesTest : public testing::TestWithParam<Row> {
 protected:
  OriginNamesTest() {
    // Sorted by id, as snapshots are.
    snapshot_.origins = {MakeOrigin("cam", "rack-1", "1"), MakeOrigin("cam", "rack-1", "2"),
                         MakeOrigin("cam2", "rack-1", "1"), MakeOrigin("vid", "cam", "7"),
                         MakeOrigin("zoo", "", "9")};
  }

  OriginSnapshot snapshot_;
  const std::vector<std::string> servers_ = {"away", "cam"};
};

TEST_P(OriginNamesTest, Means) {
  EXPECT_EQ(MatchOrigins(snapshot_, servers_, GetParam().text), GetParam().means);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, OriginNamesTest,
    testing::Values(
        Row{"Id", "cam-s-2", {{"cam", "cam-s-2"}}}, Row{"ServerBeforeDevice", "cam", {{"cam", ""}}},
        Row{"ServerThatIsAway", "away", {{"away", ""}}},
        Row{"DeviceOfTwoServers", "rack-1", {{"cam", ""}, {"cam2", ""}}},
        Row{"BeginningOfAServer", "zo", {{"zoo", ""}}},
        Row{"BeginningOfAServerThatIsAway", "aw", {{"away", ""}}},
        Row{"BeginningOfAnId", "vid-s-", {{"vid", "vid-s-7"}}},
        Row{"BeginningOfTwoIdsOfAServer", "cam-s-", {{"cam", "cam-s-1"}, {"cam", "cam-s-2"}}},
        Row{"BeginningOfServersAndADevice", "ca", {{"cam", ""}, {"cam2", ""}, {"vid", ""}}},
        Row{"Nothing", "nobody", {}}, Row{"Empty", "", {}}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace srsproxy::control
