#include "dataplane/directory/redis/reconcile.h"

namespace srsproxy::redis {

Reconciliation Reconcile(const LocalPlacement& local, const std::optional<StreamRecord>& record,
                         bool rival) {
  if (local.use.sessions == 0 || local.released) return Reconciliation::kNothing;
  if (!record.has_value()) return Reconciliation::kClaim;
  if (record->origin_id == local.origin_id) return Reconciliation::kNothing;
  if (local.use.live_publishers == 0) return Reconciliation::kEndStrays;
  if (!rival) return Reconciliation::kAssertPublisher;
  // Two publishers: the later placement counts, of two as late the earlier claim, and then a name,
  // so that both sides come to the same.
  if (local.version != record->version) {
    return local.version > record->version ? Reconciliation::kAssertPublisher
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
