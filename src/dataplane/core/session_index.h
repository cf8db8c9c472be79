// Which stream an id stands for, where a request carries nothing else to know it by.
#pragma once

#include <optional>
#include <string>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include "dataplane/core/stream_url.h"

namespace srsproxy {

// Thread-safe.
class SessionIndex {
 public:
  // How long an id of HLS is remembered after its last use.
  static constexpr absl::Duration kHlsIdLifetime = absl::Seconds(120);

  virtual ~SessionIndex() = default;

  // `id` (`spbhid` in URLs of HLS) stands for `key`. A use of the id.
  virtual void PutHls(std::string id, const StreamKey& key) = 0;

  using FoundCallback = absl::AnyInvocable<void(std::optional<StreamKey>)>;
  // Calls `done` once, inline (memory) or later on any thread (shared stores), with what `id`
  // stands for; nullopt: it is unknown, or cannot be looked up. A use of the id.
  virtual void FindHls(std::string id, FoundCallback done) = 0;

  // Every open question is answered nullopt, on this thread, before it returns; later ones are at
  // once. See StreamClaims::Stop.
  virtual void Stop() = 0;
};

}  // namespace srsproxy
