// The OriginStore of a proxy that shares nothing.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/origin_store.h"
#include "dataplane/directory/origin_file.h"
#include "dataplane/directory/state_file.h"
#include "dataplane/directory/state_writer.h"

namespace srsproxy {

// Thread-safe. With a folder, decisions are answered by its own thread when the disk has them, and
// registrations are written there soon after they change.
class MemoryOriginStore final : public OriginStore {
 public:
  // In memory alone: everything is answered inline.
  MemoryOriginStore();

  // Keeps decisions in `state`, and registrations beside it where that has a folder. `clock` and
  // `logger` outlive the store. FAILED_PRECONDITION as OriginFile::Read.
  static absl::StatusOr<std::unique_ptr<MemoryOriginStore>> Open(std::shared_ptr<StateFile> state,
                                                                 const Clock& clock,
                                                                 const Logger& logger);
  ~MemoryOriginStore() override { Stop(); }

  void PutRecord(const OriginRecord& record) override;
  void RemoveRecord(std::string_view origin_id, const OriginEnd& end) override;
  void RecordSilent(std::string_view origin_id, absl::Time since) override;
  std::vector<OriginRecord> Records() const override;
  OriginOverrides Overrides(std::string_view server) const override;
  std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const override;
  void ChangeOverrides(std::string server, OverridesChange change,
                       ChangeOverridesCallback done) override;
  Subscription Subscribe(OverridesCallback callback) override {
    return subscribers_.Add(std::move(callback));
  }
  void Stop() override;

 private:
  // Registrations in a file. Used by writer_'s thread, and by Stop after it.
  struct Kept {
    OriginFile file;
    const Clock& clock;
    const Logger& logger;
    bool failing = false;
  };

  explicit MemoryOriginStore(std::shared_ptr<StateFile> state) : state_(std::move(state)) {}

  void RecordsChanged();
  void WriteRecords();
  void ChangeOverridesNow(const std::string& server, const OverridesChange& change,
                          ChangeOverridesCallback done);

  const std::shared_ptr<StateFile> state_;
  mutable std::mutex mutex_;
  std::map<std::string, OriginRecord, std::less<>> records_;  // By origin id. Guarded by mutex_.
  std::mutex change_mutex_;  // Held while one is merged and reported.
  Subscribers<OverridesCallback> subscribers_;
  std::atomic<bool> stopped_{false};
  std::unique_ptr<Kept> kept_;           // Null: in memory alone.
  std::atomic<bool> write_due_{false};   // A task of writer_ will write the records.
  std::unique_ptr<StateWriter> writer_;  // With kept_. Last: its thread uses the others.
};

}  // namespace srsproxy
