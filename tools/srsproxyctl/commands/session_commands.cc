#include "tools/srsproxyctl/commands/session_commands.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "srsproxy/v1/session_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/confirm.h"
#include "tools/srsproxyctl/commands/origin_selector.h"
#include "tools/srsproxyctl/commands/pages.h"
#include "tools/srsproxyctl/output/filter.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using SessionStub = v1::SessionService::StubInterface;

constexpr int kKickedAtOnce = 1000;  // The most that one call ends.

const View<v1::Session>& SessionView() {
  using Session = v1::Session;
  static const View<Session> view = {
      "sessions",
      [](const Session& s) { return s.id(); },
      {
          {"ID", [](const Session& s) { return Cell{s.id()}; }},
          {"PROTOCOL", [](const Session& s) { return Cell{EnumText(s.protocol())}; }},
          {"ROLE", [](const Session& s) { return Cell{EnumText(s.role())}; }},
          {"STREAM", [](const Session& s) { return Cell{s.stream()}; }},
          {"ORIGIN", [](const Session& s) { return Cell{OrNothing(s.origin_id())}; }},
          {"CLIENT", [](const Session& s) { return Cell{s.client()}; }},
          {"STARTED",
           [](const Session& s) { return Cell{TimeText(s.has_start_time(), s.start_time())}; }},
          {"FLOWS", [](const Session& s) { return Cell{YesOrNo(s.media_flows())}; }, true},
          {"BYTES IN", [](const Session& s) { return Cell{std::to_string(s.bytes_in())}; }, true},
          {"BYTES OUT", [](const Session& s) { return Cell{std::to_string(s.bytes_out())}; }, true},
      }};
  return view;
}

// Which sessions are meant.
struct Selection {
  std::vector<std::string> ids;
  std::string stream;
  std::string origin;
  std::string client;
  std::string role;
  std::string protocol;
};

bool MeansAll(const Selection& selection) {
  return selection.ids.empty() && selection.stream.empty() && selection.origin.empty() &&
         selection.client.empty() && selection.role.empty() && selection.protocol.empty();
}

absl::StatusOr<v1::SessionFilter> ToProto(Context& context, const Selection& selection) {
  v1::SessionFilter filter;
  filter.mutable_session_ids()->Assign(selection.ids.begin(), selection.ids.end());
  filter.set_stream(selection.stream);
  filter.set_client(selection.client);
  if (!selection.role.empty()) filter.set_role(EnumsByText<v1::Role>().at(selection.role));
  if (!selection.protocol.empty())
    filter.set_protocol(EnumsByText<v1::Protocol>().at(selection.protocol));
  const auto origin_id = FindOriginId(context.client, selection.origin);
  if (!origin_id.ok()) return origin_id.status();
  filter.set_origin_id(*origin_id);
  return filter;
}

absl::Status ListSessions(Context& context, const Selection& selection,
                          const std::vector<std::string>& filter_terms) {
  auto filter = Filter<v1::Session>::Parse(filter_terms, SessionView());
  if (!filter.ok()) return filter.status();
  v1::ListSessionsRequest request;
  if (!MeansAll(selection)) {
    auto wanted = ToProto(context, selection);
    if (!wanted.ok()) return wanted.status();
    *request.mutable_filter() = *std::move(wanted);
  }
  return ShowList<v1::SessionService>(context, &SessionStub::ListSessions, request, SessionView(),
                                      *filter, &v1::ListSessionsResponse::mutable_sessions,
                                      "session");
}

// The options of `session kick`.
struct KickOptions {
  v1::KickSessionsRequest request;
  Selection selection;
  int64_t most = 0;  // 0: all.
  bool yes = false;
};

absl::StatusOr<v1::KickSessionsResponse> Kick(Context& context, v1::KickSessionsRequest request,
                                              int64_t most) {
  request.set_max_sessions(
      static_cast<int32_t>(most == 0 ? kKickedAtOnce : std::min<int64_t>(most, kKickedAtOnce)));
  return context.client.Call<v1::SessionService>(&SessionStub::KickSessions, request);
}

