// OriginLeases: which lease ids are good, and for which origin. Without a lock of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

namespace srsproxy {

// The leases of one origin.
struct HeldLeases {
  std::string lease_id;  // As given last. Empty: permanent, remembered, or deregistered.
  std::vector<std::string> digests = {};  // Of those that hold, latest first.
  std::string local_digest = {};          // Of lease_id, where it holds at this proxy alone.
  bool shared = false;                    // Other proxies give leases of this origin, too.
};

class OriginLeases {
 public:
  // Leases of one origin that hold at once: the one that was given last, and those of before a
  // restart.
  static constexpr size_t kMaxLeases = 3;

  // `leases` hold from now on.
  void Admit(const std::string& origin_id, const HeldLeases& leases);
  // Adds a new one; the oldest of more than kMaxLeases end. False: `leases` are as before for all
  // others, for this one holds here alone: of more proxies than kMaxLeases that the same origin
  // registers at, each would end another's.
  bool Give(const std::string& origin_id, HeldLeases& leases);
  // What holds by now, of those that others may have given.
  void Adopt(const std::string& origin_id, HeldLeases& leases, std::vector<std::string> digests);
  void End(HeldLeases& leases);

  // The origin's id; null: there is no such lease (any more).
  const std::string* FindOrigin(std::string_view lease_id) const;

 private:
  absl::flat_hash_map<std::string, std::string> ids_by_digest_;
};

}  // namespace srsproxy
