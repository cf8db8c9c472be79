#include "tools/srsproxyctl/commands/stream_placement_commands.h"

#include <memory>
#include <optional>
#include <string>

#include <absl/time/time.h>

#include "srsproxy/v1/stream_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/confirm.h"
#include "tools/srsproxyctl/commands/wait.h"
#include "tools/srsproxyctl/output/stream_view.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using StreamStub = v1::StreamService::StubInterface;

Cell MoveStateCell(const v1::MoveStreamResponse& response) {
  const v1::Stream& stream = response.stream();
  if (!stream.has_pending_move()) return {"on its origin", Tone::kGood};
  const v1::PendingMove& pending = stream.pending_move();
  std::string text = "waits for its publisher to end";
  if (pending.has_deadline_time()) {
    text += ", ended at " + TimeText(true, pending.deadline_time());
  }
  return {text, Tone::kWarning};
}

const View<v1::MoveStreamResponse>& MoveView() {
  using Response = v1::MoveStreamResponse;
  static const View<Response> view = {
      "",
      [](const Response& r) { return r.stream().key(); },
      {
          {"STREAM", [](const Response& r) { return Cell{r.stream().key()}; }},
          {"ORIGIN", [](const Response& r) { return Cell{r.stream().origin_id()}; }},
          {"MOVING TO",
           [](const Response& r) {
             return Cell{OrNothing(r.stream().pending_move().origin_id())};
           }},
          {"MOVE", MoveStateCell},
          {"SESSIONS TO END",
           [](const Response& r) { return Cell{std::to_string(r.sessions_to_end())}; }},
      }};
  return view;
}

// The options of `stream move`.
struct MoveOptions {
  v1::MoveStreamRequest request;
  std::optional<absl::Duration> deadline;
  bool yes = false;
  WaitOptions wait;
};

// Whether the stream has come to `target`.
absl::StatusOr<Progress> PollMove(Context& context, const std::string& key,
                                  const std::string& target) {
  v1::LookupStreamRequest request;
  request.set_stream(key);
  const auto lookup = context.client.Call<v1::StreamService>(&StreamStub::LookupStream, request);
  if (!lookup.ok()) return lookup.status();
  if (!lookup->has_stream()) {
    return Progress{true, key + " has ended; its next client is placed anew"};
  }
  const v1::Stream& stream = lookup->stream();
  if (stream.has_pending_move()) {
    return Progress{false, key + " is on " + stream.origin_id() + ", and waits for its publisher" +
                               " to end: " + Count(stream.viewers(), "viewer")};
  }
  if (stream.origin_id() != target) {
    return absl::AbortedError("the move of " + key + " was forgotten: it is on " +
                              stream.origin_id());
  }
  return Progress{true, key + " is on " + target};
}

absl::Status MoveStream(Context& context, const MoveOptions& options) {
  v1::MoveStreamRequest request = options.request;
  if (options.deadline.has_value()) *request.mutable_deadline() = ToProto(*options.deadline);
  const auto question = [&]() -> absl::StatusOr<std::string> {
    v1::MoveStreamRequest preview = request;
    preview.set_validate_only(true);
    const auto would = context.client.Call<v1::StreamService>(&StreamStub::MoveStream, preview);
    if (!would.ok()) return would.status();
    return "Move " + would->stream().key() + " to " + request.origin() + "? " +
           Count(would->sessions_to_end(), "session") + " would be ended now, and come back.";
  };
  if (!request.validate_only()) {
    if (absl::Status confirmed = Confirm(context, options.yes, question); !confirmed.ok())
      return confirmed;
  }
  const auto response = context.client.Call<v1::StreamService>(&StreamStub::MoveStream, request);
  if (!response.ok()) return response.status();
  NoteDryRun(context, request.validate_only());
  context.printer.One(MoveView(), *response);
  context.printer.Flush();
  if (request.validate_only()) return absl::OkStatus();
  const v1::Stream& stream = response->stream();
  const std::string target =
      stream.has_pending_move() ? stream.pending_move().origin_id() : stream.origin_id();
  return WaitUntilDone(context, options.wait, "srsproxyctl stream get " + stream.key(),
                       [&] { return PollMove(context, stream.key(), target); });
}

absl::Status PinStream(Context& context, const v1::PinStreamRequest& request) {
  const auto response = context.client.Call<v1::StreamService>(&StreamStub::PinStream, request);
  if (!response.ok()) return response.status();
  NoteDryRun(context, request.validate_only());
  context.printer.One(PinView(), response->pin());
  return absl::OkStatus();
}

