#include "tools/srsproxyctl/commands/version_commands.h"

#include <string>

#include <google/protobuf/struct.pb.h>

namespace srsproxy::ctl {
namespace {

using google::protobuf::Struct;

std::string VersionOf(const Struct& version) {
  return version.fields().at("version").string_value();
}

const View<Struct>& VersionView() {
  static const View<Struct> view = {
      "", VersionOf, {{"SRSPROXYCTL", [](const Struct& s) { return Cell{VersionOf(s)}; }}}};
  return view;
}

absl::Status ShowVersion(Context& context) {
  Struct version;
  (*version.mutable_fields())["version"].set_string_value(SRSPROXY_VERSION);
  context.printer.One(VersionView(), version);
  return absl::OkStatus();
}

}  // namespace

Noun VersionCommands() {
  return {"",
          "",
          {{"version", "The version of srsproxyctl; `proxy get` shows the proxy's",
            "  srsproxyctl version\n", [](CLI::App&) -> Action { return ShowVersion; }}}};
}

}  // namespace srsproxy::ctl
