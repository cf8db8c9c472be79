// Many watchers of one running srsproxy: how long a change takes to reach them all, and what it
// costs the proxy. Changes are registrations of origins and their ends.
//
//   watch_load --endpoint 127.0.0.1:12026 --pid $(pidof srsproxy) --watchers 1000
//
// Prints one line of JSON. It shares the machine with the proxy, and so its own work of reading
// every event is in the times.

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <grpcpp/grpcpp.h>

#include "srsproxy/v1/event_service.grpc.pb.h"
#include "srsproxy/v1/origin_service.grpc.pb.h"

namespace srsproxy::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::string endpoint = "127.0.0.1:12026";
  int pid = 0;
  int watchers = 1'000;
  int connections = 5;  // A connection carries at most 256 calls.
  int changes = 100;
  int interval_ms = 200;
};

// What all watchers tell: how many have begun, and how many have seen the change under way.
class Scoreboard {
 public:
  void Begun() { Count(begun_); }
  void Failed() { Count(failed_); }
  // Returns the time since the change began.
  std::chrono::nanoseconds Seen() {
    const auto delay = SteadyClock::now() - change_began_.load();
    Count(seen_);
    return delay;
  }

  void BeginChange() {
    const std::lock_guard lock(mutex_);
    seen_ = 0;
    change_began_ = SteadyClock::now();
  }
  // False: some have failed, or it took a minute.
  bool WaitBegun(int watchers) { return Wait(begun_, watchers); }
  bool WaitSeen(int watchers) { return Wait(seen_, watchers); }

 private:
  void Count(int& number) {
    const std::lock_guard lock(mutex_);
    ++number;
    counted_.notify_one();
  }
  bool Wait(const int& number, int wanted) {
    std::unique_lock lock(mutex_);
    counted_.wait_for(lock, std::chrono::minutes(1),
                      [&] { return number >= wanted || failed_ > 0; });
    return number >= wanted;
  }

  std::atomic<SteadyClock::time_point> change_began_;
  std::mutex mutex_;  // Guards all below.
  std::condition_variable counted_;
  int begun_ = 0;
  int seen_ = 0;
  int failed_ = 0;
};

class Watcher final : public grpc::ClientReadReactor<v1::WatchResponse> {
 public:
  Watcher(v1::EventService::Stub& stub, Scoreboard& scores) : scores_(scores) {
    stub.async()->Watch(&context_, &request_, this);
    StartRead(&message_);
    StartCall();
  }

  void Stop() { context_.TryCancel(); }
  void WaitDone() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return done_; });
  }
  const std::vector<std::chrono::nanoseconds>& delays() const { return delays_; }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (message_.snapshot_complete()) scores_.Begun();
    for (const auto& event : message_.events()) {
      if (event.sequence() == 0 || !event.has_origin()) continue;
      delays_.push_back(scores_.Seen());
    }
    StartRead(&message_);
  }
  void OnDone(const grpc::Status& status) override {
    if (status.error_code() != grpc::StatusCode::CANCELLED) scores_.Failed();
    const std::lock_guard lock(mutex_);
    done_ = true;
    ended_.notify_one();
  }

  Scoreboard& scores_;
  grpc::ClientContext context_;
  v1::WatchRequest request_;
  v1::WatchResponse message_;
  std::vector<std::chrono::nanoseconds> delays_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
};

