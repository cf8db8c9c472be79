#include "dataplane/core/metrics.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <latch>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A scrape's sample: the text after `series` and a blank; "absent" when there is none.
std::string Sample(const std::string& scrape, const std::string& series) {
  std::istringstream lines(scrape);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
  }
  return "absent";
}

std::shared_ptr<Origin> MakeOrigin(const std::string& server, MonotonicTime heard = {}) {
  auto origin = std::make_shared<Origin>();
  origin->id = server + "-service-1";
  origin->registration.server = server;
  origin->last_seen = heard;
  return origin;
}

OriginSnapshot Snapshot(std::vector<std::shared_ptr<Origin>> origins) {
  OriginSnapshot snapshot;
  snapshot.origins.assign(origins.begin(), origins.end());
  return snapshot;
}

SessionEnd End(Role role, Side side, EndReason reason) {
  SessionEnd end;
  end.role = role;
  end.side = side;
  end.reason = reason;
  return end;
}

TEST(MetricsTest, SumsTheWorkers) {
  Metrics metrics("1.2.3");
  WorkerMetrics& first = metrics.AddWorker();
  WorkerMetrics& second = metrics.AddWorker();
  first.AddBytes(Protocol::kRtmp, Role::kViewer, Direction::kOut, 1000);
  second.AddBytes(Protocol::kRtmp, Role::kViewer, Direction::kOut, 1);
  second.AddBytes(Protocol::kRtmp, Role::kViewer, Direction::kIn, 5);
  const std::string scrape = metrics.Serialize();
  EXPECT_EQ(
      Sample(scrape, R"(srsproxy_bytes_total{protocol="rtmp",role="viewer",direction="out"})"),
      "1001");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_bytes_total{protocol="rtmp",role="viewer",direction="in"})"),
            "5");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_build_info{version="1.2.3"})"), "1");
}

TEST(MetricsTest, GaugesGoBackToZero) {
  Metrics metrics("1");
  WorkerMetrics& worker = metrics.AddWorker();
  const std::string sessions = R"(srsproxy_sessions{protocol="rtmp",role="publisher"})";
  const std::string connections = R"(srsproxy_connections{listener="rtmps"})";
  EXPECT_EQ(Sample(metrics.Serialize(), sessions), "0");
  worker.ConnectionOpened(Listener::kRtmps);
  worker.SessionStarted(Protocol::kRtmp, Role::kPublisher);
  worker.SessionStarted(Protocol::kRtmp, Role::kPublisher);
  EXPECT_EQ(Sample(metrics.Serialize(), sessions), "2");
  EXPECT_EQ(Sample(metrics.Serialize(), connections), "1");
  worker.SessionEnded(End(Role::kPublisher, Side::kClient, EndReason::kClosed));
  worker.SessionEnded(End(Role::kPublisher, Side::kOrigin, EndReason::kRefused));
  worker.ConnectionClosed(Listener::kRtmps);
  const std::string scrape = metrics.Serialize();
  EXPECT_EQ(Sample(scrape, sessions), "0");
  EXPECT_EQ(Sample(scrape, connections), "0");
  EXPECT_EQ(Sample(scrape,
                   "srsproxy_sessions_total{protocol=\"rtmp\",role=\"publisher\","
                   "side=\"origin\",reason=\"refused\"}"),
            "1");
}

