// What sessions ask of a store of streams, answered however late.
#pragma once

#include <future>
#include <memory>
#include <utility>

#include "dataplane/core/stream_directory.h"

namespace srsproxy {

inline absl::StatusOr<ClaimOutcome> ClaimNow(StreamClaims& streams, ClaimRequest request) {
  const auto answer = std::make_shared<std::promise<absl::StatusOr<ClaimOutcome>>>();
  streams.Claim(std::move(request), [answer](absl::StatusOr<ClaimOutcome> outcome) {
    answer->set_value(std::move(outcome));
  });
  return answer->get_future().get();
}

inline absl::Status MarkLiveNow(StreamHold& hold) {
  const auto answer = std::make_shared<std::promise<absl::Status>>();
  hold.MarkLive([answer](absl::Status accepted) { answer->set_value(std::move(accepted)); });
  return answer->get_future().get();
}

}  // namespace srsproxy
