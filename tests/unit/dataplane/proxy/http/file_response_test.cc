// What a media listener serves beside streams: files, and short documents.
#include "dataplane/proxy/http/file_response.h"

#include <filesystem>
#include <fstream>

#include "dataplane/directory/memory_stream_directory.h"
#include "dataplane/proxy/http/document_route.h"
#include "tests/support/fake_session_control.h"
#include "tests/unit/dataplane/proxy/http_session_fixture.h"

namespace srsproxy::testing {
namespace {

using ::testing::HasSubstr;

const std::string kEnd = "END OF THE PAGE";

class FileResponseTest : public HttpAndHttpsFixture {
 protected:
  FileResponseTest() {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "page.html") << std::string(300'000, 'x') << kEnd;
    files_ = StaticFiles::Open(folder_).value();
    file_route_.emplace(context_, *files_);
    site_.routes = {&documents_, &*file_route_};
  }
  ~FileResponseTest() override {
    files_->Stop();
    std::filesystem::remove_all(folder_);
  }

  const std::filesystem::path folder_ =
      ::testing::TempDir() + "file_response_test_" + std::to_string(getpid());
  std::unique_ptr<StaticFiles> files_;
  MemoryStreamDirectory streams_{clock_, 10};
  FakeSessionControl sessions_;
  const LiveStreams live_streams_{clock_, streams_, sessions_, {}};
  DocumentRoute documents_{context_, live_streams_};
  std::optional<FileRoute> file_route_;
  HttpSite site_{.methods = "GET, HEAD, OPTIONS", .routes = {}, .not_found = "no such path"};
};

INSTANTIATE_TEST_SUITE_P(, FileResponseTest, ::testing::Bool(), HttpAndHttpsFixture::NameOf);

TEST_P(FileResponseTest, AFileComesWhole) {
  EXPECT_THAT(Run(serve(site_), {HttpRequestScript("/page.html", kEnd)}, {}), HasSubstr(kEnd));
}

TEST_P(FileResponseTest, AFileEndsWhoeverLeavesWhen) {
  Script client = HttpRequestScript("/page.html", "HTTP/1.1 200");
  client.push_back({.until = kEnd});
  RunAllEnds(serve(site_), client, {});
}

TEST_P(FileResponseTest, AClientThatStallsMissesItsDeadline) {
  RunClientStalls(serve(site_), "/page.html", {}, "HTTP/1.1 413", kEnd);
}

TEST_P(FileResponseTest, DocumentsComeBeforeFiles) {
  const auto get = [this](const std::string& target) {
    return Run(serve(site_), {HttpRequestScript(target, "}")}, {});
  };
  EXPECT_THAT(get("/api/v1/versions"), HasSubstr("\"code\":0"));
  EXPECT_THAT(get("/api/v1/live-streams"), HasSubstr("\"streams\":[]"));
  RunAllEnds(serve(site_), HttpRequestScript("/api/v1/live-streams", "}"), {});
}

}  // namespace
}  // namespace srsproxy::testing