TEST(MetricsTest, CountsWhatIsReported) {
  Metrics metrics("1");
  metrics.client_errors.Increment("rtmp", ClientError::kHandshake);
  metrics.client_errors.Increment("rtmp", ClientError::kHandshake);
  metrics.limit_rejections.Increment(LimitReason::kDescriptors);
  metrics.sessions_limit.Set(4000);
  metrics.stream_assignments.Increment("random", PickReason::kClaimed);
  metrics.sticky_violations.Increment();
  metrics.streams.Set("known", 12);
  metrics.heartbeats.Increment(HeartbeatResult::kUnknownLease);
  metrics.lease_expirations.Increment();
  metrics.self_preservation.Set(true);
  metrics.grpc_handled.Increment("srsproxy.v1.OriginService/GetOrigin", "NOT_FOUND");
  metrics.grpc_handling.Observe("srsproxy.v1.OriginService/GetOrigin", absl::Milliseconds(3));
  metrics.watch_streams.Set(3);
  metrics.redis_up.Set(1);
  metrics.redis_command.Observe("claim", absl::Milliseconds(2));
  metrics.log_dropped.RaiseTo(5);
  metrics.log_dropped.RaiseTo(7);
  const std::string scrape = metrics.Serialize();
  EXPECT_EQ(Sample(scrape, R"(srsproxy_client_errors_total{protocol="rtmp",reason="handshake"})"),
            "2");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_limit_rejections_total{reason="descriptors"})"), "1");
  EXPECT_EQ(Sample(scrape, "srsproxy_sessions_limit"), "4000");
  EXPECT_EQ(Sample(scrape, "srsproxy_watch_streams"), "3");
  EXPECT_EQ(Sample(scrape, "srsproxy_redis_up"), "1");
  EXPECT_EQ(Sample(scrape, "srsproxy_redis_command_seconds_count{op=\"claim\"}"), "1");
  EXPECT_EQ(
      Sample(scrape, R"(srsproxy_stream_assignments_total{reason="claimed",strategy="random"})"),
      "1");
  EXPECT_EQ(Sample(scrape, "srsproxy_sticky_violations_total"), "1");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_streams{state="known"})"), "12");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_heartbeats_total{result="unknown_lease"})"), "1");
  EXPECT_EQ(Sample(scrape, "srsproxy_lease_expirations_total"), "1");
  EXPECT_EQ(Sample(scrape, "srsproxy_self_preservation"), "1");
  EXPECT_EQ(Sample(scrape,
                   "srsproxy_grpc_server_handled_total{code=\"NOT_FOUND\",method=\""
                   "srsproxy.v1.OriginService/GetOrigin\"}"),
            "1");
  EXPECT_EQ(Sample(scrape, "srsproxy_log_dropped_total"), "7");
}

TEST(MetricsTest, ObservesTimesInSeconds) {
  Metrics metrics("1");
  metrics.handshake.Observe(Protocol::kRtmp, Side::kOrigin, absl::Milliseconds(250));
  metrics.pick.Observe(absl::Microseconds(8));
  metrics.origin_connect.Observe(absl::Milliseconds(2));
  metrics.first_byte.Observe(Protocol::kRtmp, Role::kViewer, absl::Milliseconds(30));
  metrics.session_duration.Observe(Protocol::kRtmp, Role::kViewer, absl::Minutes(2));
  metrics.worker_loop_lag.Observe(1, absl::Milliseconds(3));
  const std::string scrape = metrics.Serialize();
  EXPECT_EQ(Sample(scrape, R"(srsproxy_handshake_seconds_sum{protocol="rtmp",side="origin"})"),
            "0.25");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_pick_seconds_bucket{le="5e-06"})"), "0");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_pick_seconds_bucket{le="1e-05"})"), "1");
  EXPECT_EQ(Sample(scrape, "srsproxy_origin_connect_seconds_count"), "1");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_first_byte_seconds_count{protocol="rtmp",role="viewer"})"),
            "1");
  EXPECT_EQ(
      Sample(scrape, R"(srsproxy_session_duration_seconds_sum{protocol="rtmp",role="viewer"})"),
      "120");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_worker_loop_lag_seconds_count{worker="1"})"), "1");
}

