#include "dataplane/directory/redis/reconcile.h"

namespace srsproxy::redis {

Reconciliation Reconcile(const LocalPlacement& local, const std::optional<StreamRecord>& record,
                         bool rival) {
  if (local.use.sessions == 0) return Reconciliation::kNothing;
  if (!record.has_value()) return Reconciliation::kClaim;
  if (record->origin_id == local.origin_id) {
    // Those who wrote it first did not know.
    const bool flows = local.use.live_publishers > 0 && !record->flows;
    return flows ? Reconciliation::kClaim : Reconciliation::kNothing;
  }
  if (local.use.live_publishers == 0) return Reconciliation::kEndStrays;
  if (!rival) return Reconciliation::kAssertPublisher;
  // Two publishers: the later placement counts, of two as late the earlier claim, and then a name,
  // so that all come to the same, whoever writes first.
  if (local.rank != record->rank) {
    return local.rank > record->rank ? Reconciliation::kAssertPublisher
                                     : Reconciliation::kEndStrays;
  }
  if (local.claimed_at != record->claimed_at) {
    return local.claimed_at < record->claimed_at ? Reconciliation::kAssertPublisher
                                                 : Reconciliation::kEndStrays;
  }
  return local.origin_id < record->origin_id ? Reconciliation::kAssertPublisher
                                             : Reconciliation::kEndStrays;
}

}  // namespace srsproxy::redis
