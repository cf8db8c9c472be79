// What a media listener serves beside streams: files, and short documents.
#include "dataplane/proxy/http/file_response.h"

#include <filesystem>
#include <fstream>

#include "dataplane/directory/memory_stream_directory.h"
#include "dataplane/proxy/http/document_route.h"
#include "dataplane/proxy/http/http_session.h"
#include "tests/support/fake_session_control.h"
#include "tests/unit/dataplane/proxy/session_fixture.h"

namespace srsproxy::testing {
namespace {

using ::testing::HasSubstr;

class FileResponseTest : public SessionFixture {
 protected:
  FileResponseTest() {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "page.html") << std::string(300'000, 'x') << "END OF THE PAGE";
    files_ = StaticFiles::Open(folder_).value();
    file_route_.emplace(context_, *files_);
    site_.routes = {&documents_, &*file_route_};
  }
  ~FileResponseTest() override {
    files_->Stop();
    std::filesystem::remove_all(folder_);
  }

  net::Task<void> ServeClient(net::Incoming client, net::CancelScope& scope) {
    HttpSession session(needs_, scope, site_, Listener::kHttp, std::move(client), nullptr);
    co_await session.Run();
  }
  Serve serve() {
    return [this](net::Incoming client, net::CancelScope& scope) {
      return ServeClient(std::move(client), scope);
    };
  }
  static Script Asks(const std::string& target, const std::string& until) {
    return {{.send = "GET " + target + " HTTP/1.1\r\nHost: v.com\r\n"},
            {.send = "Connection: close\r\n\r\n"},
            {.until = "HTTP/1.1 200"},
            {.until = until}};
  }

  const std::filesystem::path folder_ =
      ::testing::TempDir() + "file_response_test_" + std::to_string(getpid());
  std::unique_ptr<StaticFiles> files_;
  MemoryStreamDirectory streams_{clock_, 10};
  FakeSessionControl sessions_;
  const LiveStreams live_streams_{clock_, streams_, sessions_, {}};
  DocumentRoute documents_{context_, live_streams_};
  std::optional<FileRoute> file_route_;
  const HttpSessionNeeds needs_{config_, context_, table_};
  HttpSite site_{.methods = "GET, HEAD, OPTIONS", .routes = {}, .not_found = "no such path"};
};

TEST_F(FileResponseTest, AFileComesWhole) {
  EXPECT_THAT(Run(serve(), {Asks("/page.html", "END OF THE PAGE")}, {}), HasSubstr("END OF THE"));
}

TEST_F(FileResponseTest, AFileEndsWhoeverLeavesWhen) {
  RunAllEnds(serve(), Asks("/page.html", "END OF THE PAGE"), {});
}

TEST_F(FileResponseTest, DocumentsComeBeforeFiles) {
  EXPECT_THAT(Run(serve(), {Asks("/api/v1/versions", "}")}, {}), HasSubstr("\"code\":0"));
  EXPECT_THAT(Run(serve(), {Asks("/api/v1/live-streams", "}")}, {}), HasSubstr("\"streams\":[]"));
  RunAllEnds(serve(), Asks("/api/v1/live-streams", "}"), {});
}

}  // namespace
}  // namespace srsproxy::testing
