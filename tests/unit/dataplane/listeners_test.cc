// Clients from their connect on: a slot of the limit is taken for each session, and given back
// however that ends.
#include "dataplane/listeners.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "dataplane/balance/start_settle.h"
#include "dataplane/directory/memory_stores.h"
#include "tests/support/fake_session_control.h"
#include "tests/unit/dataplane/proxy/http_scripts.h"
#include "tests/unit/dataplane/proxy/peers_fixture.h"
#include "tests/unit/dataplane/proxy/rtmp/rtmp_scripts.h"

namespace srsproxy::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What a client of a listener and an origin do, and after how many steps a deadline ends them.
struct Dialogue {
  Listener plain;
  Listener over_tls;
  Script client;
  std::vector<size_t> client_stalls;
  Script origin;
  std::vector<size_t> origin_stalls;
};

std::vector<Dialogue> Dialogues() {
  const auto play = rtmp::testing::Plays();
  const auto publish = rtmp::testing::Publishes();
  const std::string streams = R"({"code":0,"server":"s","streams":[]})";
  return {
      {Listener::kRtmp, Listener::kRtmps, play.client, {0, 3, 7}, play.origin, {0, 4, 8}},
      {Listener::kRtmp, Listener::kRtmps, publish.client, {0, 3, 7}, publish.origin, {0, 4, 8}},
      {Listener::kHttp,
       Listener::kHttps,
       HttpRequestScript("/live/cam.flv", "MEDIA"),
       {1},
       HttpResponseScript("MEDIA"),
       {1, 2}},
      {Listener::kHttp,
       Listener::kHttps,
       HttpRequestScript("/live/cam.m3u8"),
       {1},
       HttpResponseScript("#EXTM3U\n#EXTINF:2.0,\ncam-1.ts\n"),
       {1, 2, 3}},
      {Listener::kHttp, Listener::kHttps, HttpRequestScript("/page.html", "THE END"), {1}, {}, {}},
      {Listener::kHttpApi,
       Listener::kHttpsApi,
       HttpRequestScript("/api/v1/streams"),
       {1},
       HttpResponseScript(streams),
       {}},
  };
}

// Throws, as a fault in the program would.
class ThrowingAuthorizer final : public Authorizer {
 public:
  bool enforced() const override { return true; }
  absl::Status Check(const AccessRequest&) override {
    if (throws) throw std::runtime_error("a fault");
    return absl::OkStatus();
  }

  bool throws = false;
};

// With one slot, so that one that is not given back fails all that follow.
class ListenersTest : public PeersFixture, public ::testing::WithParamInterface<bool> {
 protected:
  ListenersTest() {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "page.html") << "A PAGE, THE END";
    // More than what the kernel keeps for a client that does not read.
    std::ofstream(folder_ / "large.html") << std::string(20'000'000, 'x');
    files_ = StaticFiles::Open(folder_).value();
    contexts_.front()->ServeHttp(live_streams_, files_.get());
    RegisterOrigin();
    if (GetParam()) UseTls();
    Config config = *config_.Get();
    for (const ListenerRow& row : kListeners) {
      const bool wanted = row.tls == GetParam();
      config.*row.address = {.enabled = wanted, .host = "127.0.0.1", .port = 0};
    }
    if (GetParam()) {
      config.tls_cert = certificates_.Cert("server");
      config.tls_key = certificates_.Key("server");
    }
    const auto opened = listeners_.Open(config);
    EXPECT_TRUE(opened.ok()) << opened;
  }
  ~ListenersTest() override { std::filesystem::remove_all(folder_); }

  void TearDown() override {
    files_->Stop();
    listeners_.Close();
    PeersFixture::TearDown();
  }

  Listener ListenerOf(const Dialogue& dialogue) const {
    return GetParam() ? dialogue.over_tls : dialogue.plain;
  }
  // Until `done`.
  template <typename Done>
  void RunUntil(Done done) {
    io().restart();
    while (!done()) ASSERT_EQ(io().run_one_for(kLongestRun), 1U);
  }
  // Whether whoever accepts this client closes without a word.
  bool IsClosed(tcp::socket& client) {
    std::optional<boost::system::error_code> read;
    char byte = 0;
    client.async_read_some(net::asio::buffer(&byte, 1),
                           [&read](const auto& error, size_t) { read = error; });
    RunUntil([&read] { return read.has_value(); });
    return read.has_value() && *read;
  }
  Front To(Listener listener) {
    return [this, listener](tcp::socket& client) {
      taken_ = false;
      Connect(client, listener);
      RunUntil([this] { return table().size() == 1; });
    };
  }
  void Connect(tcp::socket& client, Listener listener) {
    client.connect({Loopback().address(), listeners_.PortOf(listener)});
  }

  bool SessionEnded() override {
    EXPECT_LE(limit_.used(), 1U);
    taken_ = taken_ || limit_.used() == 1;
    return taken_ && limit_.used() == 0;
  }
  SessionTable& table() override { return contexts_.front()->sessions(); }
  void EndPooled() override {
    if (origin_peer_ != nullptr) origin_peer_->Leave();
  }
  void EndRest() override { viewers_.EndAll(absl::OkStatus()); }

  const std::filesystem::path folder_ =
      ::testing::TempDir() + "listeners_test_" + std::to_string(getpid());
  const Stores stores_ = MakeMemoryStores(*config_.Get(), clock_, logger_).value();
  std::unique_ptr<StaticFiles> files_;
  FakeSessionControl sessions_;
  const LiveStreams live_streams_{clock_, *stores_.streams, sessions_, {}};
  HlsSessions viewers_{clock_, logger_, metrics_, metrics_.AddWorker()};
  ThrowingAuthorizer authorizer_;
  SessionLimit cluster_requests_{1};
  SessionLimit limit_{1};
  bool taken_ = false;  // The slot, by the client of this run.
  std::vector<std::unique_ptr<WorkerContext>> contexts_ = MakeContexts();
  Listeners listeners_{{.workers = workers_,
                        .contexts = contexts_,
                        .limit = limit_,
                        .dial_rules = dial_rules_,
                        .clock = clock_,
                        .logger = logger_,
                        .metrics = metrics_}};

 private:
  std::vector<std::unique_ptr<WorkerContext>> MakeContexts() {
    const WorkerContext::Shared shared{.config = config_,
                                       .clock = clock_,
                                       .logger = logger_,
                                       .metrics = metrics_,
                                       .authorizer = authorizer_,
                                       .stores = stores_,
                                       .dial_rules = dial_rules_,
                                       .balancer = balancer_,
                                       .origins = registry_,
                                       .hls_sessions = viewers_,
                                       .cluster_requests = cluster_requests_,
                                       .boot_id = BootId{1},
                                       .started = clock_.Now() - StartSettle::kWindow};
    std::vector<std::unique_ptr<WorkerContext>> contexts;
    contexts.push_back(std::make_unique<WorkerContext>(*workers_.front(), shared));
    return contexts;
  }
};

