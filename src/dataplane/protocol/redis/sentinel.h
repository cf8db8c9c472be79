// What Sentinels answer and announce
// (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"
#include "dataplane/protocol/redis/reply.h"

namespace srsproxy::redis {

struct Address {
  std::string host;
  uint16_t port = 0;

  std::string ToString() const;  // host:port

  friend bool operator==(const Address&, const Address&) = default;
};

// `host:port`, `[ip6]:port` or `host`, of PROXY_REDIS_SENTINELS. INVALID_ARGUMENT names the text.
absl::StatusOr<Address> ParseSentinelAddress(std::string_view text);

inline constexpr uint16_t kDefaultSentinelPort = 26379;

// The answer to `SENTINEL get-master-addr-by-name <name>`. NOT_FOUND: this Sentinel knows no master
// of that name. DATA_LOSS: it is no such answer.
absl::StatusOr<Address> ReadMasterAddress(const Reply& reply);

// The channel on which Sentinels announce that another server has become the master.
inline constexpr std::string_view kSwitchMasterChannel = "+switch-master";

struct MasterSwitch {
  std::string name;
  Address from;
  Address to;

  friend bool operator==(const MasterSwitch&, const MasterSwitch&) = default;
};

// A message of that channel, as SUBSCRIBE brings it; nullopt for anything else, as the answer to
// SUBSCRIBE itself.
std::optional<MasterSwitch> ReadMasterSwitch(const Reply& reply);

}  // namespace srsproxy::redis
