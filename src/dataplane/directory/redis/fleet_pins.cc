#include "dataplane/directory/redis/fleet_pins.h"

#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/pin_table.h"
#include "dataplane/directory/redis/stream_scripts.h"
#include "dataplane/directory/stream_path.h"

namespace srsproxy::redis {
namespace {

constexpr size_t kRestoredAtOnce = 50;

absl::StatusOr<StreamPin> OutcomeOf(const PinAnswer& answer, StreamPin asked) {
  switch (answer.step) {
    case PinStep::kMissing:
      return absl::NotFoundError(absl::StrCat("stream ", asked.key.ToString(), " is not pinned"));
    case PinStep::kFull:
      return absl::ResourceExhaustedError(
          absl::StrCat("there are ", PinTable::kMaxPins, " pins, as many as may be: unpin some"));
    case PinStep::kUnpinned:
      asked.server = answer.former_server;
      return asked;
    case PinStep::kPinned:
      return asked;
  }
  return asked;
}

}  // namespace

std::optional<std::string> FleetPins::PinnedServer(const StreamKey& key) const {
  const std::shared_lock lock(mutex_);
  if (pins_.empty()) return std::nullopt;
  const auto at = pins_.find(StreamPath(key));
  if (at == pins_.end() || at->second.server.empty()) return std::nullopt;
  return at->second.server;
}

StreamView::PinPage FleetPins::List(std::string_view after, size_t limit) const {
  StreamView::PinPage page;
  const std::shared_lock lock(mutex_);
  for (auto at = pins_.upper_bound(StreamPathOfText(after)); at != pins_.end(); ++at) {
    if (at->second.server.empty()) continue;
    if (page.pins.size() == limit) {
      if (limit > 0) page.next = page.pins.back().key.ToString();
      break;
    }
    page.pins.push_back({KeyOfStreamPath(at->first), at->second.server});
  }
  return page;
}

KeptPin FleetPins::KnownOf(const std::string& path) const {
  const auto at = pins_.find(path);
  return at == pins_.end() ? KeptPin{} : at->second;
}

void FleetPins::Pin(StreamPin pin, StreamClaims::PinCallback done) {
  if (stopped_) return done(absl::CancelledError("this proxy stops"));
  KeptPin copy;
  {
    const std::shared_lock lock(mutex_);
    copy = KnownOf(StreamPath(pin.key));
  }
  const auto arguments = PinArguments(pin.key, copy, PinTable::kMaxPins, pin.server);
  auto answered = [self = shared_from_this(), pin = std::move(pin), done = std::move(done)](
                      const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
    const auto read = ReadPinAnswer(answer);
    if (!read.ok()) return done(read.status());
    self->Take(pin.key, read->pin);
    done(OutcomeOf(*read, std::move(pin)));
  };
  scripts_.Run("pin", arguments, std::move(answered));
}

absl::Status FleetPins::OnEntry(const FeedEntry& entry) {
  const auto key = ReadStreamKey(entry.Get("key"));
  auto pin = ReadFedPin(entry);
  if (!key.has_value()) return absl::DataLossError("an entry of the feed has no stream's key");
  if (!pin.ok()) return pin.status();
  Take(*key, *std::move(pin));
  const std::unique_lock lock(mutex_);
  history_ = std::string(entry.Get("history"));
  return absl::OkStatus();
}

void FleetPins::Take(const StreamKey& key, KeptPin pin) {
  const std::string path = StreamPath(key);
  const std::unique_lock lock(mutex_);
  if (read_.has_value()) touched_.insert(path);
  const uint64_t known = KnownOf(path).revision;
  // What is older another proxy has written again, or the feed brings it late.
  if (pin.revision < known) return;
  lost_.erase(path);
  if (pin.revision == known) return;
  pins_.insert_or_assign(path, std::move(pin));
  if (pins_.size() > 2 * PinTable::kMaxPins) {
    std::erase_if(pins_, [](const auto& entry) { return entry.second.server.empty(); });
  }
}

void FleetPins::BeginRead() {
  const std::unique_lock lock(mutex_);
  read_.emplace();
  touched_.clear();
}

void FleetPins::Read(const StreamKey& key, KeptPin pin) {
  const std::unique_lock lock(mutex_);
  if (read_.has_value()) read_->insert_or_assign(StreamPath(key), std::move(pin));
}

void FleetPins::FinishRead(const std::string& history) {
  const std::unique_lock lock(mutex_);
  Pins all = std::exchange(read_, std::nullopt).value_or(Pins());
  const bool is_new = history != history_;
  for (auto& [path, known] : pins_) {
    const auto at = all.find(path);
    const bool is_later =
        at == all.end() ? is_new || touched_.contains(path) : at->second.revision < known.revision;
    if (!is_later) continue;
    lost_.insert(path);
    all.insert_or_assign(path, std::move(known));
  }
  pins_ = std::move(all);
  // While there is none, what is known is of the former.
  if (!history.empty()) history_ = history;
}

void FleetPins::RestoreSome() {
  std::vector<std::pair<StreamKey, KeptPin>> lost;
  {
    const std::unique_lock lock(mutex_);
    while (!stopped_ && !lost_.empty() && lost.size() < kRestoredAtOnce) {
      const std::string path = std::move(lost_.extract(lost_.begin()).value());
      lost.emplace_back(KeyOfStreamPath(path), KnownOf(path));
    }
  }
  for (const auto& [key, copy] : lost) Restore(key, copy);
}

void FleetPins::Restore(const StreamKey& key, const KeptPin& copy) {
  auto answered = [self = shared_from_this(),
                   key](const absl::StatusOr<ScriptRunner::Answer>& answer) {
    const auto read = ReadPinAnswer(answer);
    // Another proxy, or an operator, may have written a later one.
    if (read.ok()) return self->Take(key, read->pin);
    if (absl::IsCancelled(read.status())) return;
    const std::unique_lock lock(self->mutex_);
    self->lost_.insert(StreamPath(key));
  };
  scripts_.Run("pin", PinArguments(key, copy, PinTable::kMaxPins, std::nullopt),
               std::move(answered));
}

}  // namespace srsproxy::redis
