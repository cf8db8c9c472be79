// An OriginStore that decides later, on a thread of its own, as one behind a network does.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/directory/memory_origin_store.h"

namespace srsproxy {

class LateOriginStore final : public OriginStore {
 public:
  LateOriginStore() : thread_([this] { Run(); }) {}
  ~LateOriginStore() override { Stop(); }

  // While held, nothing is decided.
  void Hold(bool held) {
    {
      const std::lock_guard lock(mutex_);
      held_ = held;
    }
    changed_.notify_all();
  }
  // Blocks until `count` decisions wait.
  void AwaitOpen(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() >= count; });
  }

  void PutRecord(const OriginRecord& record) override { store_.PutRecord(record); }
  void RecordSilent(std::string_view id, absl::Time since) override {
    store_.RecordSilent(id, since);
  }
  void RemoveRecord(std::string_view origin_id, const OriginEnd& end) override {
    store_.RemoveRecord(origin_id, end);
  }
  std::vector<OriginRecord> Records() const override { return store_.Records(); }
  OriginOverrides Overrides(std::string_view server) const override {
    return store_.Overrides(server);
  }
  std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const override {
    return store_.AllOverrides();
  }
  Subscription Subscribe(OverridesCallback callback) override {
    return store_.Subscribe(std::move(callback));
  }

  void ChangeOverrides(std::string server, OverridesChange change,
                       ChangeOverridesCallback done) override {
    {
      const std::lock_guard lock(mutex_);
      if (!stopped_) {
        waiting_.push_back({std::move(server), std::move(change), std::move(done)});
        changed_.notify_all();
        return;
      }
    }
    done(absl::CancelledError("stopped"));
  }

  void Stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    for (Open& open : std::exchange(waiting_, {})) open.done(absl::CancelledError("stopped"));
    store_.Stop();
  }

 private:
  struct Open {
    std::string server;
    OverridesChange change;
    ChangeOverridesCallback done;
  };

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopped_ || (!held_ && !waiting_.empty()); });
      if (stopped_) return;
      Open open = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      store_.ChangeOverrides(std::move(open.server), std::move(open.change), std::move(open.done));
      lock.lock();
    }
  }

  MemoryOriginStore store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Open> waiting_;
  bool held_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace srsproxy