absl::Status UnpinStream(Context& context, const v1::UnpinStreamRequest& request) {
  const auto response = context.client.Call<v1::StreamService>(&StreamStub::UnpinStream, request);
  if (!response.ok()) return response.status();
  NoteDryRun(context, request.validate_only());
  context.printer.One(PinView(), response->pin());
  return absl::OkStatus();
}

absl::Status ReleaseStream(Context& context, const v1::ReleaseStreamRequest& request, bool yes) {
  const auto question = [&]() -> absl::StatusOr<std::string> {
    return "Forget where " + request.stream() + " is?" +
           (request.force() ? " Its sessions are ended." : "") + " Its next client is placed anew.";
  };
  if (!request.validate_only()) {
    if (absl::Status confirmed = Confirm(context, yes, question); !confirmed.ok()) return confirmed;
  }
  const auto response = context.client.Call<v1::StreamService>(&StreamStub::ReleaseStream, request);
  if (!response.ok()) return response.status();
  NoteDryRun(context, request.validate_only());
  context.printer.One(StreamView(), response->stream());
  return absl::OkStatus();
}

Action DeclareMove(CLI::App& command) {
  auto options = std::make_shared<MoveOptions>();
  v1::MoveStreamRequest& request = options->request;
  AddStreamArgument(command, *request.mutable_stream());
  AddOriginArgument(command, *request.mutable_origin());
  auto* kick = command.add_flag_function(
      "--kick", [&request](int64_t) { request.set_kick(true); },
      "End a live publisher now, so that it comes back on the new origin");
  AddDurationOption(command, "--deadline", options->deadline,
                    "End a publisher that is still live after this");
  command.get_option("--deadline")->excludes(kick);
  command.add_option_function<uint64_t>(
      "--expected-version", [&request](uint64_t version) { request.set_expected_version(version); },
      "Move only while this is the stream's VERSION");
  AddWaitOptions(command, options->wait);
  AddDryRunOption(command, request);
  AddYesOption(command, options->yes);
  return [options](Context& context) { return MoveStream(context, *options); };
}

Action DeclarePin(CLI::App& command) {
  auto request = std::make_shared<v1::PinStreamRequest>();
  AddStreamArgument(command, *request->mutable_stream());
  AddOriginArgument(command, *request->mutable_origin());
  AddDryRunOption(command, *request);
  return [request](Context& context) { return PinStream(context, *request); };
}

Action DeclareUnpin(CLI::App& command) {
  auto request = std::make_shared<v1::UnpinStreamRequest>();
  AddStreamArgument(command, *request->mutable_stream());
  AddDryRunOption(command, *request);
  return [request](Context& context) { return UnpinStream(context, *request); };
}

Action DeclareRelease(CLI::App& command) {
  auto request = std::make_shared<v1::ReleaseStreamRequest>();
  auto yes = std::make_shared<bool>(false);
  AddStreamArgument(command, *request->mutable_stream());
  command.add_flag_function(
      "--force", [request = request.get()](int64_t) { request->set_force(true); },
      "End the sessions that use it, rather than refusing");
  AddDryRunOption(command, *request);
  AddYesOption(command, *yes);
  return [request, yes](Context& context) { return ReleaseStream(context, *request, *yes); };
}

}  // namespace

std::vector<Command> StreamPlacementCommands() {
  return {
      {"move", "Move a stream to another origin, together with its clients",
       "  srsproxyctl stream move live/livestream vid-0x1a2\n"
       "  srsproxyctl stream move live/livestream vid-0x1a2 --deadline 5m --wait --yes\n"
       "  srsproxyctl stream move live/livestream vid-0x1a2 --kick --yes\n",
       DeclareMove},
      {"pin", "Bind a stream to a server: it is placed there and nowhere else",
       "  srsproxyctl stream pin live/livestream vid-0x1a2\n", DeclarePin},
      {"unpin", "End a stream's pin", "  srsproxyctl stream unpin live/livestream\n", DeclareUnpin},
      {"release", "Forget where a stream is: its next client is placed anew",
       "  srsproxyctl stream release live/livestream\n"
       "  srsproxyctl stream release live/livestream --force --yes\n",
       DeclareRelease},
  };
}

}  // namespace srsproxy::ctl
