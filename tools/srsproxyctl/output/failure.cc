#include "tools/srsproxyctl/output/failure.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/strings/str_split.h>

#include "srsproxy/v1/errors.pb.h"
#include "tools/srsproxyctl/output/printer.h"

namespace srsproxy::ctl {
namespace {

constexpr std::string_view kAmbiguousOrigin = "AMBIGUOUS_ORIGIN";

v1::ErrorInfo ErrorInfoOf(const grpc::Status& status) {
  v1::Status details;
  v1::ErrorInfo info;
  if (details.ParseFromString(status.error_details()) && details.details_size() > 0) {
    info.ParseFromString(details.details(0).value());
  }
  return info;
}

// What to do about a reason; empty: what the message has.
std::string_view Hint(std::string_view reason) {
  static const std::map<std::string_view, std::string_view> hints = {
      {"ORIGIN_NOT_FOUND", "srsproxyctl origin list shows the origins"},
      {kAmbiguousOrigin, "write more of its id; srsproxyctl origin list -o name shows the ids"},
      {"ORIGIN_UNUSABLE", "srsproxyctl origin list shows which origins are usable, and why not"},
      {"STREAM_NOT_FOUND", "srsproxyctl stream list shows the streams"},
      {"STREAM_LIVE",
       "srsproxyctl stream move keeps its sessions on one origin; --force ends them"},
      {"PIN_NOT_FOUND", "srsproxyctl stream pins shows the pins"},
      {"PLACEMENT_CHANGED", "look again: srsproxyctl stream get, or srsproxyctl rebalance plan"},
      {"PLAN_NOT_FOUND", "srsproxyctl rebalance plan makes a new one"},
      {"REBALANCE_NOT_FOUND", "srsproxyctl rebalance plan shows what one would do"},
      {"REBALANCE_STATE", "srsproxyctl rebalance get shows it"},
      {"SESSION_NOT_FOUND", "srsproxyctl session list shows the sessions"},
      {"TOKEN_REQUIRED", "name a file with a token by --token-file or SRSPROXYCTL_TOKEN_FILE"},
      {"ROLE_DENIED", "use a token whose role may do this: --token-file"},
      {"SCOPE_DENIED", "use a token that is not limited to other servers: --token-file"},
      {"OWN_LISTENER", "register the address of an SRS, not one that srsproxy listens at"},
      {"ADDRESS_FORBIDDEN",
       "where origins do have such addresses, name them in PROXY_ORIGIN_NETWORKS"},
      {"NOT_DRIVING", "name that proxy by --endpoint; srsproxyctl proxy list shows the fleet"},
      {"NEEDS_RESTART", "set it by flag, environment or file, and restart the proxy"},
  };
  const auto found = hints.find(reason);
  return found == hints.end() ? "" : found->second;
}

// The candidates of an AMBIGUOUS_ORIGIN, a line each; empty: the proxy does not list them.
std::string AmbiguousText(const v1::ErrorInfo& info) {
  const auto origin = info.metadata().find("origin");
  const auto candidates = info.metadata().find("candidates");
  if (origin == info.metadata().end() || candidates == info.metadata().end()) return "";
  std::string text =
      "origin '" + PrintableText(origin->second) + "' is ambiguous; write one of these:";
  const std::vector<std::string> names = absl::StrSplit(candidates->second, ", ");
  for (const std::string& name : names) text += "\n  " + PrintableText(name);
  return text;
}

}  // namespace

absl::Status AnsweredFailure(const grpc::Status& status) {
  const v1::ErrorInfo info = ErrorInfoOf(status);
  if (info.reason() == kAmbiguousOrigin) {
    if (const std::string text = AmbiguousText(info); !text.empty()) {
      return absl::InvalidArgumentError(text);
    }
  }
  std::string text = PrintableText(status.error_message());
  if (!info.reason().empty()) text += " (" + PrintableText(info.reason()) + ")";
  if (const std::string_view hint = Hint(info.reason()); !hint.empty()) {
    text += "\nHint: " + std::string(hint);
  }
  // gRPC's codes and abseil's have the same numbers.
  const auto code = info.reason() == kAmbiguousOrigin
                        ? absl::StatusCode::kInvalidArgument
                        : static_cast<absl::StatusCode>(status.error_code());
  return absl::Status(code, text);
}

}  // namespace srsproxy::ctl
