#include "dataplane/directory/state_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/support/change_overrides.h"

namespace srsproxy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    std::string path = testing::TempDir() + "state_file_XXXXXX";
    folder_ = mkdtemp(path.data());
  }
  ~StateFileTest() override { fs::remove_all(folder_); }

  std::shared_ptr<StateFile> Open() {
    auto state = TryOpen(folder_);
    EXPECT_TRUE(state.ok()) << state.status();
    return *std::move(state);
  }
  absl::StatusOr<std::shared_ptr<StateFile>> TryOpen(const std::string& folder) {
    const Logger logger(
        {.sink = [this](std::string_view line) { log_.append(line).append("\n"); }});
    return StateFile::Open(folder, logger);
  }
  void Write(const std::string& text) { std::ofstream(folder_ + "/state.json") << text; }
  // The files of the folder, by name.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      std::stringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      files[entry.path().filename()] = text.str();
    }
    return files;
  }

  std::string folder_;
  std::string log_;
};

OriginOverrides Everything() {
  const absl::Time start = absl::FromUnixMillis(1'700'000'000'123);
  return {.admin_state = AdminState::kDraining,
          .weight = 0.25,
          .zone = "Zürich \"east\"",
          .labels = {{{"gpu", "yes"}, {"empty", ""}}},
          .capacity = int64_t{1} << 60,
          .drain = OriginDrain{.started_at = start, .deadline = start + absl::Hours(1)}};
}

