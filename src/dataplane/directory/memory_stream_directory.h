// The store of streams of a proxy that shares nothing.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_directory.h"
#include "dataplane/directory/pin_table.h"
#include "dataplane/directory/stream_table.h"

namespace srsproxy {

// Thread-safe; answers inline. Its holds may outlive it.
class MemoryStreamDirectory final : public StreamDirectory {
 public:
  // `max_streams`: PROXY_MAX_STREAMS. `clock` outlives the directory and its holds. Pins are kept
  // in `state`; null: in memory alone.
  MemoryStreamDirectory(const Clock& clock, size_t max_streams,
                        std::shared_ptr<StateFile> state = nullptr)
      : table_(std::make_shared<StreamTable>(clock, max_streams)), pins_(std::move(state)) {}

  StoreState state() const override { return StoreState::kSynced; }
  std::optional<StreamMapping> Find(const StreamKey& key) const override {
    return table_->Find(key);
  }
  std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const override {
    return table_->FindInOtherVhost(key);
  }
  Page List(std::string_view after, size_t limit) const override {
    return table_->List(after, limit);
  }
  size_t size() const override { return table_->size(); }
  size_t in_use() const override { return table_->in_use(); }
  Counts CountsOf(std::string_view origin_id) const override { return table_->CountsOf(origin_id); }
  std::optional<std::string> PinnedServer(const StreamKey& key) const override {
    return pins_.PinnedServer(key);
  }
  PinPage ListPins(std::string_view after, size_t limit) const override {
    return pins_.List(after, limit);
  }

  void Claim(ClaimRequest request, ClaimCallback done) override { done(table_->Claim(request)); }
  void Move(MoveRequest request, MoveCallback done) override { done(table_->Move(request)); }
  using StreamClaims::Release;
  void Release(ReleaseRequest request, ReleaseCallback done) override {
    done(table_->Release(request));
  }
  void Pin(StreamPin pin, PinCallback done) override;
  void Unpin(const StreamKey& key, PinCallback done) override;
  void SetMaxStreams(size_t max_streams) override { table_->SetMaxStreams(max_streams); }
  void Stop() override;

  Subscription Subscribe(StreamObserver& observer) override { return table_->Subscribe(observer); }

 private:
  const std::shared_ptr<StreamTable> table_;
  PinTable pins_;
  std::atomic<bool> stopped_{false};
};

}  // namespace srsproxy
