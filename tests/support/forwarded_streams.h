// A store of streams that has another one answer: what a test's store is made of that differs in
// some of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/core/stream_directory.h"

namespace srsproxy {

class ForwardedStreams : public StreamDirectory {
 public:
  explicit ForwardedStreams(std::shared_ptr<StreamDirectory> streams)
      : streams_(std::move(streams)) {}

  StoreState state() const override { return streams_->state(); }
  std::string unusable() const override { return streams_->unusable(); }
  std::optional<StreamMapping> Find(const StreamKey& key) const override {
    return streams_->Find(key);
  }
  std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const override {
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
  using StreamClaims::Release;
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
  Subscription Subscribe(StreamObserver& observer) override {
    return streams_->Subscribe(observer);
  }

 protected:
  StreamDirectory& streams() const { return *streams_; }

 private:
  const std::shared_ptr<StreamDirectory> streams_;
};

}  // namespace srsproxy