TEST(MetricsTest, OriginSeriesComeAndGoWithTheOrigin) {
  Metrics metrics("1");
  const MonotonicTime now{};
  auto down = MakeOrigin("b", now);
  down->down = true;
  auto loaded = MakeOrigin("a", now - std::chrono::seconds(4));
  loaded->load.cpu_ratio = 0.5;
  loaded->load.connections = 30;
  loaded->registration.capacity = 40;
  loaded->registration.zone = "east";
  metrics.origins.Set(Snapshot({loaded, down}), now);
  metrics.origins.CountFailure("b", ConnectOutcome::kRefused);
  metrics.origins.CountConflict("b");
  std::string scrape = metrics.Serialize();
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origins{state="healthy"})"), "1");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origins{state="down"})"), "1");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_info{origin="a",zone="east"})"), "1");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_up{origin="a"})"), "1");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_up{origin="b"})"), "0");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_heartbeat_age_seconds{origin="a"})"), "4");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_load_ratio{origin="a"})"), "0.75");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_load_ratio{origin="b"})"), "absent");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_failures_total{origin="b",reason="refused"})"), "1");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_conflicts_total{origin="b"})"), "1");

  metrics.origins.Set(Snapshot({loaded}), now + std::chrono::minutes(1));
  scrape = metrics.Serialize();
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_up{origin="b"})"), "absent");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_failures_total{origin="b",reason="refused"})"),
            "absent");
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origin_conflicts_total{origin="b"})"), "1")
      << "who loses its place in turn would lose its count each time";
  metrics.origins.Set(Snapshot({loaded}), now + std::chrono::minutes(12));
  scrape = metrics.Serialize();
  EXPECT_THAT(scrape, Not(HasSubstr(R"(origin="b")")));
  EXPECT_EQ(Sample(scrape, R"(srsproxy_origins{state="down"})"), "0");
}

TEST(MetricsTest, CollectorsRunBeforeEachScrape) {
  Metrics metrics("1");
  int calls = 0;
  metrics.AddCollector([&calls](Metrics& m) { m.streams.Set("known", ++calls); });
  EXPECT_EQ(Sample(metrics.Serialize(), R"(srsproxy_streams{state="known"})"), "1");
  EXPECT_EQ(Sample(metrics.Serialize(), R"(srsproxy_streams{state="known"})"), "2");
}

TEST(MetricsTest, ShowsTheProcess) {
  Metrics metrics("1");
  const std::string scrape = metrics.Serialize();
  for (const char* name : {"process_cpu_seconds_total", "process_threads",
                           "process_virtual_memory_bytes", "process_resident_memory_bytes",
                           "process_start_time_seconds", "process_open_fds", "process_max_fds"}) {
    EXPECT_NE(Sample(scrape, name), "absent") << name;
  }
  EXPECT_GT(std::stod(Sample(scrape, "process_start_time_seconds")), 1.7e9);
  EXPECT_GT(std::stod(Sample(scrape, "process_resident_memory_bytes")), 1e6);
}

TEST(MetricsTest, ThreadsAreCounted) {
  Metrics metrics("1");
  const double before = std::stod(Sample(metrics.Serialize(), "process_threads"));
  std::latch end(1);
  const std::jthread one_more([&end] { end.wait(); });
  EXPECT_EQ(std::stod(Sample(metrics.Serialize(), "process_threads")), before + 1);
  end.count_down();
}

TEST(MetricsTest, OpenDescriptorsAreCounted) {
  Metrics metrics("1");
  const double before = std::stod(Sample(metrics.Serialize(), "process_open_fds"));
  const std::ifstream one_more("/proc/self/stat");
  EXPECT_EQ(std::stod(Sample(metrics.Serialize(), "process_open_fds")), before + 1);
}

TEST(MetricsTest, MayBeScrapedWhileWorkersCount) {
  constexpr int kRounds = 2000;
  Metrics metrics("1");
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 2; ++i) {
      workers.emplace_back([&metrics] {
        WorkerMetrics& worker = metrics.AddWorker();
        for (int round = 0; round < kRounds; ++round) {
          worker.SessionStarted(Protocol::kRtmp, Role::kViewer);
          worker.SessionEnded(End(Role::kViewer, Side::kClient, EndReason::kClosed));
          metrics.client_errors.Increment("rtmp", ClientError::kMalformed);
        }
      });
    }
    for (int i = 0; i < 20; ++i) EXPECT_THAT(metrics.Serialize(), HasSubstr("srsproxy_sessions"));
  }
  EXPECT_EQ(Sample(metrics.Serialize(),
                   "srsproxy_sessions_total{protocol=\"rtmp\",role="
                   "\"viewer\",side=\"client\",reason=\"closed\"}"),
            std::to_string(2 * kRounds));
}

