#include "tools/srsproxyctl/commands/stream_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "srsproxy/v1/stream_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/live_list.h"
#include "tools/srsproxyctl/commands/origin_selector.h"
#include "tools/srsproxyctl/commands/pages.h"
#include "tools/srsproxyctl/commands/stream_placement_commands.h"
#include "tools/srsproxyctl/output/filter.h"
#include "tools/srsproxyctl/output/stream_view.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using StreamStub = v1::StreamService::StubInterface;

Cell PickedOriginCell(const v1::LookupStreamResponse& lookup) {
  if (lookup.pick().origin_id().empty()) return {kNothing, Tone::kBad};
  return {lookup.pick().origin_id()};
}

Cell PickReasonCell(const v1::LookupStreamResponse& lookup) {
  if (lookup.pick().origin_id().empty()) return {"no origin can serve it", Tone::kBad};
  return {EnumText(lookup.pick().reason())};
}

Cell StepsCell(const v1::LookupStreamResponse& lookup) {
  std::string text;
  int number = 0;
  for (const std::string& step : lookup.pick().steps()) {
    text += (text.empty() ? "" : "\n") + std::to_string(++number) + ". " + step;
  }
  return {OrNothing(text)};
}

const View<v1::LookupStreamResponse>& ExplanationView() {
  using Lookup = v1::LookupStreamResponse;
  static const View<Lookup> view = {
      "",
      [](const Lookup& l) { return l.pick().origin_id(); },
      {
          {"STREAM", [](const Lookup& l) { return Cell{l.key()}; }},
          {"MAPPED TO", [](const Lookup& l) { return Cell{OrNothing(l.stream().origin_id())}; }},
          {"WOULD GO TO", PickedOriginCell},
          {"REASON", PickReasonCell},
          {"STEPS", StepsCell},
      }};
  return view;
}

// The options of `stream list`.
struct ListOptions {
  std::vector<std::string> filter;
  std::string origin;
  bool watch = false;
};

absl::Status WatchStreams(Context& context, const Filter<v1::Stream>& filter,
                          const std::string& origin_id) {
  v1::WatchRequest request;
  request.add_kinds(v1::EVENT_KIND_STREAM_ADDED);
  request.add_kinds(v1::EVENT_KIND_STREAM_CHANGED);
  request.add_kinds(v1::EVENT_KIND_STREAM_REMOVED);
  request.set_origin_id(origin_id);
  const auto subject = [](const v1::Event& event) -> const v1::Stream& { return event.stream(); };
  const auto belongs = [&origin_id](const v1::Stream& stream) {
    return origin_id.empty() || stream.origin_id() == origin_id;
  };
  return LiveList<v1::Stream>(context, StreamView(), filter, subject, belongs).Run(request);
}

absl::Status ListStreams(Context& context, const ListOptions& options) {
  auto filter = Filter<v1::Stream>::Parse(options.filter, StreamView());
  if (!filter.ok()) return filter.status();
  const auto origin_id = FindOriginId(context.client, options.origin);
  if (!origin_id.ok()) return origin_id.status();
  if (options.watch) return WatchStreams(context, *filter, *origin_id);
  v1::ListStreamsRequest request;
  request.set_origin_id(*origin_id);
  return ShowList<v1::StreamService>(context, &StreamStub::ListStreams, request, StreamView(),
                                     *filter, &v1::ListStreamsResponse::mutable_streams, "stream");
}

absl::Status ListPins(Context& context, const std::vector<std::string>& filter_terms) {
  auto filter = Filter<v1::Pin>::Parse(filter_terms, PinView());
  if (!filter.ok()) return filter.status();
  return ShowList<v1::StreamService>(context, &StreamStub::ListPins, v1::ListPinsRequest(),
                                     PinView(), *filter, &v1::ListPinsResponse::mutable_pins,
                                     "pin");
}

absl::Status GetStream(Context& context, const std::string& name) {
  v1::LookupStreamRequest request;
  request.set_stream(name);
  const auto response = context.client.Call<v1::StreamService>(&StreamStub::LookupStream, request);
  if (!response.ok()) return response.status();
  if (!response->has_stream()) {
    const std::string key = PrintableText(response->key());
    return absl::NotFoundError("no origin holds the stream " + key +
                               "; srsproxyctl stream explain " + key +
                               " says where a client would be sent");
  }
  context.printer.One(StreamView(), response->stream());
  return absl::OkStatus();
}

absl::Status ExplainStream(Context& context, const v1::LookupStreamRequest& request) {
  const auto response = context.client.Call<v1::StreamService>(&StreamStub::LookupStream, request);
  if (!response.ok()) return response.status();
  context.printer.One(ExplanationView(), *response);
  return absl::OkStatus();
}

Action DeclareList(CLI::App& command) {
  auto options = std::make_shared<ListOptions>();
  AddFilterOption(command, options->filter);
  AddOriginOption(command, options->origin);
  AddWatchOption(command, options->watch);
  return [options](Context& context) { return ListStreams(context, *options); };
}

Action DeclarePins(CLI::App& command) {
  auto terms = std::make_shared<std::vector<std::string>>();
  AddFilterOption(command, *terms);
  return [terms](Context& context) { return ListPins(context, *terms); };
}

Action DeclareGet(CLI::App& command) {
  auto key = std::make_shared<std::string>();
  AddStreamArgument(command, *key);
  return [key](Context& context) { return GetStream(context, *key); };
}

Action DeclareExplain(CLI::App& command) {
  struct Question {
    std::string key;
    std::string protocol = "rtmp";
    std::string role = "viewer";
  };
  auto question = std::make_shared<Question>();
  AddStreamArgument(command, question->key);
  command.add_option("--protocol", question->protocol, "How the client would speak")
      ->check(CLI::IsMember(EnumsByText<v1::Protocol>()))
      ->capture_default_str();
  command.add_option("--role", question->role, "What the client would do")
      ->check(CLI::IsMember(EnumsByText<v1::Role>()))
      ->capture_default_str();
  return [question](Context& context) {
    v1::LookupStreamRequest request;
    request.set_stream(question->key);
    request.set_protocol(EnumsByText<v1::Protocol>().at(question->protocol));
    request.set_role(EnumsByText<v1::Role>().at(question->role));
    return ExplainStream(context, request);
  };
}

}  // namespace

Noun StreamCommands() {
  Noun noun = {
      "stream",
      "Streams, and the origins they are placed on",
      {
          {"list", "Show the streams that are mapped to an origin",
           "  srsproxyctl stream list\n"
           "  srsproxyctl stream list --origin vid-0x1a2 --filter state=live\n"
           "  srsproxyctl stream list --filter 'stream=__defaultVhost__/live/*' --watch\n",
           DeclareList},
          {"get", "Show which origin holds a stream",
           "  srsproxyctl stream get live/livestream\n"
           "  srsproxyctl stream get rtmp://video.example.com/live/livestream -o json\n",
           DeclareGet},
          {"explain", "Say where a client would be sent now, and why; changes nothing",
           "  srsproxyctl stream explain live/livestream\n"
           "  srsproxyctl stream explain live/livestream --protocol srt --role publisher\n",
           DeclareExplain},
      }};
  for (const Command& command : StreamPlacementCommands()) noun.commands.push_back(command);
  noun.commands.push_back({"pins", "Show the streams that are pinned to a server",
                           "  srsproxyctl stream pins\n"
                           "  srsproxyctl stream pins --filter server=vid-0x1a2 -o name\n",
                           DeclarePins});
  return noun;
}

}  // namespace srsproxy::ctl
