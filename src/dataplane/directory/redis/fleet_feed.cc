#include "dataplane/directory/redis/fleet_feed.h"

#include <utility>

#include <absl/strings/str_cat.h>

namespace srsproxy::redis {
namespace {

constexpr char kFirstId[] = "0-0";
constexpr char kEntriesAtOnce[] = "200";  // Some 400 µs.
constexpr char kWaitMs[] = "1000";
constexpr absl::Duration kStale = absl::Seconds(3);

}  // namespace

FleetFeed::FleetFeed(Client& client, const FleetIdentity& identity, const Clock& clock,
                     const Logger& logger, BrokenKeys& broken)
    : feed_(client.feed()),
      bulk_(client.bulk()),
      identity_(identity),
      clock_(clock),
      logger_(logger),
      broken_(broken),
      feed_key_(identity.keys.Make(KeyKind::kXFeed)),
      beats_key_(identity.keys.Make(KeyKind::kXBeats)),
      history_key_(identity.keys.Make(KeyKind::kXHistory)) {}

void FleetFeed::Add(std::string kind, FeedObserver& observer) {
  observers_[std::move(kind)] = &observer;
  for (const FeedObserver* known : all_) {
    if (known == &observer) return;
  }
  all_.push_back(&observer);
}

void FleetFeed::Start() { feed_.Open(*this); }

StoreState FleetFeed::state() const {
  if (!synced_once_) return StoreState::kNeverSynced;
  return synced_ && clock_.Now() - heard_.load() <= absl::ToChronoNanoseconds(kStale)
             ? StoreState::kSynced
             : StoreState::kUnverified;
}

absl::Duration FleetFeed::Staleness() const {
  if (!synced_once_) return absl::InfiniteDuration();
  return absl::FromChrono(clock_.Now() - heard_.load());
}

FleetFeed::Position FleetFeed::position() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

void FleetFeed::ShowPosition() {
  const std::lock_guard lock(mutex_);
  shown_ = {followed_.history(), followed_.number()};
}

void FleetFeed::OnHistory(std::string_view history) {
  if (synced_ && !followed_.history().empty() && history != followed_.history()) {
    BeginAnew("its history is another one");
  }
}

void FleetFeed::OnConnected(const ServerInfo&) {
  ++round_;
  if (std::exchange(unreadable_, false) && synced_) {
    BeginAnew("what the feed holds cannot be read");
  } else if (synced_) {
    CheckHistory();
  } else {
    FindPosition();
  }
}

void FleetFeed::OnLost(const absl::Status& why) {
  ++round_;
  unreadable_ = unreadable_ || absl::IsDataLoss(why);
}

void FleetFeed::BeginAnew(std::string_view why) {
  logger_.Warn("everything in Redis is read anew", {{"because", why}});
  synced_ = false;
  {
    const std::lock_guard lock(mutex_);
    shown_ = {};
  }
  ++round_;
  if (begins_anew_ != nullptr) begins_anew_();
  FindPosition();
}

void FleetFeed::Ask(std::initializer_list<std::string_view> command, Handle handle,
                    absl::Duration wait) {
  auto answered = [this, round = round_,
                   handle = std::move(handle)](const absl::StatusOr<Reply>& reply) {
    if (round != round_) return;
    if (absl::IsCancelled(reply.status())) return;
    const absl::Status handled = reply.ok() ? handle(*reply) : reply.status();
    // Everything goes on with OnConnected.
    if (!handled.ok()) feed_.Reconnect(handled);
  };
  feed_.Call("feed", Arguments(command.begin(), command.size()), std::move(answered),
             feed_.deadline() + wait);
}

void FleetFeed::FindPosition() {
  Ask({"HGET", history_key_, "token"}, [this](const Reply& reply) {
    const auto token = reply.AsOptionalText();
    if (!token.ok()) return token.status();
    followed_.Reset(token->value_or(""));
    return absl::OkStatus();
  });
  Ask({"XREVRANGE", beats_key_, "+", "-", "COUNT", "1"},
      [this](const Reply& reply) { return SetId(reply, beats_key_, beats_id_, nullptr); });
  Ask({"XREVRANGE", feed_key_, "+", "-", "COUNT", "1"}, [this](const Reply& reply) {
    absl::Status set = SetId(reply, feed_key_, feed_id_, &followed_);
    if (!set.ok()) return set;
    bulk_.Close();
    bulk_.Open(bulk_observer_);
    return set;
  });
}

absl::StatusOr<StreamEntry> FleetFeed::ReadEntry(const std::string& key, const Reply& reply) {
  auto entry = ReadStreamEntry(reply);
  if (entry.ok() && !entry->unreadable.ok()) {
    broken_.Report(absl::StrCat(key, " ", ToAbsl(entry->id)), MessageOf(entry->unreadable),
                   "remove the entry with redis-cli: xdel");
  }
  return entry;
}

absl::Status FleetFeed::SetId(const Reply& reply, const std::string& key, std::string& id,
                              FeedPosition* position) {
  id = kFirstId;
  const auto entries = reply.AsArray();
  if (!entries.ok()) return entries.status();
  if (entries->empty()) return absl::OkStatus();
  const auto entry = ReadEntry(key, (*entries)[0]);
  if (!entry.ok()) return entry.status();
  id = std::string(entry->id);
  if (position != nullptr) position->SetLast(*entry);
  return absl::OkStatus();
}

void FleetFeed::ReadObservers() {
  open_reads_ = all_.size() + 1;
  for (FeedObserver* observer : all_) {
    auto read = [this, round = round_](const absl::Status& status) {
      if (round == round_) FinishRead(status);
    };
    observer->ReadAll(bulk_, std::move(read));
  }
  FinishRead(absl::OkStatus());
}

void FleetFeed::FinishRead(const absl::Status& status) {
  if (!status.ok()) {
    // All is read again over the next connection.
    if (!absl::IsUnavailable(status) && !absl::IsCancelled(status)) bulk_.Reconnect(status);
    return;
  }
  if (--open_reads_ > 0) return;
  bulk_.Close();
  heard_ = clock_.Now();
  synced_ = synced_once_ = true;
  ShowPosition();
  Read();
}

void FleetFeed::Read() {
  Ask(
      {"XREAD", "COUNT", kEntriesAtOnce, "BLOCK", kWaitMs, "STREAMS", feed_key_, beats_key_,
       feed_id_, beats_id_},
      [this](const Reply& reply) { return Take(reply); }, kWait);
}

absl::Status FleetFeed::Take(const Reply& reply) {
  heard_ = clock_.Now();
  const auto streams = reply.AsArray();
  if (!streams.ok()) return streams.status();
  for (const Reply& stream : *streams) {
    absl::Status taken = TakeStream(stream);
    if (!taken.ok()) return taken;
    if (!synced_) return absl::OkStatus();
  }
  if (streams->empty()) {
    CheckHistory();
  } else {
    Read();
  }
  return absl::OkStatus();
}

absl::Status FleetFeed::TakeStream(const Reply& reply) {
  const auto parts = reply.AsArrayOf(2);
  if (!parts.ok()) return parts.status();
  const auto key = (*parts)[0].AsText();
  if (!key.ok()) return key.status();
  const bool is_feed = *key == feed_key_;
  const auto entries = (*parts)[1].AsArray();
  if (!entries.ok()) return entries.status();
  for (const Reply& item : *entries) {
    const auto entry = ReadEntry(is_feed ? feed_key_ : beats_key_, item);
    if (!entry.ok()) return entry.status();
    FeedEntry taken{.kind = "beats", .fields = entry->fields};
    if (is_feed) taken.kind = taken.Get("kind");
    taken.here = taken.Get("by") == identity_.proxy;
    if (is_feed && !followed_.Advance(taken)) {
      BeginAnew("entries of the feed were missed");
      return absl::OkStatus();
    }
    (is_feed ? feed_id_ : beats_id_) = std::string(entry->id);
    const auto observer = observers_.find(taken.kind);
    // Of a kind that a later version writes there is none.
    if (observer != observers_.end()) observer->second->OnEntry(taken);
    if (!synced_) return absl::OkStatus();
    ShowPosition();
  }
  return absl::OkStatus();
}

void FleetFeed::CheckHistory() {
  Ask({"HMGET", history_key_, "token", "fed"},
      [this](const Reply& reply) { return TakeHistory(reply); });
}

absl::Status FleetFeed::TakeHistory(const Reply& reply) {
  const auto values = reply.AsArrayOf(2);
  if (!values.ok()) return values.status();
  const auto token = (*values)[0].AsOptionalText();
  if (!token.ok()) return token.status();
  const auto fed = (*values)[1].AsOptionalText();
  if (!fed.ok()) return fed.status();
  // One that begins now: nothing was there before.
  if (followed_.history().empty()) {
    followed_.Reset(token->value_or(""));
    ShowPosition();
  }
  if (token->value_or("") != followed_.history()) {
    BeginAnew("its history is another one");
  } else if (followed_.IsBehindAgain(fed->value_or("0"))) {
    BeginAnew("entries of the feed are gone");
  } else {
    Read();
  }
  return absl::OkStatus();
}

}  // namespace srsproxy::redis
