// The load of tests/bench/http_side_by_side: an HTTP origin, or HTTP clients, in one process and
// one thread. Each line on standard input is answered by one line of JSON with the counts so far;
// the process ends when standard input does. `http_load ROLE --help` lists the options.

#include <cstdio>

#include <CLI/CLI.hpp>

#include "tests/bench/http_load/http_origin.h"
#include "tests/bench/http_load/http_viewers.h"
#include "tests/bench/http_load/segment_clients.h"
#include "tests/bench/load/event_loop.h"

namespace srsproxy::bench {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("HTTP load for the side-by-side benchmark");
  app.require_subcommand(1);

  HttpOriginOptions origin;
  CLI::App* origin_command = app.add_subcommand("origin", "Live streams, playlists, segments");
  origin_command->add_option("--bitrate", origin.bits_per_second, "Bits a second to each viewer");
  origin_command->add_option("--segment", origin.segment_bytes, "Bytes of a segment");

  ViewerOptions viewers;
  CLI::App* viewers_command = app.add_subcommand("viewers", "Watch /live/bench.flv");
  viewers_command->add_option("--port", viewers.port, "On 127.0.0.1")->required();
  viewers_command->add_option("--count", viewers.count, "Viewers");
  viewers_command->add_option("--rate", viewers.per_second, "New connections a second");
  viewers_command->add_flag("--brief", viewers.brief, "One after another, up to the first byte");

  SegmentOptions segments;
  CLI::App* segments_command = app.add_subcommand("segments", "Fetch playlists and segments");
  segments_command->add_option("--port", segments.port, "On 127.0.0.1")->required();
  segments_command->add_option("--count", segments.count, "Clients");
  CLI11_PARSE(app, argc, argv);

  EventLoop loop;
  if (*origin_command) {
    HttpOrigin serving(loop, origin);
    std::printf("{\"port\":%d}\n", serving.port());
    std::fflush(stdout);
    loop.Run([&] { return serving.Report(); });
  } else if (*viewers_command) {
    HttpViewers watching(loop, viewers);
    loop.Run([&] { return watching.Report(); });
  } else {
    SegmentClients fetching(loop, segments);
    loop.Run([&] { return fetching.Report(); });
  }
  return 0;
}

}  // namespace
}  // namespace srsproxy::bench

int main(int argc, char** argv) { return srsproxy::bench::Main(argc, argv); }
