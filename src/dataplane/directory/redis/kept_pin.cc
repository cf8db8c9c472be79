#include "dataplane/directory/redis/kept_pin.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

namespace srsproxy::redis {

KeptPin ReadKeptPin(std::string_view value) {
  KeptPin pin;
  const size_t blank = value.find(' ');
  const bool has_revision = blank != std::string_view::npos && blank + 1 < value.size() &&
                            absl::SimpleAtoi(ToAbsl(value.substr(0, blank)), &pin.revision);
  // Else somebody has written it by hand.
  pin.server = std::string(has_revision ? value.substr(blank + 1) : value);
  return pin;
}

std::vector<std::string> PinArguments(const StreamKey& key, const KeptPin& copy, size_t max_pins,
                                      const std::optional<std::string>& server) {
  std::vector<std::string> arguments = {key.ToString(), absl::StrCat(copy.revision), copy.server,
                                        absl::StrCat(max_pins)};
  if (server.has_value()) arguments.push_back(*server);
  return arguments;
}

absl::StatusOr<PinAnswer> ReadPinAnswer(const absl::StatusOr<ScriptRunner::Answer>& answer) {
  if (!answer.ok()) return answer.status();
  PinAnswer read;
  const auto step = FromName<PinStep>(answer->what);
  if (!step.has_value() || answer->rest.size() < 3) {
    return absl::DataLossError(absl::StrCat("pin.lua answered ", ToAbsl(answer->what)));
  }
  read.step = *step;
  std::string_view texts[3];
  for (size_t i = 0; i < 3; ++i) {
    const auto text = answer->rest[i].AsText();
    if (!text.ok()) return text.status();
    texts[i] = *text;
  }
  read.pin.server = std::string(texts[0]);
  if (!absl::SimpleAtoi(ToAbsl(texts[1]), &read.pin.revision)) {
    return absl::DataLossError("pin.lua answered a broken revision");
  }
  read.former_server = std::string(texts[2]);
  return read;
}

absl::StatusOr<KeptPin> ReadFedPin(const FeedEntry& entry) {
  KeptPin pin{.server = std::string(entry.Get("server"))};
  if (!absl::SimpleAtoi(ToAbsl(entry.Get("revision")), &pin.revision)) {
    return absl::DataLossError("an entry of the feed has a pin without its revision");
  }
  return pin;
}

}  // namespace srsproxy::redis
