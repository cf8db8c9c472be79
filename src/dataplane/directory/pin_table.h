// The pins of a proxy that shares nothing: streams that an operator has bound to a server.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "dataplane/core/stream_directory.h"
#include "dataplane/directory/state_file.h"

namespace srsproxy {

// Thread-safe. The members are those of StreamView and StreamClaims.
class PinTable {
 public:
  static constexpr size_t kMaxPins = 100'000;

  // Keeps the pins in `state`, where the former ones are; null: in memory alone.
  explicit PinTable(std::shared_ptr<StateFile> state);

  absl::StatusOr<StreamPin> Pin(StreamPin pin);
  absl::StatusOr<StreamPin> Unpin(const StreamKey& key);
  std::optional<std::string> PinnedServer(const StreamKey& key) const;
  StreamView::PinPage List(std::string_view after, size_t limit) const;

 private:
  const std::shared_ptr<StateFile> state_;
  std::mutex change_mutex_;  // Held while a change is written, so that mutex_ need not be.
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::string, std::less<>> servers_;  // By StreamPath.
};

}  // namespace srsproxy