TEST_F(StateFileTest, KeepsEverythingOverARestart) {
  OriginOverrides endless;
  endless.admin_state = AdminState::kDraining;
  endless.drain = OriginDrain{.started_at = absl::FromUnixSeconds(1'700'000'000)};
  OriginOverrides unlabelled;
  unlabelled.labels.emplace();
  {
    const auto state = Open();
    EXPECT_TRUE(state->AllOverrides().empty());
    EXPECT_TRUE(state->AllPins().empty());
    ASSERT_TRUE(state->ChangeOverrides("vid-1", ChangeTo(Everything())).ok());
    ASSERT_TRUE(state->ChangeOverrides("vid-2", ChangeTo(endless)).ok());
    ASSERT_TRUE(state->ChangeOverrides("vid-3", ChangeTo(unlabelled)).ok());
    ASSERT_TRUE(state->ChangeOverrides("gone", ChangeTo(Everything())).ok());
    ASSERT_TRUE(state->ChangeOverrides("gone", ChangeTo({})).ok());
    ASSERT_TRUE(state->PutPin("v/live/a", "vid-1").ok());
    ASSERT_TRUE(state->PutPin("v/live/a", "vid-2").ok());
    ASSERT_TRUE(state->PutPin("v/live/b", "vid-1").ok());
    ASSERT_TRUE(state->RemovePin("v/live/b").ok());
    ASSERT_TRUE(state->RemovePin("v/live/never").ok());
  }
  const auto state = Open();
  EXPECT_EQ(
      state->AllOverrides(),
      (StateFile::Overrides{{"vid-1", Everything()}, {"vid-2", endless}, {"vid-3", unlabelled}}));
  EXPECT_EQ(state->OverridesOf("vid-1"), Everything());
  EXPECT_EQ(state->OverridesOf("gone"), OriginOverrides{});
  EXPECT_EQ(state->AllPins(), (StateFile::Pins{{"v/live/a", "vid-2"}}));
  EXPECT_EQ(log_, "");
}

TEST_F(StateFileTest, PinsAreReadUnderTheKeysOfToday) {
  Write(R"({"version":1,"pins":{"v/live/my cam":"vid-1","live/b.flv":"vid-2","b":"vid-3"}})");
  const auto state = Open();
  EXPECT_EQ(state->AllPins(),
            (StateFile::Pins{{"v/live/mycam", "vid-1"}, {"__defaultVhost__/live/b", "vid-2"}}));
  EXPECT_EQ(log_, "");
}

TEST_F(StateFileTest, WithoutAFolderItKeepsInMemory) {
  StateFile state;
  ASSERT_TRUE(state.ChangeOverrides("vid-1", ChangeTo(Everything())).ok());
  ASSERT_TRUE(state.PutPin("v/live/a", "vid-1").ok());
  EXPECT_EQ(state.OverridesOf("vid-1"), Everything());
  EXPECT_EQ(state.AllPins().size(), 1u);
}

TEST_F(StateFileTest, AChangeThatCannotBeWrittenIsNotMade) {
  const auto state = Open();
  ASSERT_TRUE(state->PutPin("v/live/a", "vid-1").ok());
  fs::create_directory(folder_ + "/state.json.new");  // Where the next version would be written.
  const auto failed = state->ChangeOverrides("vid-1", ChangeTo(Everything())).status();
  EXPECT_EQ(failed.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(failed)),
              testing::AllOf(HasSubstr("PROXY_STATE_DIR"), HasSubstr(folder_ + "/state.json")));
  EXPECT_EQ(state->RemovePin("v/live/a").code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(state->AllOverrides().empty());
  EXPECT_EQ(state->AllPins().size(), 1u);

  fs::remove(folder_ + "/state.json.new");
  EXPECT_TRUE(state->ChangeOverrides("vid-1", ChangeTo(Everything())).ok())
      << "the disk is well again";
}

TEST_F(StateFileTest, AHalfWrittenVersionCountsForNothing) {
  ASSERT_TRUE(Open()->PutPin("v/live/a", "vid-1").ok());
  std::ofstream(folder_ + "/state.json.new") << R"({"version":1,"pi)";
  const auto state = Open();
  EXPECT_EQ(state->AllPins().size(), 1u);
  EXPECT_TRUE(state->PutPin("v/live/b", "vid-1").ok());
  EXPECT_EQ(Files().size(), 1u);
  EXPECT_EQ(log_, "");
}

TEST_F(StateFileTest, RefusesTextThatItCouldNotReadAgain) {
  const auto state = Open();
  for (const char* bad : {"", "\xff", "two\nlines"}) {
    EXPECT_EQ(state->ChangeOverrides(bad, ChangeTo(Everything())).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(state->PutPin("v/live/a", bad).code(), absl::StatusCode::kInvalidArgument);
  }
  OriginOverrides overrides = Everything();
  overrides.zone = "\xff";
  EXPECT_EQ(state->ChangeOverrides("a", ChangeTo(overrides)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(state->PutPin("\xff", "vid-1").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Files().empty());
}

// Folders that cannot be used.

TEST_F(StateFileTest, AFolderThatIsNotThereIsAnError) {
  const auto state = TryOpen(folder_ + "/none");
  EXPECT_EQ(state.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(MessageOf(state.status()), "PROXY_STATE_DIR: " + folder_ +
                                           "/none: cannot open the folder: No such file or "
                                           "directory");
}

TEST_F(StateFileTest, AFileThatCannotBeReadIsAnError) {
  fs::create_directory(folder_ + "/state.json");
  EXPECT_THAT(std::string(MessageOf(TryOpen(folder_).status())),
              HasSubstr("PROXY_STATE_DIR: " + folder_ + "/state.json is no file"));
}

TEST_F(StateFileTest, APipeInItsPlaceIsNotWaitedFor) {
  ASSERT_EQ(mkfifo((folder_ + "/state.json").c_str(), 0600), 0);
  EXPECT_THAT(std::string(MessageOf(TryOpen(folder_).status())),
              HasSubstr("PROXY_STATE_DIR: " + folder_ + "/state.json is no file"));
}

TEST_F(StateFileTest, AFolderHasOneUserAtATime) {
  auto first = Open();
  EXPECT_THAT(std::string(MessageOf(TryOpen(folder_).status())),
              HasSubstr("is in use by another srsproxy"));
  first = nullptr;
  EXPECT_TRUE(TryOpen(folder_).ok());
}

// Files that cannot be understood.

struct DamagedFile {
  const char* name;
  std::string text;
  const char* why;  // A part of the warning.
};

class DamagedStateFileTest : public StateFileTest,
                             public testing::WithParamInterface<DamagedFile> {};

TEST_P(DamagedStateFileTest, IsSetAside) {
  Write(GetParam().text);
  {
    const auto state = Open();
    EXPECT_TRUE(state->AllOverrides().empty());
    EXPECT_TRUE(state->AllPins().empty());
    EXPECT_TRUE(state->PutPin("v/live/a", "vid-1").ok());
  }
  const auto files = Files();
  ASSERT_EQ(files.size(), 2u);
  const auto& [kept_as, text] = *std::next(files.begin());
  EXPECT_THAT(kept_as, testing::StartsWith("state.json.damaged-"));
  EXPECT_EQ(text, GetParam().text);
  EXPECT_THAT(log_,
              testing::AllOf(HasSubstr("WARN"), HasSubstr(kept_as), HasSubstr(GetParam().why)));
  EXPECT_EQ(Open()->AllPins().size(), 1u);
}

std::string WithServer(const std::string& fields) {
  return R"({"version":1,"servers":{"vid-1":)" + fields + "}}";
}

INSTANTIATE_TEST_SUITE_P(
    Files, DamagedStateFileTest,
    testing::Values(
        DamagedFile{"Empty", "", "no JSON"}, DamagedFile{"Cut", R"({"version":1,)", "no JSON"},
        DamagedFile{"Deep", std::string(1000, '['), "no JSON"},
        DamagedFile{"List", "[]", "no version"}, DamagedFile{"NoVersion", "{}", "no version"},
        DamagedFile{"VersionAsText", R"({"version":"1"})", "no version"},
        DamagedFile{"Newer", R"({"version":2,"servers":{}})", "version is 2"},
        DamagedFile{"UnknownField", R"({"version":1,"more":1})", "'more' is not understood"},
        DamagedFile{"ServersAsList", R"({"version":1,"servers":[]})", "servers"},
        DamagedFile{"PinsAsNumbers", R"({"version":1,"pins":{"v/a/b":1}})", "pins"},
        DamagedFile{"NamelessServer", R"({"version":1,"servers":{"":{}}})", "servers: ''"},
        DamagedFile{"ServerAsText", WithServer("\"x\""), "servers: 'vid-1'"},
        DamagedFile{"UnknownSetting", WithServer(R"({"more":1})"), "'more'"},
        DamagedFile{"UnknownAdminState", WithServer(R"({"admin_state":"asleep"})"),
                    "'admin_state'"},
        DamagedFile{"NegativeWeight", WithServer(R"({"weight":-1})"), "servers: 'vid-1'"},
        DamagedFile{"WeightAsText", WithServer(R"({"weight":"1"})"), "'weight'"},
        DamagedFile{"FractionalCapacity", WithServer(R"({"capacity":1.5})"), "'capacity'"},
        DamagedFile{"LabelsAsList", WithServer(R"({"labels":[]})"), "'labels'"},
        DamagedFile{"NotUtf8", WithServer("{\"zone\":\"\xff\"}"), "no JSON"},
        DamagedFile{"DrainWithoutStart", WithServer(R"({"admin_state":"draining","drain":{}})"),
                    "'drain'"},
        DamagedFile{"DrainingWithoutDrain", WithServer(R"({"admin_state":"draining"})"), "'vid-1'"},
        DamagedFile{"DrainWithoutDraining",
                    WithServer(R"({"drain":{"start_time":"2026-01-02T03:04:05Z"}})"), "'vid-1'"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace srsproxy
