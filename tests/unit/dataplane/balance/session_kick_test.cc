#include "dataplane/balance/session_kick.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_session_control.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;

class SessionKickTest : public testing::Test {
 protected:
  SessionKickTest() {
    for (const char* id : {"1", "2", "3", "4"}) {
      Add(id, Role::kViewer, id[0] < '3' ? "a" : "b");
    }
  }

  void Add(std::string id, Role role, std::string origin_id, Protocol protocol = Protocol::kRtmp) {
    SessionInfo session;
    session.id = std::move(id);
    session.role = role;
    session.origin_id = std::move(origin_id);
    session.protocol = protocol;
    sessions_.Add(std::move(session));
  }

  absl::StatusOr<KickOutcome> Kick(SessionFilter filter, size_t limit, bool validate_only = false) {
    std::optional<absl::StatusOr<KickOutcome>> answer;
    KickSessions(sessions_, {std::move(filter), limit, absl::AbortedError("kicked"), validate_only},
                 [&answer](absl::StatusOr<KickOutcome> outcome) { answer = std::move(outcome); });
    return *std::move(answer);
  }

  static std::vector<std::string> Ids(const std::vector<SessionInfo>& sessions) {
    std::vector<std::string> ids;
    for (const SessionInfo& session : sessions) ids.push_back(session.id);
    return ids;
  }
  std::vector<std::string> Left() const { return Ids(sessions_.sessions()); }

  FakeSessionControl sessions_;
};

TEST_F(SessionKickTest, EndsAtMostSoManyAndReportsThatThereMayBeMore) {
  SessionFilter viewers;
  viewers.role = Role::kViewer;
  const auto first = Kick(viewers, 3);
  EXPECT_THAT(Ids(first->sessions), ElementsAre("1", "2", "3"));
  EXPECT_TRUE(first->more);
  const auto second = Kick(viewers, 3);
  EXPECT_THAT(Ids(second->sessions), ElementsAre("4"));
  EXPECT_FALSE(second->more);
}

TEST_F(SessionKickTest, NamedSessionsHaveToBeThereEachOfThem) {
  SessionFilter named;
  named.ids = {"2", "9"};
  const auto refused = Kick(named, 10);
  EXPECT_TRUE(absl::IsNotFound(refused.status()));
  EXPECT_EQ(refused.status().message(), "no session '9' is connected here");
  EXPECT_EQ(refused.status().GetPayload(kSessionPayload), "9");
  EXPECT_EQ(Kick(named, 1).status().code(), absl::StatusCode::kNotFound)
      << "also one that is one too many";
  EXPECT_EQ(Left().size(), 4u);

  named.ids = {"2", "4"};
  EXPECT_THAT(Ids(Kick(named, 10)->sessions), ElementsAre("2", "4"));
  EXPECT_THAT(Left(), ElementsAre("1", "3"));
}

TEST_F(SessionKickTest, ValidatingEndsNobody) {
  SessionFilter all;
  all.protocol = Protocol::kRtmp;
  const auto some = Kick(all, 3, /*validate_only=*/true);
  EXPECT_THAT(Ids(some->sessions), ElementsAre("1", "2", "3"));
  EXPECT_TRUE(some->more);
  EXPECT_FALSE(Kick(all, 4, /*validate_only=*/true)->more);
  SessionFilter named;
  named.ids = {"1", "2"};
  const auto one = Kick(named, 1, /*validate_only=*/true);
  EXPECT_THAT(Ids(one->sessions), ElementsAre("1"));
  EXPECT_TRUE(one->more);
  EXPECT_EQ(Left().size(), 4u);
}

TEST_F(SessionKickTest, EndsThoseOfSeveralOriginsAndCountsThem) {
  Add("5", Role::kViewer, "c");
  Add("6", Role::kViewer, "a", Protocol::kHls);
  std::optional<int64_t> ended;
  KickSessionsOn(sessions_, {"a", "b", "gone"}, absl::AbortedError("left"),
                 [&ended](int64_t count) { ended = count; });
  EXPECT_EQ(ended, 4);
  EXPECT_THAT(Left(), ElementsAre("5", "6")) << "viewers of HLS go elsewhere by themselves";
}

}  // namespace
}  // namespace srsproxy
