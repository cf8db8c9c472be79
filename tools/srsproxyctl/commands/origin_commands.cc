#include "tools/srsproxyctl/commands/origin_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "srsproxy/v1/origin_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/live_list.h"
#include "tools/srsproxyctl/commands/origin_admin_commands.h"
#include "tools/srsproxyctl/commands/origin_registration_commands.h"
#include "tools/srsproxyctl/commands/origin_selector.h"
#include "tools/srsproxyctl/commands/pages.h"
#include "tools/srsproxyctl/output/filter.h"
#include "tools/srsproxyctl/output/origin_view.h"

namespace srsproxy::ctl {
namespace {

using OriginStub = v1::OriginService::StubInterface;

// The options of `origin list`.
struct ListOptions {
  std::vector<std::string> filter;
  bool watch = false;
};

absl::Status WatchOrigins(Context& context, const Filter<v1::Origin>& filter) {
  v1::WatchRequest request;
  request.add_kinds(v1::EVENT_KIND_ORIGIN_ADDED);
  request.add_kinds(v1::EVENT_KIND_ORIGIN_CHANGED);
  request.add_kinds(v1::EVENT_KIND_ORIGIN_REMOVED);
  const auto subject = [](const v1::Event& event) -> const v1::Origin& { return event.origin(); };
  return LiveList<v1::Origin>(context, OriginView(), filter, subject).Run(request);
}

absl::Status ListOrigins(Context& context, const ListOptions& options) {
  auto filter = Filter<v1::Origin>::Parse(options.filter, OriginView());
  if (!filter.ok()) return filter.status();
  if (options.watch) return WatchOrigins(context, *filter);
  Printer& printer = context.printer;
  v1::ListOriginsResponse beside;  // What the first page has beside the origins.
  size_t received = 0;
  size_t shown = 0;
  const auto show = [&](v1::ListOriginsResponse& page) {
    received += page.origins_size();
    beside.mutable_refusals()->MergeFrom(page.refusals());
    beside.mutable_conflicts()->MergeFrom(page.conflicts());
    filter->Apply(*page.mutable_origins());
    shown += page.origins_size();
    printer.Page(OriginView(), page.origins());
  };
  printer.BeginList(OriginView());
  absl::Status listed = ForEachPage<v1::OriginService>(context.client, &OriginStub::ListOrigins,
                                                       v1::ListOriginsRequest(), show);
  if (!listed.ok()) return listed;
  if (printer.shows_documents() || printer.shows_tables()) {
    printer.BeginList(ConflictView());
    printer.Page(ConflictView(), beside.conflicts());
    printer.BeginList(RefusalView());
    printer.Page(RefusalView(), beside.refusals());
  }
  printer.EndLists();
  NoteEmptyList(context, "origin", received, shown);
  return absl::OkStatus();
}

absl::Status GetOrigin(Context& context, const std::string& selector) {
  const auto origin = FindOrigin(context.client, selector);
  if (!origin.ok()) return origin.status();
  context.printer.One(OriginView(), *origin);
  return absl::OkStatus();
}

Action DeclareList(CLI::App& command) {
  auto options = std::make_shared<ListOptions>();
  AddFilterOption(command, options->filter);
  AddWatchOption(command, options->watch);
  return [options](Context& context) { return ListOrigins(context, *options); };
}

Action DeclareGet(CLI::App& command) {
  auto selector = std::make_shared<std::string>();
  AddOriginArgument(command, *selector);
  return [selector](Context& context) { return GetOrigin(context, *selector); };
}

}  // namespace

Noun OriginCommands() {
  Noun noun = {"origin",
               "The SRS servers that streams are placed on",
               {
                   {"list", "Show the registered origins, and registrations that were refused",
                    "  srsproxyctl origin list\n"
                    "  srsproxyctl origin list -o wide --filter health=suspect\n"
                    "  srsproxyctl origin list --watch\n"
                    "  srsproxyctl origin list -o json | jq '.origins[].registration.ip'\n",
                    DeclareList},
                   {"get", "Show one origin",
                    "  srsproxyctl origin get vid-0x1a2\n"
                    "  srsproxyctl origin get vid-0x1a2 -o json\n",
                    DeclareGet},
               }};
  for (auto commands : {OriginAdminCommands(), OriginRegistrationCommands()}) {
    noun.commands.insert(noun.commands.end(), commands.begin(), commands.end());
  }
  return noun;
}

}  // namespace srsproxy::ctl
