#include "tools/srsproxyctl/stream_commands.h"

#include <map>
#include <memory>
#include <string>

#include "srsproxy/v1/stream_service.grpc.pb.h"
#include "tools/srsproxyctl/arguments.h"
#include "tools/srsproxyctl/filter.h"
#include "tools/srsproxyctl/origin_selector.h"
#include "tools/srsproxyctl/pages.h"
#include "tools/srsproxyctl/text.h"

namespace srsproxy::ctl {
namespace {

using StreamStub = v1::StreamService::StubInterface;

Cell StateCell(const v1::Stream& stream) {
  if (stream.publisher_live()) return {"live", Tone::kGood};
  if (stream.provisional()) return {"provisional", Tone::kWarning};
  return {"mapped"};
}

const View<v1::Stream>& StreamView() {
  using Stream = v1::Stream;
  static const View<Stream> view = {
      "streams",
      [](const Stream& s) { return s.key(); },
      {
          {"STREAM", [](const Stream& s) { return Cell{s.key()}; }},
          {"ORIGIN", [](const Stream& s) { return Cell{s.origin_id()}; }},
          {"STATE", StateCell},
          {"PUBLISHERS", [](const Stream& s) { return Cell{std::to_string(s.publishers())}; }},
          {"VIEWERS", [](const Stream& s) { return Cell{std::to_string(s.viewers())}; }},
          {"CLAIMED",
           [](const Stream& s) { return Cell{TimeText(s.has_claim_time(), s.claim_time())}; }},
          {"VERSION", [](const Stream& s) { return Cell{std::to_string(s.version())}; }, true},
      }};
  return view;
}

Cell PickedOriginCell(const v1::LookupStreamResponse& lookup) {
  if (lookup.pick().origin_id().empty()) return {kNothing, Tone::kBad};
  return {lookup.pick().origin_id()};
}

Cell PickReasonCell(const v1::LookupStreamResponse& lookup) {
  if (lookup.pick().origin_id().empty()) return {"no origin can serve it", Tone::kBad};
  return {EnumText(v1::PickReason_Name(lookup.pick().reason()), "PICK_REASON_")};
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

absl::Status ListStreams(Context& context, const std::vector<std::string>& filter_terms,
                         const std::string& origin_selector) {
  auto filter = Filter<v1::Stream>::Parse(filter_terms, StreamView());
  if (!filter.ok()) return filter.status();
  v1::ListStreamsRequest request;
  if (!origin_selector.empty()) {
    const auto origin = FindOrigin(context.client, origin_selector);
    if (!origin.ok()) return origin.status();
    request.set_origin_id(origin->id());
  }
  Printer& printer = context.printer;
  size_t received = 0;
  size_t shown = 0;
  const auto show = [&](v1::ListStreamsResponse& page) {
    received += page.streams_size();
    filter->Apply(*page.mutable_streams());
    shown += page.streams_size();
    printer.Page(StreamView(), page.streams());
  };
  printer.BeginList(StreamView());
  absl::Status listed =
      ForEachPage<v1::StreamService>(context.client, &StreamStub::ListStreams, request, show);
  if (!listed.ok()) return listed;
  printer.EndLists();
  NoteEmptyList(context, "stream", received, shown);
  return absl::OkStatus();
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

CLI::Option* AddKeyArgument(CLI::App& command, std::string& key) {
  return command.add_option("KEY", key, "vhost/app/stream, app/stream, or any URL of the stream")
      ->required();
}

Action DeclareList(CLI::App& command) {
  auto terms = std::make_shared<std::vector<std::string>>();
  auto origin = std::make_shared<std::string>();
  AddFilterOption(command, *terms);
  command.add_option("--origin", *origin,
                     "Only this origin's: server, device_id, id, or a unique prefix");
  return [terms, origin](Context& context) { return ListStreams(context, *terms, *origin); };
}

Action DeclareGet(CLI::App& command) {
  auto key = std::make_shared<std::string>();
  AddKeyArgument(command, *key);
  return [key](Context& context) { return GetStream(context, *key); };
}

Action DeclareExplain(CLI::App& command) {
  static const std::map<std::string, v1::Protocol> kProtocols = {
      {"rtmp", v1::PROTOCOL_RTMP},
      {"http_flv", v1::PROTOCOL_HTTP_FLV},
      {"hls", v1::PROTOCOL_HLS},
      {"webrtc", v1::PROTOCOL_WEBRTC},
      {"srt", v1::PROTOCOL_SRT}};
  static const std::map<std::string, v1::Role> kRoles = {{"publisher", v1::ROLE_PUBLISHER},
                                                         {"viewer", v1::ROLE_VIEWER}};
  struct Question {
    std::string key;
    std::string protocol = "rtmp";
    std::string role = "viewer";
  };
  auto question = std::make_shared<Question>();
  AddKeyArgument(command, question->key);
  command.add_option("--protocol", question->protocol, "How the client would speak")
      ->check(CLI::IsMember(kProtocols))
      ->capture_default_str();
  command.add_option("--role", question->role, "What the client would do")
      ->check(CLI::IsMember(kRoles))
      ->capture_default_str();
  return [question](Context& context) {
    v1::LookupStreamRequest request;
    request.set_stream(question->key);
    request.set_protocol(kProtocols.at(question->protocol));
    request.set_role(kRoles.at(question->role));
    return ExplainStream(context, request);
  };
}

}  // namespace

Noun StreamCommands() {
  return {"stream",
          "Streams, and the origins they are placed on",
          {
              {"list", "Show the streams that are mapped to an origin",
               "  srsproxyctl stream list\n"
               "  srsproxyctl stream list --origin vid-0x1a2 --filter state=live\n"
               "  srsproxyctl stream list --filter 'stream=__defaultVhost__/live/*' -o name\n",
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
}

}  // namespace srsproxy::ctl
