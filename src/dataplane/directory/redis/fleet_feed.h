// FleetFeed: what all proxies that share a Redis learn of each other, read in the order in which it
// was written; and everything anew where the order has broken.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/directory/redis/broken_keys.h"
#include "dataplane/directory/redis/client.h"
#include "dataplane/directory/redis/feed_entry.h"
#include "dataplane/directory/redis/fleet_identity.h"

namespace srsproxy::redis {

// A store's copy of what it has in Redis. Called on the thread of Redis, one call at a time.
class FeedObserver {
 public:
  using ReadDone = absl::AnyInvocable<void(absl::Status)>;

  virtual ~FeedObserver() = default;

  // Reads all there is over `bulk`, in calls that hold Redis up for less than 1 ms each, and
  // replaces the copy by it; calls `done` once. Entries that follow may be older than what was
  // read. After an error it is called again, from the start.
  virtual void ReadAll(Link& bulk, ReadDone done) = 0;

  // An entry of a kind for which it was added.
  virtual void OnEntry(const FeedEntry& entry) = 0;
};

// Thread-safe, but for Add.
class FleetFeed final : private LinkObserver {
 public:
  // How long a read waits in Redis for something to come: a reply each second tells that what is
  // known is no older.
  static constexpr absl::Duration kWait = absl::Seconds(1);

  // All outlive the feed, and the client's Stop is the feed's end.
  FleetFeed(Client& client, const FleetIdentity& identity, const Clock& clock, const Logger& logger,
            BrokenKeys& broken);
  FleetFeed(const FleetFeed&) = delete;
  FleetFeed& operator=(const FleetFeed&) = delete;

  // `observer`, which outlives the feed, gets the entries of `kind`. An observer that is added for
  // several kinds reads all once. Before Start.
  void Add(std::string kind, FeedObserver& observer);
  // `begins` is called, on the thread of Redis, when everything is to be read anew: Redis may have
  // lost what this proxy has written. Before Start.
  void SetAnewObserver(std::function<void()> begins) { begins_anew_ = std::move(begins); }
  void Start();

  // kNeverSynced until everything was read once. kUnverified while it is read anew, and when
  // nothing has come for 3 s.
  StoreState state() const;
  // How old what is known may be. Infinite until everything was read once.
  absl::Duration Staleness() const;
  // The history that is followed, and the number of the entry that was read last. Both are empty
  // while everything is read anew.
  struct Position {
    std::string history;
    uint64_t number = 0;
  };
  Position position() const;

  // An answer had the token `history`: when it is another one than the feed's, everything is read
  // anew. On the thread of Redis.
  void OnHistory(std::string_view history);

 private:
  // Reads everything when the bulk connection stands, and again after it broke.
  class BulkObserver final : public LinkObserver {
   public:
    explicit BulkObserver(FleetFeed& feed) : feed_(feed) {}
    void OnConnected(const ServerInfo&) override { feed_.ReadObservers(); }
    void OnLost(const absl::Status&) override {}

   private:
    FleetFeed& feed_;
  };
  using Handle = std::function<absl::Status(const Reply&)>;

  void OnConnected(const ServerInfo& server) override;
  void OnLost(const absl::Status& why) override;
  void ShowPosition();
  void Ask(std::initializer_list<std::string_view> command, Handle handle,
           absl::Duration wait = absl::ZeroDuration());
  void BeginAnew(std::string_view why);
  // Where the feed is now: what is read after that is as new, or newer.
  void FindPosition();
  absl::Status SetId(const Reply& reply, const std::string& key, std::string& id,
                     FeedPosition* position);
  // An entry of the stream `key`. One that cannot be read is reported, and has no fields.
  absl::StatusOr<StreamEntry> ReadEntry(const std::string& key, const Reply& reply);
  // Of all observers at once.
  void ReadObservers();
  void FinishRead(const absl::Status& status);
  void Read();
  absl::Status Take(const Reply& reply);
  absl::Status TakeStream(const Reply& reply);
  // FLUSHALL closes no connection, and leaves a feed that just stays silent.
  void CheckHistory();
  absl::Status TakeHistory(const Reply& reply);

  Link& feed_;
  Link& bulk_;
  const FleetIdentity& identity_;
  const Clock& clock_;
  const Logger& logger_;
  BrokenKeys& broken_;
  const std::string feed_key_;
  const std::string beats_key_;
  const std::string history_key_;

  // On the thread of Redis.
  BulkObserver bulk_observer_{*this};
  std::map<std::string, FeedObserver*, std::less<>> observers_;  // By kind.
  std::vector<FeedObserver*> all_;
  std::function<void()> begins_anew_;
  bool unreadable_ = false;  // An answer was, before the connection was lost.
  uint64_t round_ = 0;       // Answers of an earlier one are of no use any more.
  size_t open_reads_ = 0;
  std::string feed_id_;
  std::string beats_id_;
  FeedPosition followed_;

  // Written on the thread of Redis. Without a lock: each pick reads them.
  std::atomic<bool> synced_{false};
  std::atomic<bool> synced_once_{false};
  std::atomic<MonotonicTime> heard_{MonotonicTime()};  // When the feed answered last.

  mutable std::mutex mutex_;
  Position shown_;  // followed_'s.
};

}  // namespace srsproxy::redis
