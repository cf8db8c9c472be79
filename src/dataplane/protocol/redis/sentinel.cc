#include "dataplane/protocol/redis/sentinel.h"

#include <vector>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/text.h"

namespace srsproxy::redis {
namespace {

std::optional<Address> ToAddress(std::string_view host, std::string_view port) {
  const auto parsed = ParseEndpoint(port, Transport::kTcp);
  if (host.empty() || !parsed.ok() || !parsed->host.empty()) return std::nullopt;
  return Address{std::string(host), parsed->port};
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (!word.empty()) words.push_back(word);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return words;
}

}  // namespace

std::string Address::ToString() const { return JoinHostPort(host, port); }

absl::StatusOr<Address> ParseSentinelAddress(std::string_view text) {
  const auto invalid = [text] {
    return ProxyFailure(absl::StatusCode::kInvalidArgument,
                        Quoted(text) + " is no address of a Sentinel: write host:port");
  };
  if (text.find(':') == std::string_view::npos) {
    const auto host = ParseEndpoint(std::string(text) + ":1", Transport::kTcp);
    if (!host.ok() || text.empty()) return invalid();
    return Address{std::string(text), kDefaultSentinelPort};
  }
  const auto endpoint = ParseEndpoint(text, Transport::kTcp);
  if (!endpoint.ok() || endpoint->host.empty()) return invalid();
  return Address{endpoint->host, endpoint->port};
}

absl::StatusOr<Address> ReadMasterAddress(const Reply& reply) {
  if (reply.is_nil()) {
    return ProxyFailure(absl::StatusCode::kNotFound,
                        "the Sentinel knows no master of this name: check "
                        "PROXY_REDIS_SENTINEL_MASTER");
  }
  const auto texts = reply.AsTexts();
  if (!texts.ok()) return texts.status();
  if (texts->size() == 2) {
    if (auto address = ToAddress((*texts)[0], (*texts)[1])) return *std::move(address);
  }
  return ProxyFailure(absl::StatusCode::kDataLoss,
                      "a Sentinel answered " + reply.ToString() + " for an address");
}

std::optional<MasterSwitch> ReadMasterSwitch(const Reply& reply) {
  if (reply.type() != Reply::Type::kArray) return std::nullopt;
  const auto texts = reply.AsTexts();
  if (!texts.ok() || texts->size() != 3) return std::nullopt;
  if ((*texts)[0] != "message" || (*texts)[1] != kSwitchMasterChannel) return std::nullopt;
  const auto words = Words((*texts)[2]);
  if (words.size() != 5) return std::nullopt;
  const auto from = ToAddress(words[1], words[2]);
  const auto to = ToAddress(words[3], words[4]);
  if (!from.has_value() || !to.has_value()) return std::nullopt;
  return MasterSwitch{std::string(words[0]), *from, *to};
}

}  // namespace srsproxy::redis
