#include "dataplane/balance/origin_leases.h"

#include <utility>

#include "dataplane/balance/lease_id.h"

namespace srsproxy {

void OriginLeases::Admit(const std::string& origin_id, const HeldLeases& leases) {
  for (const std::string& digest : leases.digests) ids_by_digest_[digest] = origin_id;
}

void OriginLeases::Give(const std::string& origin_id, HeldLeases& leases) {
  leases.lease_id = NewLeaseId();
  leases.digests.insert(leases.digests.begin(), LeaseDigest(leases.lease_id));
  ids_by_digest_[leases.digests.front()] = origin_id;
  while (leases.digests.size() > kMaxLeases) {
    ids_by_digest_.erase(leases.digests.back());
    leases.digests.pop_back();
  }
}

void OriginLeases::End(HeldLeases& leases) {
  for (const std::string& digest : std::exchange(leases.digests, {})) ids_by_digest_.erase(digest);
  leases.lease_id.clear();
}

const std::string* OriginLeases::FindOrigin(std::string_view lease_id) const {
  const auto at = ids_by_digest_.find(LeaseDigest(lease_id));
  return at == ids_by_digest_.end() ? nullptr : &at->second;
}

}  // namespace srsproxy
