// Brings streams together whose viewers, or mapping, are apart from their live publisher. That
// takes a lease that ended at the wrong moment, or an operator's force; left alone it lasts as long
// as the publisher does, and nobody who comes sees the stream.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/session_evictor.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// The publisher stays where it is, the mapping goes to it, and viewers elsewhere are ended, at the
// rate of the SessionEvictor. Only a publisher on an origin that is no longer known is ended
// itself.
class MisplacedStreams {
 public:
  // All outlive it, but for questions to `sessions` that have not been answered.
  struct Dependencies {
    const Clock& clock;
    const Logger& logger;
    const OriginRegistry& origins;
    StreamDirectory& streams;
    SessionControl& sessions;
    SessionEvictor& evictor;
  };

  explicit MisplacedStreams(Dependencies dependencies) : dependencies_(dependencies) {}

  // The stream may be apart: it is looked at. False: too many are. Any thread; calls nobody.
  bool Suspect(const StreamKey& key);

  // Call it about ten times a second, on the thread of the SessionEvictor.
  void Tick();

  // Any thread: while a stream is apart, the origin of its live publisher; and how many are.
  std::optional<std::string> PublisherOf(const StreamKey& key) const;
  size_t size() const;
  // Any thread: what is being done about a stream that is apart, a sentence for people; else empty.
  std::string Explain(const StreamKey& key) const;

 private:
  struct Answer {
    StreamKey key;
    Role role = Role::kPublisher;  // Whose sessions these are.
    // Of the mapping when they were listed; 0: it had no live publisher then. A publisher that
    // is still looking for its origin is seen on one that it has tried in vain.
    uint64_t version = 0;
    std::vector<SessionInfo> sessions;
  };
  // Answers come on any thread, and may come when nobody waits for them any more.
  struct Answers {
    std::mutex mutex;
    std::vector<Answer> list;
  };

  void ListSessions(const StreamKey& key, SessionFilter filter, uint64_t version);
  void ListPublishers(const StreamKey& key);
  void ListMisplacedViewers(const StreamKey& key, const std::string& origin_id);
  void SettlePublishers(const Answer& answer, const OriginSnapshot& origins);
  void SettleMisplacedViewers(const Answer& answer);
  void BringTogether(const StreamMapping& mapping, const SessionInfo& publisher,
                     const OriginSnapshot& origins);
  void LookAgain(const StreamKey& key);
  // Whether it was apart.
  bool IsApart(const StreamKey& key) const;
  void Forget(const StreamKey& key);

  const Dependencies dependencies_;
  const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  size_t unanswered_ = 0;                                // Of the Tick's thread, as is:
  std::set<std::pair<MonotonicTime, StreamKey>> again_;  // When which are looked at again.

  mutable std::mutex mutex_;  // Guards all below.
  absl::flat_hash_set<StreamKey> suspects_;
  absl::flat_hash_map<StreamKey, std::string> apart_;  // With the origin of the publisher.
};

}  // namespace srsproxy
