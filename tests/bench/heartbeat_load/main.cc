// The load of tests/bench/heartbeats: a fleet of origins that send heartbeats at an even pace.
// Prints {"registered":..} when the fleet is known; then each line on standard input is answered by
// one line of JSON with the counts so far, and the process ends when standard input does.
// `heartbeat_load --help` lists the options.

#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "tests/bench/heartbeat_load/grpc_fleet.h"
#include "tests/bench/heartbeat_load/http_fleet.h"

namespace srsproxy::bench {
namespace {

// The fleet's heartbeats, spread evenly over each interval.
void KeepPace(const std::stop_token& stop, const FleetOptions& options, Fleet& fleet) {
  const auto start = std::chrono::steady_clock::now();
  const auto step =
      std::chrono::nanoseconds(options.interval) / static_cast<int64_t>(options.origins);
  for (size_t beat = 0; !stop.stop_requested(); ++beat) {
    std::this_thread::sleep_until(start + step * static_cast<int64_t>(beat));
    fleet.Beat(beat % options.origins);
  }
}

void Run(const FleetOptions& options, bool by_http) {
  Tally tally;
  std::unique_ptr<Fleet> fleet;
  if (by_http) {
    fleet = std::make_unique<HttpFleet>(options, tally);
  } else {
    fleet = std::make_unique<GrpcFleet>(options, tally);
  }
  fleet->Register();
  std::printf("{\"registered\":%zu}\n", options.origins);
  std::fflush(stdout);
  const std::jthread pace([&](const std::stop_token& stop) { KeepPace(stop, options, *fleet); });
  for (std::string line; std::getline(std::cin, line);) {
    std::puts(tally.Report().c_str());
    std::fflush(stdout);
  }
}

int Main(int argc, char** argv) {
  CLI::App app("Heartbeats of a fleet of origins");
  app.require_subcommand(1);
  FleetOptions options;
  int64_t interval_ms = options.interval.count();
  CLI::App* grpc = app.add_subcommand("grpc", "On HeartbeatStream");
  grpc->add_option("--together", options.together, "So many heartbeats in one message")
      ->check(CLI::Range(1, 1000));
  const CLI::App* http = app.add_subcommand("http", "To the System API, as SRS does");
  app.add_option("--port", options.port, "On 127.0.0.1")->required();
  app.add_option("--origins", options.origins)->check(CLI::PositiveNumber);
  app.add_option("--connections", options.connections)->check(CLI::PositiveNumber);
  app.add_option("--interval-ms", interval_ms, "Between two heartbeats of an origin")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  options.interval = std::chrono::milliseconds(interval_ms);
  try {
    Run(options, http->parsed());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "heartbeat_load: %s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace srsproxy::bench

int main(int argc, char** argv) { return srsproxy::bench::Main(argc, argv); }
