// A store of streams of which a test says how it is, and in which something happens right before a
// question is answered: what is seen then is of after it, and what was read before is not.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// Each hook is called once, at the next question of its kind.
class HookedStreams final : public StreamDirectory {
 public:
  explicit HookedStreams(std::shared_ptr<StreamDirectory> streams) : streams_(std::move(streams)) {}

  mutable std::function<void()> before_find;
  mutable std::function<void()> before_find_in_other_vhost;

  // What the store says of itself from now on. Any thread.
  void SetState(StoreState state) { state_ = state; }
  StoreState state() const override { return state_; }
  std::optional<StreamMapping> Find(const StreamKey& key) const override {
    Call(before_find);
    return streams_->Find(key);
  }
  std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const override {
    Call(before_find_in_other_vhost);
    return streams_->FindInOtherVhost(key);
  }
  Page List(std::string_view after, size_t limit) const override {
    return streams_->List(after, limit);
  }
  size_t size() const override { return streams_->size(); }
  size_t in_use() const override { return streams_->in_use(); }
  Counts CountsOf(std::string_view origin_id) const override {
    return streams_->CountsOf(origin_id);
  }
  std::optional<std::string> PinnedServer(const StreamKey& key) const override {
    return streams_->PinnedServer(key);
  }
  PinPage ListPins(std::string_view after, size_t limit) const override {
    return streams_->ListPins(after, limit);
  }
  void Claim(ClaimRequest request, ClaimCallback done) override {
    streams_->Claim(std::move(request), std::move(done));
  }
  void Move(MoveRequest request, MoveCallback done) override {
    streams_->Move(std::move(request), std::move(done));
  }
  void Release(ReleaseRequest request, ReleaseCallback done) override {
    streams_->Release(std::move(request), std::move(done));
  }
  void Pin(StreamPin pin, PinCallback done) override {
    streams_->Pin(std::move(pin), std::move(done));
  }
  void Unpin(const StreamKey& key, PinCallback done) override {
    streams_->Unpin(key, std::move(done));
  }
  void SetMaxStreams(size_t max_streams) override { streams_->SetMaxStreams(max_streams); }
  void Stop() override { streams_->Stop(); }
  void AddObserver(StreamObserver& observer) override { streams_->AddObserver(observer); }

 private:
  static void Call(std::function<void()>& hook) {
    const auto once = std::exchange(hook, nullptr);
    if (once) once();
  }

  const std::shared_ptr<StreamDirectory> streams_;
  std::atomic<StoreState> state_{StoreState::kSynced};
};

}  // namespace srsproxy
