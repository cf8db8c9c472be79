#include "dataplane/proxy/http/static_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include <gtest/gtest.h>

#include "tests/unit/dataplane/net/run_task.h"

namespace srsproxy {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() : base_(testing::TempDir() + "static_files_test_" + std::to_string(getpid())) {
    fs::remove_all(base_);
    fs::create_directories(base_ / "www" / "sub");
    fs::create_directories(base_ / "www" / "empty");
    Write("www/index.html", "root");
    Write("www/sub/index.html", "sub");
    Write("www/file.txt", "0123456789");
    Write("secret.txt", "secret");
    files_ = *StaticFiles::Open((base_ / "www").string());
  }
  ~StaticFilesTest() override { fs::remove_all(base_); }

  void Write(const std::string& name, std::string_view content) const {
    std::ofstream(base_ / name) << content;
  }
  absl::StatusOr<std::shared_ptr<const StaticFile>> Find(const std::string& path) {
    return net::testing::RunTask(io_, files_->Find(io_.get_executor(), path));
  }
  std::string Read(std::shared_ptr<const StaticFile> file, uint64_t begin, size_t size) {
    return net::testing::RunTask(io_,
                                 files_->Read(io_.get_executor(), std::move(file), begin, size))
        .value();
  }
  // What is found at `path`: its content, "folder" or "none".
  std::string At(const std::string& path) {
    auto found = Find(path);
    if (absl::IsNotFound(found.status())) return "none";
    if ((*found)->is_folder()) return "folder";
    return Read(*found, 0, 100);
  }

  const fs::path base_;
  net::asio::io_context io_;  // Outlives the readers of files_.
  std::unique_ptr<StaticFiles> files_;
};

TEST_F(StaticFilesTest, FindsFilesAndIndexes) {
  EXPECT_EQ(At(""), "root");
  EXPECT_EQ(At("index.html"), "root");
  EXPECT_EQ(At("sub/"), "sub");
  EXPECT_EQ(At("sub"), "folder");
  EXPECT_EQ(At("empty"), "folder");
  EXPECT_EQ(At("empty/"), "none");
  EXPECT_EQ(At("file.txt"), "0123456789");
  EXPECT_EQ(At("file.txt/"), "none");
  EXPECT_EQ(At("missing"), "none");
  EXPECT_EQ(At(std::string(5000, 'a')), "none");
}

TEST_F(StaticFilesTest, FindsAndReadsAFile) {
  const auto file = *Find("file.txt");
  EXPECT_EQ(file->state().size, 10);
  EXPECT_EQ(file->name(), "file.txt");
  EXPECT_LT(absl::AbsDuration(absl::Now() - file->state().modified), absl::Hours(1));
  EXPECT_EQ(Read(file, 3, 4), "3456");
  EXPECT_EQ(Read(file, 8, 100), "89");
  EXPECT_EQ(Read(file, 100, 4), "");
}

TEST_F(StaticFilesTest, LinksLeadNowhereElse) {
  fs::create_symlink("file.txt", base_ / "www" / "inside.txt");
  fs::create_symlink("../secret.txt", base_ / "www" / "outside.txt");
  fs::create_symlink(base_, base_ / "www" / "up");
  fs::create_symlink("/etc", base_ / "www" / "etc");
  EXPECT_EQ(At("inside.txt"), "0123456789");
  EXPECT_EQ(At("outside.txt"), "none");
  EXPECT_EQ(At("up"), "none");
  EXPECT_EQ(At("up/secret.txt"), "none");
  EXPECT_EQ(At("up/www/file.txt"), "0123456789") << "back in the folder";
  EXPECT_EQ(At("etc/passwd"), "none");
}

TEST_F(StaticFilesTest, AFolderWithAPrefixOfTheNameIsOutside) {
  fs::create_directories(base_ / "www-private");
  Write("www-private/file.txt", "private");
  fs::create_symlink("../www-private", base_ / "www" / "private");
  EXPECT_EQ(At("private/file.txt"), "none");
}

TEST_F(StaticFilesTest, WhatIsNoFileIsNotServed) {
  ASSERT_EQ(::mkfifo((base_ / "www" / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(At("pipe"), "none");
}

TEST_F(StaticFilesTest, TheFolderMayBeALink) {
  fs::create_symlink("www", base_ / "link");
  files_ = *StaticFiles::Open((base_ / "link").string());
  EXPECT_EQ(At("file.txt"), "0123456789");
}

TEST_F(StaticFilesTest, AMissingFolderIsReported) {
  const auto missing = StaticFiles::Open((base_ / "missing").string()).status();
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_NE(MessageOf(missing).find("missing: No such file"), std::string_view::npos) << missing;
  EXPECT_FALSE(StaticFiles::Open((base_ / "secret.txt").string()).ok());
}

}  // namespace
}  // namespace srsproxy
