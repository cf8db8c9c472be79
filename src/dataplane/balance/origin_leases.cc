#include "dataplane/balance/origin_leases.h"

#include <algorithm>
#include <utility>

#include "dataplane/balance/lease_id.h"

namespace srsproxy {

void OriginLeases::Admit(const std::string& origin_id, const HeldLeases& leases) {
  for (const std::string& digest : leases.digests) ids_by_digest_[digest] = origin_id;
}

bool OriginLeases::Give(const std::string& origin_id, HeldLeases& leases) {
  leases.lease_id = NewLeaseId();
  if (leases.shared && leases.digests.size() >= kMaxLeases) {
    ids_by_digest_.erase(leases.local_digest);
    leases.local_digest = LeaseDigest(leases.lease_id);
    ids_by_digest_[leases.local_digest] = origin_id;
    return false;
  }
  leases.digests.insert(leases.digests.begin(), LeaseDigest(leases.lease_id));
  ids_by_digest_[leases.digests.front()] = origin_id;
  while (leases.digests.size() > kMaxLeases) {
    ids_by_digest_.erase(leases.digests.back());
    leases.digests.pop_back();
  }
  return true;
}

void OriginLeases::Adopt(const std::string& origin_id, HeldLeases& leases,
                         std::vector<std::string> digests) {
  for (const std::string& digest : leases.digests) ids_by_digest_.erase(digest);
  leases.digests = std::move(digests);
  leases.shared = true;
  Admit(origin_id, leases);
  if (leases.lease_id.empty()) return;
  const std::string own = LeaseDigest(leases.lease_id);
  const bool holds =
      own == leases.local_digest ||
      std::find(leases.digests.begin(), leases.digests.end(), own) != leases.digests.end();
  if (!holds) leases.lease_id.clear();
}

void OriginLeases::End(HeldLeases& leases) {
  for (const std::string& digest : std::exchange(leases.digests, {})) ids_by_digest_.erase(digest);
  ids_by_digest_.erase(std::exchange(leases.local_digest, {}));
  leases.lease_id.clear();
}

const std::string* OriginLeases::FindOrigin(std::string_view lease_id) const {
  const auto at = ids_by_digest_.find(LeaseDigest(lease_id));
  return at == ids_by_digest_.end() ? nullptr : &at->second;
}

}  // namespace srsproxy