// Ends sessions, some in each call, until none is left that fits or `most` are ended.
absl::Status KickAndShow(Context& context, const v1::KickSessionsRequest& request, int64_t most) {
  int64_t kicked = 0;
  bool more = true;
  context.printer.BeginList(SessionView());
  while (more && (most == 0 || kicked < most)) {
    const auto response = Kick(context, request, most == 0 ? 0 : most - kicked);
    if (!response.ok()) {
      context.printer.EndLists();
      if (kicked > 0) {
        context.err << "Note: " << Count(kicked, "session") << " had been ended before\n";
      }
      return response.status();
    }
    context.printer.Page(SessionView(), response->sessions());
    kicked += response->sessions_size();
    more = response->more() && response->sessions_size() > 0 && !request.validate_only();
  }
  context.printer.EndLists();
  context.err << "Note: " << Count(kicked, "session")
              << (request.validate_only() ? " would be" : (kicked == 1 ? " was" : " were"))
              << " ended\n";
  return absl::OkStatus();
}

absl::Status KickSessions(Context& context, const KickOptions& options) {
  if (MeansAll(options.selection)) {
    return absl::InvalidArgumentError(
        "nothing was done: say which sessions, by ID, --stream, --origin, --client, --role or "
        "--protocol");
  }
  v1::KickSessionsRequest request = options.request;
  const auto question = [&]() -> absl::StatusOr<std::string> {
    v1::KickSessionsRequest preview = request;
    preview.set_validate_only(true);
    const auto would = Kick(context, preview, options.most);
    if (!would.ok()) return would.status();
    return "End " + Count(would->sessions_size(), "session") +
           (would->more() && options.most == 0 ? " and more" : "") +
           "? Their clients see the connection close.";
  };
  auto wanted = ToProto(context, options.selection);
  if (!wanted.ok()) return wanted.status();
  *request.mutable_filter() = *std::move(wanted);
  if (!request.validate_only()) {
    if (absl::Status confirmed = Confirm(context, options.yes, question); !confirmed.ok())
      return confirmed;
  }
  return KickAndShow(context, request, options.most);
}

void AddSelection(CLI::App& command, Selection& selection) {
  command.add_option("ID", selection.ids, "Sessions, as `session list` shows them");
  AddStreamOption(command, selection.stream);
  AddOriginOption(command, selection.origin);
  command.add_option("--client", selection.client, "Only of clients with this address")
      ->type_name("IP");
  command.add_option("--role", selection.role, "Only with this role")
      ->check(CLI::IsMember(EnumsByText<v1::Role>()));
  command.add_option("--protocol", selection.protocol, "Only with this protocol")
      ->check(CLI::IsMember(EnumsByText<v1::Protocol>()));
}

Action DeclareList(CLI::App& command) {
  auto selection = std::make_shared<Selection>();
  auto terms = std::make_shared<std::vector<std::string>>();
  AddSelection(command, *selection);
  AddFilterOption(command, *terms);
  return [selection, terms](Context& context) { return ListSessions(context, *selection, *terms); };
}

Action DeclareKick(CLI::App& command) {
  auto options = std::make_shared<KickOptions>();
  AddSelection(command, options->selection);
  command.add_option("--max", options->most, "At most how many; 0: all that fit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--message", *options->request.mutable_message(),
                     "What the proxy's log says of it");
  AddDryRunOption(command, options->request);
  AddYesOption(command, options->yes);
  return [options](Context& context) { return KickSessions(context, *options); };
}

}  // namespace

Noun SessionCommands() {
  return {"session",
          "Clients that publish and play",
          {
              {"list", "Show who is connected",
               "  srsproxyctl session list\n"
               "  srsproxyctl session list --stream live/livestream --role publisher\n"
               "  srsproxyctl session list --origin vid-0x1a2 -o wide\n",
               DeclareList},
              {"kick", "End sessions: their clients see the connection close",
               "  srsproxyctl session kick 6f1c2d9a\n"
               "  srsproxyctl session kick --client 203.0.113.9 --message abuse --yes\n"
               "  srsproxyctl session kick --stream live/livestream --role viewer --dry-run\n",
               DeclareKick},
          }};
}

}  // namespace srsproxy::ctl
