#include "dataplane/directory/memory_origin_store.h"

#include <utility>

#include "dataplane/directory/store_status.h"

namespace srsproxy {
namespace {

// How old the time may be that is written with the records, which bounds how long they are worth
// something.
constexpr absl::Duration kWritePeriod = absl::Minutes(1);

}  // namespace

MemoryOriginStore::MemoryOriginStore() : MemoryOriginStore(std::make_shared<StateFile>()) {}

absl::StatusOr<std::unique_ptr<MemoryOriginStore>> MemoryOriginStore::Open(
    std::shared_ptr<StateFile> state, const Clock& clock, const Logger& logger) {
  const std::shared_ptr<const StateFolder> folder = state->folder();
  std::unique_ptr<MemoryOriginStore> store(new MemoryOriginStore(std::move(state)));
  if (folder == nullptr) return store;
  store->kept_ = std::make_unique<Kept>(Kept{OriginFile(folder, logger), clock, logger});
  auto records = store->kept_->file.Read(clock.WallNow());
  if (!records.ok()) return records.status();
  for (OriginRecord& record : *records) {
    std::string id = record.registration.Id();
    store->records_.insert_or_assign(std::move(id), std::move(record));
  }
  auto each_period = [raw = store.get()] { raw->WriteRecords(); };
  store->writer_ = std::make_unique<StateWriter>(kWritePeriod, std::move(each_period));
  return store;
}

void MemoryOriginStore::PutRecord(const OriginRecord& record) {
  {
    const std::lock_guard lock(mutex_);
    records_.insert_or_assign(record.registration.Id(), record);
  }
  RecordsChanged();
}

void MemoryOriginStore::RemoveRecord(std::string_view origin_id, const OriginEnd& /*end*/) {
  {
    const std::lock_guard lock(mutex_);
    const auto at = records_.find(origin_id);
    if (at == records_.end()) return;
    records_.erase(at);
  }
  RecordsChanged();
}

void MemoryOriginStore::RecordSilent(std::string_view origin_id, absl::Time since) {
  {
    const std::lock_guard lock(mutex_);
    const auto at = records_.find(origin_id);
    if (at == records_.end()) return;
    at->second.silent_since = since;
  }
  RecordsChanged();
}

std::vector<OriginRecord> MemoryOriginStore::Records() const {
  const std::lock_guard lock(mutex_);
  std::vector<OriginRecord> records;
  records.reserve(records_.size());
  for (const auto& [id, record] : records_) records.push_back(record);
  return records;
}

void MemoryOriginStore::RecordsChanged() {
  if (writer_ == nullptr || write_due_.exchange(true)) return;
  StateWriter::Task task = [this](bool run) {
    if (run) WriteRecords();
  };
  // Else the next change, the next period or Stop writes them.
  if (!writer_->Post(task)) write_due_ = false;
}

void MemoryOriginStore::WriteRecords() {
  write_due_ = false;  // First: what changes from now on may be missing.
  const absl::Status written = kept_->file.Write(Records(), kept_->clock.WallNow());
  if (std::exchange(kept_->failing, !written.ok()) == !written.ok()) return;
  if (written.ok()) {
    kept_->logger.Info("registrations are kept again");
  } else {
    kept_->logger.Error("registrations are not kept over a restart",
                        {{"error", MessageOf(written)}});
  }
}

OriginOverrides MemoryOriginStore::Overrides(std::string_view server) const {
  return state_->OverridesOf(server);
}

std::map<std::string, OriginOverrides, std::less<>> MemoryOriginStore::AllOverrides() const {
  return state_->AllOverrides();
}

void MemoryOriginStore::ChangeOverrides(std::string server, OverridesChange change,
                                        ChangeOverridesCallback done) {
  if (stopped_) return done(StoreStopped());
  if (writer_ == nullptr) return ChangeOverridesNow(server, change, std::move(done));
  const auto shared = std::make_shared<ChangeOverridesCallback>(std::move(done));
  StateWriter::Task task = [this, server = std::move(server), change = std::move(change),
                            shared](bool run) {
    if (run) return ChangeOverridesNow(server, change, std::move(*shared));
    (*shared)(StoreStopped());
  };
  if (writer_->Post(task)) return;
  (*shared)(stopped_ ? StoreStopped()
                     : ProxyFailure(absl::StatusCode::kUnavailable,
                                    "too many decisions wait for the disk: try again"));
}

void MemoryOriginStore::ChangeOverridesNow(const std::string& server, const OverridesChange& change,
                                           ChangeOverridesCallback done) {
  absl::StatusOr<OriginOverrides> changed = StoreStopped();
  {
    const std::lock_guard lock(change_mutex_);
    if (!stopped_) {
      changed = state_->ChangeOverrides(server, change);
      if (changed.ok()) {
        subscribers_.ForEach([&](OverridesCallback& callback) { callback(server, *changed); });
      }
    }
  }
  done(std::move(changed));
}

void MemoryOriginStore::Stop() {
  if (stopped_.exchange(true)) return;
  if (writer_ == nullptr) {
    const std::lock_guard wait_for_what_runs(change_mutex_);
    return;
  }
  writer_->Stop();
  WriteRecords();
}

}  // namespace srsproxy