std::shared_ptr<grpc::Channel> Connect(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // A connection of its own.
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

// CPU seconds that the process has used; 0: unknown.
double CpuSeconds(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  long user = 0;
  long system = 0;
  std::sscanf(text.c_str() + name_end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
              &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// One origin that comes and goes.
class Changer {
 public:
  explicit Changer(const std::string& endpoint)
      : stub_(v1::OriginService::NewStub(Connect(endpoint))) {}

  // False: the proxy refused.
  bool Change() {
    grpc::ClientContext context;
    if (lease_id_.empty()) {
      v1::RegisterOriginRequest request;
      auto& registration = *request.mutable_registration();
      registration.set_ip("192.0.2.1");
      registration.set_server("watch-load");
      registration.set_service("s1");
      registration.set_pid("1");
      registration.add_rtmp("1935");
      v1::RegisterOriginResponse response;
      const auto status = stub_->RegisterOrigin(&context, request, &response);
      lease_id_ = response.lease_id();
      return status.ok();
    }
    v1::DeregisterOriginRequest request;
    request.set_lease_id(lease_id_);
    v1::DeregisterOriginResponse response;
    lease_id_.clear();
    return stub_->DeregisterOrigin(&context, request, &response).ok();
  }

 private:
  std::unique_ptr<v1::OriginService::Stub> stub_;
  std::string lease_id_;
};

double Milliseconds(const std::vector<std::chrono::nanoseconds>& sorted, double quantile) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<size_t>(quantile * static_cast<double>(sorted.size() - 1));
  return std::chrono::duration<double, std::milli>(sorted[at]).count();
}

int Run(const Options& options) {
  Scoreboard scores;
  std::vector<std::unique_ptr<v1::EventService::Stub>> stubs;
  for (int i = 0; i < options.connections; ++i) {
    stubs.push_back(v1::EventService::NewStub(Connect(options.endpoint)));
  }
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < options.watchers; ++i) {
    watchers.push_back(
        std::make_unique<Watcher>(*stubs[static_cast<size_t>(i) % stubs.size()], scores));
  }
  if (!scores.WaitBegun(options.watchers)) {
    std::fprintf(stderr, "the watches cannot begin\n");
    std::_Exit(1);
  }

  Changer changer(options.endpoint);
  int refused = 0;
  int missed = 0;
  const double cpu_before = CpuSeconds(options.pid);
  const auto began = SteadyClock::now();
  for (int i = 0; i < options.changes; ++i) {
    std::this_thread::sleep_until(began + i * std::chrono::milliseconds(options.interval_ms));
    scores.BeginChange();
    if (!changer.Change()) ++refused;
    if (!scores.WaitSeen(options.watchers)) ++missed;
  }
  const std::chrono::duration<double> elapsed = SteadyClock::now() - began;
  const double cpu = CpuSeconds(options.pid) - cpu_before;

  std::vector<std::chrono::nanoseconds> delays;
  for (const auto& watcher : watchers) watcher->Stop();
  for (const auto& watcher : watchers) {
    watcher->WaitDone();
    delays.insert(delays.end(), watcher->delays().begin(), watcher->delays().end());
  }
  std::sort(delays.begin(), delays.end());
  std::printf(
      "{\"watchers\":%d,\"changes\":%d,\"refused\":%d,\"missed\":%d,\"events\":%zu,"
      "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,\"proxy_cpu_ms_per_change\":%.2f,"
      "\"proxy_cpu_ratio\":%.4f}\n",
      options.watchers, options.changes, refused, missed, delays.size(), Milliseconds(delays, 0.5),
      Milliseconds(delays, 0.99), Milliseconds(delays, 1), cpu * 1000 / options.changes,
      cpu / elapsed.count());
  return refused == 0 && missed == 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  CLI::App app("Watchers of a running srsproxy, and how fast they learn of changes");
  Options options;
  app.add_option("--endpoint", options.endpoint, "PROXY_GRPC_SERVER of the proxy");
  app.add_option("--pid", options.pid, "The proxy's process, to tell its CPU time");
  app.add_option("--watchers", options.watchers, "Watch calls");
  app.add_option("--connections", options.connections, "That carry them");
  app.add_option("--changes", options.changes, "Registrations and deregistrations, together");
  app.add_option("--interval-ms", options.interval_ms, "Between two changes");
  CLI11_PARSE(app, argc, argv);
  return Run(options);
}

}  // namespace
}  // namespace srsproxy::bench

int main(int argc, char** argv) { return srsproxy::bench::Main(argc, argv); }