INSTANTIATE_TEST_SUITE_P(, ListenersTest, ::testing::Bool(),
                         [](const auto& over_tls) { return over_tls.param ? "Tls" : "Plain"; });

TEST_P(ListenersTest, TheSlotIsGivenBackWhoeverLeavesWhen) {
  for (const Dialogue& dialogue : Dialogues()) {
    SCOPED_TRACE(dialogue.client.front().send);
    RunAllEnds(To(ListenerOf(dialogue)), dialogue.client, dialogue.origin);
  }
}

TEST_P(ListenersTest, TheSlotIsGivenBackAfterADeadline) {
  for (const Dialogue& dialogue : Dialogues()) {
    SCOPED_TRACE(dialogue.client.front().send);
    RunAllStalls(To(ListenerOf(dialogue)), dialogue.client, dialogue.client_stalls, dialogue.origin,
                 dialogue.origin_stalls);
  }
}

TEST_P(ListenersTest, TheSlotOfAClientThatStopsReadingIsGivenBack) {
  ShortenTimeouts();
  const auto http = GetParam() ? Listener::kHttps : Listener::kHttp;
  const Script client = HttpRequestScript("/large.html");
  EXPECT_THAT(Run(To(http), {client, 3, Leaving::kStopsReading}, {}), HasSubstr("HTTP/1.1 200"));
}

TEST_P(ListenersTest, TheSlotOfAClientThatSpeaksSomethingElseIsGivenBack) {
  client_tls_ = nullptr;
  for (const Dialogue& dialogue : Dialogues()) {
    Run(To(ListenerOf(dialogue)), {{{.send = "nonsense\r\n\r\n"}}}, {});
  }
}

TEST_P(ListenersTest, TheSlotOfASessionThatFailsIsGivenBack) {
  authorizer_.throws = true;
  const Dialogue api = Dialogues().back();
  EXPECT_THAT(Run(To(ListenerOf(api)), {api.client}, {}), IsEmpty());
}

TEST_P(ListenersTest, WithoutASlotAClientIsRefusedAndCounted) {
  for (const Dialogue& dialogue : Dialogues()) {
    const Front front = To(ListenerOf(dialogue));
    tcp::socket first(io());
    tcp::socket second(io());
    front(first);
    EXPECT_EQ(limit_.used(), 1U);
    Connect(second, ListenerOf(dialogue));
    EXPECT_TRUE(IsClosed(second));
    EXPECT_EQ(limit_.used(), 1U);
    first.close();
    RunUntil([this] { return limit_.used() == 0; });
    Run(front, {dialogue.client, SIZE_MAX, Leaving::kCloses}, {dialogue.origin});
  }
  EXPECT_THAT(metrics_.Serialize(),
              HasSubstr("limit_rejections_total{reason=\"max_sessions\"} 6\n"));
}

TEST_P(ListenersTest, AClientOfTheLastMomentTakesNoSlot) {
  tcp::socket client(io());
  Connect(client, ListenerOf(Dialogues().front()));
  listeners_.StopAccepting();
  EXPECT_TRUE(IsClosed(client));
  EXPECT_EQ(table().size(), 0U);
  EXPECT_EQ(limit_.used(), 0U);
}

}  // namespace
}  // namespace srsproxy::testing
