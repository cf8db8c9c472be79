// OriginStores that share what they keep, as those of proxies do: what one writes the others learn
// when a test delivers it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/core/origin_store.h"
#include "dataplane/directory/memory_origin_store.h"

namespace srsproxy {

// On one thread. Outlives its stores.
class SharedOriginStores {
 public:
  class Store;

  std::unique_ptr<Store> Join();

  // Until nothing is under way.
  void Deliver() {
    while (!under_way_.empty()) {
      const auto next = std::move(under_way_.front());
      under_way_.pop_front();
      next();
    }
  }
  const std::map<std::string, OriginRecord>& records() const { return records_; }
  // Calls that wrote to what is shared, since the start.
  int writes() const { return writes_; }
  void SetHearsAll(bool hears_all) { hears_all_ = hears_all; }

 private:
  using Call = std::function<void(OriginStoreObserver&)>;

  void Send(const Store* from, Call call);

  std::map<std::string, OriginRecord> records_;
  std::vector<Store*> stores_;
  std::deque<std::function<void()>> under_way_;
  int writes_ = 0;
  bool hears_all_ = true;
};

class SharedOriginStores::Store final : public OriginStore {
 public:
  explicit Store(SharedOriginStores& shared) : shared_(shared) { shared_.stores_.push_back(this); }
  ~Store() override { std::erase(shared_.stores_, this); }

  void PutRecord(const OriginRecord& record) override {
    ++shared_.writes_;
    shared_.records_.insert_or_assign(record.registration.Id(), record);
    shared_.Send(this, [record](OriginStoreObserver& to) { to.OnRecordsPut({&record, 1}, true); });
  }
  void RecordLeaving(const OriginRecord& record) override { PutRecord(record); }
  void RemoveRecord(std::string_view origin_id, const OriginEnd& end) override {
    ++shared_.writes_;
    shared_.records_.erase(std::string(origin_id));
    shared_.Send(this, [id = std::string(origin_id), end](OriginStoreObserver& to) {
      to.OnRecordRemoved(id, end);
    });
  }
  void RecordExpired(std::string_view) override {}
  void RecordBeat(const OriginBeat& beat) override {
    shared_.Send(this, [beat](OriginStoreObserver& to) { to.OnBeats({&beat, 1}); });
  }
  void RecordInUse(std::string_view origin_id) override {
    shared_.Send(this, [id = std::string(origin_id)](OriginStoreObserver& to) {
      to.OnOriginsInUse({&id, 1});
    });
  }
  bool HearsAll() const override { return shared_.hears_all_; }
  std::vector<OriginRecord> Records() const override {
    std::vector<OriginRecord> records;
    for (const auto& [id, record] : shared_.records_) records.push_back(record);
    return records;
  }
  Subscription SubscribeRecords(OriginStoreObserver& observer) override {
    return observers_.Add(&observer);
  }

  OriginOverrides Overrides(std::string_view server) const override {
    return decisions_.Overrides(server);
  }
  std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const override {
    return decisions_.AllOverrides();
  }
  void ChangeOverrides(std::string server, OverridesChange change,
                       ChangeOverridesCallback done) override {
    decisions_.ChangeOverrides(std::move(server), std::move(change), std::move(done));
  }
  Subscription Subscribe(OverridesCallback callback) override {
    return decisions_.Subscribe(std::move(callback));
  }
  void Stop() override { decisions_.Stop(); }

 private:
  friend class SharedOriginStores;

  SharedOriginStores& shared_;
  MemoryOriginStore decisions_;
  Subscribers<OriginStoreObserver*> observers_;
};

inline std::unique_ptr<SharedOriginStores::Store> SharedOriginStores::Join() {
  return std::make_unique<Store>(*this);
}

inline void SharedOriginStores::Send(const Store* from, Call call) {
  under_way_.push_back([this, from, call = std::move(call)] {
    for (Store* const store : std::vector<Store*>(stores_)) {
      if (store == from) continue;
      store->observers_.ForEach([&](OriginStoreObserver* observer) { call(*observer); });
    }
  });
}

}  // namespace srsproxy
