#include "dataplane/directory/pin_table.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/stream_path.h"

namespace srsproxy {

PinTable::PinTable(std::shared_ptr<StateFile> state) : state_(std::move(state)) {
  if (state_ == nullptr) return;
  for (const auto& [key, server] : state_->AllPins()) servers_[StreamPathOfText(key)] = server;
}

absl::StatusOr<StreamPin> PinTable::Pin(StreamPin pin) {
  const std::string path = StreamPath(pin.key);
  const std::lock_guard change(change_mutex_);
  if (!servers_.contains(path) && servers_.size() >= kMaxPins) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", kMaxPins, " pins, as many as may be: unpin some"));
  }
  if (state_ != nullptr) {
    if (auto kept = state_->PutPin(pin.key.ToString(), pin.server); !kept.ok()) return kept;
  }
  const std::lock_guard lock(mutex_);
  servers_[path] = pin.server;
  return pin;
}

absl::StatusOr<StreamPin> PinTable::Unpin(const StreamKey& key) {
  const std::lock_guard change(change_mutex_);
  const auto at = servers_.find(StreamPath(key));
  if (at == servers_.end()) {
    return absl::NotFoundError(absl::StrCat("stream ", key.ToString(), " is not pinned"));
  }
  if (state_ != nullptr) {
    if (auto removed = state_->RemovePin(key.ToString()); !removed.ok()) return removed;
  }
  const std::lock_guard lock(mutex_);
  StreamPin pin{key, std::move(at->second)};
  servers_.erase(at);
  return pin;
}

std::optional<std::string> PinTable::PinnedServer(const StreamKey& key) const {
  const std::shared_lock lock(mutex_);
  if (servers_.empty()) return std::nullopt;
  const auto at = servers_.find(StreamPath(key));
  if (at == servers_.end()) return std::nullopt;
  return at->second;
}

StreamView::PinPage PinTable::List(std::string_view after, size_t limit) const {
  StreamView::PinPage page;
  const std::shared_lock lock(mutex_);
  auto at = servers_.upper_bound(StreamPathOfText(after));
  for (; at != servers_.end() && page.pins.size() < limit; ++at) {
    page.pins.push_back({KeyOfStreamPath(at->first), at->second});
  }
  if (at != servers_.end() && !page.pins.empty()) page.next = page.pins.back().key.ToString();
  return page;
}

}  // namespace srsproxy
