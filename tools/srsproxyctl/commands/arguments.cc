#include "tools/srsproxyctl/commands/arguments.h"

namespace srsproxy::ctl {
namespace {

constexpr char kOriginHelp[] = "server, device_id, id, or a unique prefix of one";
constexpr char kStreamHelp[] = "vhost/app/stream, app/stream, or any URL of the stream";

}  // namespace

void AddOriginArgument(CLI::App& command, std::string& selector) {
  command.add_option(kOriginArgument, selector, kOriginHelp)->required();
}

void AddOriginOption(CLI::App& command, std::string& selector) {
  command.add_option("--origin", selector, std::string("Only this origin: ") + kOriginHelp)
      ->type_name(kOriginArgument);
}

void AddStreamArgument(CLI::App& command, std::string& key) {
  command.add_option(kStreamArgument, key, kStreamHelp)->required();
}

void AddStreamOption(CLI::App& command, std::string& key) {
  command.add_option("--stream", key, std::string("Only this stream: ") + kStreamHelp)
      ->type_name(kStreamArgument);
}

void AddFilterOption(CLI::App& command, std::vector<std::string>& terms) {
  command
      .add_option("--filter", terms,
                  "Only rows with VALUE, or VALUE*, in a column of -o wide; again: all match")
      ->type_name("FIELD=VALUE")
      ->expected(1)
      ->take_all();
}

void AddWatchOption(CLI::App& command, bool& watch) {
  command.add_flag("--watch,-w", watch, "Go on showing what changes, until interrupted");
}

void AddYesOption(CLI::App& command, bool& yes) { command.add_flag("--yes,-y", yes, "Do not ask"); }

void AddDurationOption(CLI::App& command, const std::string& name,
                       std::optional<absl::Duration>& value, const std::string& help) {
  const auto read = [name, &value](const std::string& text) {
    absl::Duration duration;
    if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration() ||
        duration == absl::InfiniteDuration()) {
      throw CLI::ValidationError(
          name, "'" + text + "' is no length of time: write one like 500ms or 1m30s");
    }
    value = duration;
  };
  command.add_option_function<std::string>(name, read, help)->type_name("DURATION");
}

void AddLabelOption(CLI::App& command, std::vector<std::string>& labels, const std::string& help) {
  command.add_option("--label", labels, help)->type_name("KEY=VALUE")->expected(1)->take_all();
}

absl::Status ReadLabels(const std::vector<std::string>& labels,
                        google::protobuf::Map<std::string, std::string>& map) {
  for (const std::string& label : labels) {
    const size_t equals = label.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return absl::InvalidArgumentError("--label '" + label + "' is not of the form KEY=VALUE");
    }
    map[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return absl::OkStatus();
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

}  // namespace srsproxy::ctl
