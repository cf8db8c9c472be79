#include "dataplane/balance/operator_overrides.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_fleet.h"
#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Operators.

TEST_F(OriginRegistryTest, AdminStateBelongsToTheServer) {
  EXPECT_TRUE(SetAdminState("a", AdminState::kCordoned).ok());
  const OriginLease first = Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_EQ(Find("a-svc-1")->admin_state, AdminState::kCordoned);
  Register(Srs("a", "10.0.0.1", "2"));
  EXPECT_EQ(Find("a-svc-2")->admin_state, AdminState::kCordoned) << "a restart";
  Pass(absl::Seconds(300));
  ASSERT_EQ(Find("a-svc-2")->health, OriginHealth::kDead);
  Register(Srs("a", "10.0.0.3", "3"));
  EXPECT_EQ(Find("a-svc-3")->admin_state, AdminState::kCordoned) << "death";
  EXPECT_TRUE(SetAdminState("a", std::nullopt).ok());
  EXPECT_EQ(Find("a-svc-3")->admin_state, AdminState::kActive);
}

TEST_F(OriginRegistryTest, OperatorsWeightWinsUntilCleared) {
  OriginRegistration registration = Srs("a", "10.0.0.1", "1");
  registration.weight = 2;
  Register(registration);
  EXPECT_TRUE(SetWeight("a", 5).ok());
  EXPECT_EQ(Find("a-svc-1")->weight, 5);
  registration.weight = 3;
  Register(registration);
  EXPECT_EQ(Find("a-svc-1")->weight, 5);
  EXPECT_TRUE(SetWeight("a", std::nullopt).ok());
  EXPECT_EQ(Find("a-svc-1")->weight, 3);
  EXPECT_EQ(SetWeight("a", 0).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SetWeight("", 1).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(OriginRegistryTest, OnlyTheDriverBeginsADrain) {
  FakeFleet fleet;
  MemoryOriginStore store;
  OriginRegistry registry(clock_, store, {}, &fleet);
  ASSERT_TRUE(registry.Register(Srs("vid-1", "10.0.0.1", "1"), "10.0.0.1").ok());
  const auto decide = [&](const OverridesChange& change) {
    absl::Status answer = absl::UnknownError("not answered");
    registry.overrides().ChangeOverrides(
        "vid-1", change,
        [&](const absl::StatusOr<OriginOverrides>& overrides) { answer = overrides.status(); });
    EXPECT_EQ(registry.overrides().Check("vid-1", change).status().code(), answer.code());
    return answer;
  };
  OverridesChange drain;
  drain.admin_state = FieldChange<AdminState>::Set(AdminState::kDraining);
  fleet.driving = false;
  const auto refused = decide(drain);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(refused.GetPayload(kDriverPayload).has_value());
  OverridesChange later;
  later.drain_deadline = FieldChange<absl::Time>::Set(clock_.WallNow() + absl::Minutes(1));
  EXPECT_TRUE(absl::IsFailedPrecondition(decide(later)));
  OverridesChange cordon;
  cordon.admin_state = FieldChange<AdminState>::Set(AdminState::kCordoned);
  EXPECT_TRUE(decide(cordon).ok());

  // What the driver decides reaches every proxy through the store.
  drain.made_at = clock_.WallNow();
  store.ChangeOverrides("vid-1", drain, [](const absl::StatusOr<OriginOverrides>&) {});
  EXPECT_EQ(registry.snapshot()->origins.front()->admin_state, AdminState::kDraining);
}

TEST_F(OriginRegistryTest, EverythingThatAnOperatorDecidesWinsUntilCleared) {
  OriginRegistration registration = Srs("a", "10.0.0.1", "1");
  registration.zone = "east";
  registration.labels = {{"gpu", "no"}, {"rack", "7"}};
  registration.capacity = 100;
  Register(registration);
  const std::map<std::string, std::string> labels = {{"gpu", "yes"}};
  const auto update = [&](auto zone, auto wanted_labels, auto capacity) {
    ASSERT_TRUE(UpdateOverrides(registry_, "a", [&](OriginOverrides& overrides) {
                  overrides.zone = zone;
                  overrides.labels = wanted_labels;
                  overrides.capacity = capacity;
                }).ok());
  };
  update("west", labels, 5);
  EXPECT_EQ(Find("a-svc-1")->zone, "west");
  EXPECT_EQ(Find("a-svc-1")->labels, labels) << "in place of all of them";
  EXPECT_EQ(Find("a-svc-1")->capacity, 5);
  EXPECT_EQ(Find("a-svc-1")->overrides, registry_.overrides().Of("a"));
  EXPECT_THAT(registry_.overrides().Servers(), ElementsAre("a"));
  update(std::nullopt, std::nullopt, std::nullopt);
  EXPECT_EQ(Find("a-svc-1")->zone, "east");
  EXPECT_EQ(Find("a-svc-1")->labels, registration.labels);
  EXPECT_EQ(Find("a-svc-1")->capacity, 100);
  EXPECT_THAT(registry_.overrides().Servers(), IsEmpty());
}

TEST_F(OriginRegistryTest, AnUpdateIsAllOrNothing) {
  Register(Srs("a", "10.0.0.1", "1"));
  const auto half_wrong = [](OriginOverrides& overrides) {
    overrides.zone = "west";
    overrides.weight = 2'000'000;
  };
  const auto refused = UpdateOverrides(registry_, "a", half_wrong);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(refused.status()), "weight: must not be above 1000000");
  EXPECT_EQ(registry_.overrides().Of("a"), OriginOverrides{});
  EXPECT_EQ(Find("a-svc-1")->zone, "");
}

TEST_F(OriginRegistryTest, ACheckChangesNothing) {
  Register(Srs("a", "10.0.0.1", "1"));
  OverridesChange change;
  change.zone = FieldChange<std::string>::Set("west");
  const auto checked = registry_.overrides().Check("a", change);
  EXPECT_EQ(checked->zone, "west");
  EXPECT_EQ(registry_.overrides().Of("a"), OriginOverrides{});
}

TEST_F(OriginRegistryTest, DrainingHasATimeAndEndsWithIt) {
  Register(Srs("a", "10.0.0.1", "1"));
  ASSERT_TRUE(SetAdminState("a", AdminState::kDraining).ok());
  const OriginDrain begun{.started_at = clock_.WallNow()};
  EXPECT_EQ(Find("a-svc-1")->overrides.drain, begun);
  clock_.Advance(absl::Seconds(5));
  ASSERT_TRUE(SetAdminState("a", AdminState::kDraining).ok());
  EXPECT_EQ(Find("a-svc-1")->overrides.drain, begun) << "it goes on";
  const absl::Time deadline = clock_.WallNow() + absl::Seconds(60);
  ASSERT_TRUE(UpdateOverrides(registry_, "a", [&](OriginOverrides& overrides) {
                overrides.drain->deadline = deadline;
              }).ok());
  EXPECT_EQ(Find("a-svc-1")->overrides.drain->deadline, deadline);
  ASSERT_TRUE(SetAdminState("a", AdminState::kCordoned).ok());
  EXPECT_EQ(Find("a-svc-1")->overrides.drain, std::nullopt);
}

// A store that cannot keep anything.
class FailingStore final : public OriginStore {
 public:
  void PutRecord(const OriginRecord&) override {}
  void RemoveRecord(std::string_view, const OriginEnd&) override {}
  std::vector<OriginRecord> Records() const override { return {}; }
  OriginOverrides Overrides(std::string_view) const override { return {}; }
  std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const override { return {}; }
  void ChangeOverrides(std::string, OverridesChange, ChangeOverridesCallback done) override {
    done(absl::UnavailableError("the disk is full"));
  }
  Subscription Subscribe(OverridesCallback) override { return {}; }
  void Stop() override {}
};

TEST_F(OriginRegistryTest, WhatCannotBeKeptIsNotDone) {
  FailingStore store;
  OriginRegistry registry(clock_, store);
  ASSERT_TRUE(registry.Register(Srs("a", "10.0.0.1", "1"), "x").ok());
  const auto refused = UpdateOverrides(registry, "a", [](OriginOverrides& overrides) {
    overrides.admin_state = AdminState::kCordoned;
  });
  EXPECT_EQ(refused.status(), absl::UnavailableError("the disk is full"));
  EXPECT_EQ(registry.CurrentSnapshot()->Find("a-svc-1")->admin_state, AdminState::kActive);
}

}  // namespace
}  // namespace srsproxy
