#include "tools/srsproxyctl/commands/event_commands.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "srsproxy/v1/event_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/event_stream.h"
#include "tools/srsproxyctl/commands/origin_selector.h"
#include "tools/srsproxyctl/commands/pages.h"
#include "tools/srsproxyctl/output/event_view.h"
#include "tools/srsproxyctl/output/filter.h"

namespace srsproxy::ctl {
namespace {

using EventStub = v1::EventService::StubInterface;

// The options of `event list`.
struct ListOptions {
  v1::ListEventsRequest request;
  std::optional<absl::Duration> since;
  std::vector<std::string> filter;
};

absl::Status ListEvents(Context& context, const ListOptions& options) {
  auto filter = Filter<v1::Event>::Parse(options.filter, EventView());
  if (!filter.ok()) return filter.status();
  v1::ListEventsRequest request = options.request;
  if (options.since.has_value()) {
    const absl::Time since = context.environment.now() - *options.since;
    const int64_t seconds = absl::ToUnixSeconds(since);
    request.mutable_since()->set_seconds(seconds);
    request.mutable_since()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(since - absl::FromUnixSeconds(seconds))));
  }
  return ShowList<v1::EventService>(context, &EventStub::ListEvents, request, EventView(), *filter,
                                    &v1::ListEventsResponse::mutable_events, "event");
}

// The options of `event watch`.
struct WatchOptions {
  std::string stream;
  std::string origin;
  std::vector<std::string> kinds;
  bool snapshot = false;
  std::vector<std::string> filter;
};

const std::map<std::string, v1::EventKind>& KindNames() {
  static const std::map<std::string, v1::EventKind> names = {
      {"origin_added", v1::EVENT_KIND_ORIGIN_ADDED},
      {"origin_conflict", v1::EVENT_KIND_ORIGIN_CONFLICT},
      {"origin_changed", v1::EVENT_KIND_ORIGIN_CHANGED},
      {"origin_removed", v1::EVENT_KIND_ORIGIN_REMOVED},
      {"stream_added", v1::EVENT_KIND_STREAM_ADDED},
      {"stream_changed", v1::EVENT_KIND_STREAM_CHANGED},
      {"stream_removed", v1::EVENT_KIND_STREAM_REMOVED}};
  return names;
}

absl::Status WatchEvents(Context& context, const WatchOptions& options) {
  auto filter = Filter<v1::Event>::Parse(options.filter, EventView());
  if (!filter.ok()) return filter.status();
  v1::WatchRequest request;
  request.set_stream(options.stream);
  for (const std::string& kind : options.kinds) request.add_kinds(KindNames().at(kind));
  const auto origin_id = FindOriginId(context.client, options.origin);
  if (!origin_id.ok()) return origin_id.status();
  request.set_origin_id(*origin_id);

  Printer& printer = context.printer;
  const auto show = [&](const v1::WatchResponse& response) {
    for (const v1::Event& event : response.events()) {
      const bool of_snapshot = event.sequence() == 0;
      if ((options.snapshot || !of_snapshot) && filter->Matches(event)) {
        printer.Next(EventView(), event);
      }
    }
    return printer.good();
  };
  if (printer.shows_tables()) printer.BeginList(EventView());
  return FollowEvents(context, request, {[] {}, show});
}

Action DeclareList(CLI::App& command) {
  auto options = std::make_shared<ListOptions>();
  AddStreamOption(command, *options->request.mutable_stream());
  AddOriginOption(command, *options->request.mutable_origin());
  AddDurationOption(command, "--since", options->since, "Only events of the last 1h, 15m, …");
  AddFilterOption(command, options->filter);
  return [options](Context& context) { return ListEvents(context, *options); };
}

Action DeclareWatch(CLI::App& command) {
  auto options = std::make_shared<WatchOptions>();
  AddStreamOption(command, options->stream);
  AddOriginOption(command, options->origin);
  command.add_option("--kind", options->kinds, "Only these kinds, with commas between them")
      ->check(CLI::IsMember(KindNames()))
      ->delimiter(',')
      ->expected(1)
      ->take_all();
  command.add_flag("--snapshot", options->snapshot, "Show first what exists, as added");
  AddFilterOption(command, options->filter);
  return [options](Context& context) { return WatchEvents(context, *options); };
}

}  // namespace

Noun EventCommands() {
  return {"event",
          "What happens to origins and streams",
          {
              {"watch", "Show what happens, until interrupted",
               "  srsproxyctl event watch\n"
               "  srsproxyctl event watch --origin vid-0x1a2 --kind stream_added,stream_removed\n"
               "  srsproxyctl event watch --snapshot -o jsonl\n",
               DeclareWatch},
              {"list", "Show what happened lately, the latest first",
               "  srsproxyctl event list --since 1h\n"
               "  srsproxyctl event list --stream live/livestream\n"
               "  srsproxyctl event list --origin vid-0x1a2 --filter event=removed\n",
               DeclareList},
          }};
}

}  // namespace srsproxy::ctl
