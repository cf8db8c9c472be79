// A lease that stands for ever, and is counted while it is held.
#pragma once

#include "dataplane/core/balancer.h"

namespace srsproxy::testing {

class CountedLease final : public StreamLease {
 public:
  // `held` outlives it.
  explicit CountedLease(int& held) : held_(held) { ++held_; }
  ~CountedLease() override { --held_; }
  void MarkLive(StreamHold::LiveCallback done) override { done(absl::OkStatus()); }
  void WhenLost(StreamHold::LostCallback) override {}
  void Refused() override {}

 private:
  int& held_;
};

}  // namespace srsproxy::testing
