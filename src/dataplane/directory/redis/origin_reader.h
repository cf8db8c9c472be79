// Reads all registrations and all decisions, once: in calls that hold Redis up for less than 1 ms
// each.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <absl/functional/any_invocable.h>

#include "dataplane/core/status.h"
#include "dataplane/directory/redis/broken_keys.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/redis/origin_scripts.h"
#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {

struct OriginsRead {
  std::string history;  // The token of that after all was read; empty: there was none.
  std::map<std::string, KeptRecord, std::less<>> origins;       // By origin id.
  std::map<std::string, KeptOverrides, std::less<>> overrides;  // By server.
  // Of x-origins: it did not name all, and `indexed` does; else, `indexed` may have gone.
  bool is_index_new = false;
  std::vector<std::string> indexed;  // Keys.
};

// On the thread of Redis, where `done` is called, once. `link`, `keys` and `broken` outlive it.
// What only a Go proxy has written is an origin like any other, as far as srs-proxy-all-servers
// names it (go_servers finds the others); what is broken is passed over, and reported. While
// x-origins does not name all, all keys are looked through.
void ReadAllOrigins(Link& link, const Keys& keys, BrokenKeys& broken,
                    absl::AnyInvocable<void(absl::StatusOr<OriginsRead>)> done);

// One origin, as srsproxy knows it, else as a Go proxy does; nullopt: there is none, or it is
// broken or cannot be read. The same otherwise.
using OneOriginDone = absl::AnyInvocable<void(std::optional<KeptRecord>)>;
void ReadOneOrigin(Link& link, const Keys& keys, BrokenKeys& broken, const std::string& id,
                   OneOriginDone done);

// What tells an operator what to do about a broken key.
inline constexpr char kRemoveRemedy[] =
    "remove it: an origin that is alive registers again within seconds";
inline constexpr char kDecideRemedy[] = "set it anew with srsproxyctl origin set, or remove it";

}  // namespace srsproxy::redis
