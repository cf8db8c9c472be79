// The load of tests/bench/rtmp_side_by_side: an RTMP origin, or RTMP clients, in one process and
// one thread. Each line on standard input is answered by one line of JSON with the counts so far;
// the process ends when standard input does. `rtmp_load ROLE --help` lists the options.

#include <cstdio>

#include <CLI/CLI.hpp>

#include "tests/bench/load/event_loop.h"
#include "tests/bench/rtmp_load/load_clients.h"
#include "tests/bench/rtmp_load/load_origin.h"

namespace srsproxy::bench {
namespace {

void RunOrigin(const OriginOptions& options) {
  EventLoop loop;
  LoadOrigin origin(loop, options);
  std::printf("{\"port\":%d}\n", origin.port());
  std::fflush(stdout);
  loop.Run([&] { return origin.Report(); });
}

void RunClients(const ClientOptions& options) {
  EventLoop loop;
  LoadClients clients(loop, options);
  loop.Run([&] { return clients.Report(); });
}

int Main(int argc, char** argv) {
  CLI::App app("RTMP load for the side-by-side benchmark");
  app.require_subcommand(1);

  OriginOptions origin;
  int64_t gather_ms = origin.gather.count();
  CLI::App* origin_command = app.add_subcommand("origin", "Grants publish and play to everybody");
  origin_command->add_option("--bitrate", origin.bits_per_second, "Bits a second to each player");
  origin_command->add_option("--gather", gather_ms,
                             "A player is written to every so many ms; 0: at each frame");
  origin_command->add_option("--chunk-size", origin.chunk_size, "Towards players");

  ClientOptions clients;
  CLI::App* play_command = app.add_subcommand("players", "Play live/bench");
  CLI::App* publish_command = app.add_subcommand("publishers", "Push as fast as possible");
  for (CLI::App* command : {play_command, publish_command}) {
    command->add_option("--port", clients.port, "On 127.0.0.1")->required();
    command->add_option("--count", clients.count, "Sessions");
    command->add_option("--rate", clients.per_second, "New connections a second");
  }
  CLI11_PARSE(app, argc, argv);

  if (*origin_command) {
    origin.gather = std::chrono::milliseconds(gather_ms);
    RunOrigin(origin);
  } else {
    clients.role = *play_command ? ClientRole::kPlay : ClientRole::kPublish;
    RunClients(clients);
  }
  return 0;
}

}  // namespace
}  // namespace srsproxy::bench

int main(int argc, char** argv) { return srsproxy::bench::Main(argc, argv); }