// Every metric once, so that checks see them all.
std::string FullScrape() {
  Metrics metrics("1");
  WorkerMetrics& worker = metrics.AddWorker();
  worker.SessionStarted(Protocol::kRtmp, Role::kViewer);
  worker.SessionEnded(End(Role::kViewer, Side::kClient, EndReason::kClosed));
  metrics.handshake.Observe(Protocol::kRtmp, Side::kClient, absl::Seconds(1));
  metrics.first_byte.Observe(Protocol::kRtmp, Role::kViewer, absl::Seconds(1));
  metrics.session_duration.Observe(Protocol::kRtmp, Role::kViewer, absl::Seconds(1));
  metrics.worker_loop_lag.Observe(0, absl::ZeroDuration());
  metrics.client_errors.Increment("rtmp", ClientError::kBadName);
  metrics.limit_rejections.Increment(LimitReason::kMaxSessions);
  metrics.stream_assignments.Increment("random", PickReason::kMapped);
  metrics.streams.Set("known", 1);
  auto origin = MakeOrigin("a");
  origin->load.cpu_ratio = 0.1;
  metrics.origins.Set(Snapshot({origin}), MonotonicTime{});
  metrics.origins.CountFailure("a", ConnectOutcome::kTimedOut);
  metrics.origins.CountConflict("a");
  metrics.heartbeats.Increment(HeartbeatResult::kAccepted);
  metrics.grpc_handled.Increment("m", "OK");
  metrics.grpc_handling.Observe("m", absl::Seconds(1));
  metrics.auth_decisions.Increment(AuthResult::kDenied, "token_required");
  metrics.tls_cert_expiry.Set("grpc_server", absl::ToUnixSeconds(absl::FromUnixSeconds(1)));
  return metrics.Serialize();
}

TEST(MetricsTest, PromtoolFindsNothingToComplainOf) {
  const std::string path = ::testing::TempDir() + "/srsproxy_metrics_test.prom";
  std::ofstream(path) << FullScrape();
  FILE* promtool = ::popen(("promtool check metrics < " + path + " 2>&1").c_str(), "r");
  ASSERT_NE(promtool, nullptr);
  std::string complaints;
  std::array<char, 4096> buffer;
  while (const size_t size = std::fread(buffer.data(), 1, buffer.size(), promtool)) {
    complaints.append(buffer.data(), size);
  }
  EXPECT_EQ(::pclose(promtool), 0);
  EXPECT_EQ(complaints, "");
}

TEST(MetricsTest, EveryMetricIsDocumented) {
  std::ifstream file(SRSPROXY_METRICS_PAGE);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  std::istringstream lines(FullScrape());
  int metrics = 0;
  for (std::string hash, type, name, rest; lines >> hash;) {
    if (hash == "#" && lines >> type >> name && type == "TYPE") {
      ++metrics;
      EXPECT_THAT(page, HasSubstr("`" + name + "`"));
    }
    std::getline(lines, rest);
  }
  EXPECT_GT(metrics, 30);
}

TEST(MetricsTest, LabelsAreOnlyTheAllowedOnes) {
  const std::set<std::string> allowed = {"protocol", "role",     "direction", "origin", "zone",
                                         "listener", "strategy", "state",     "side",   "source",
                                         "op",       "result",   "reason",    "method", "code",
                                         "worker",   "version",  "le"};
  const std::string scrape = FullScrape();
  for (size_t equals = scrape.find("=\""); equals != std::string::npos;
       equals = scrape.find("=\"", equals + 1)) {
    const size_t start = scrape.find_last_of("{,", equals) + 1;
    EXPECT_TRUE(allowed.contains(scrape.substr(start, equals - start)))
        << scrape.substr(start, equals - start);
  }
}

}  // namespace
}  // namespace srsproxy
