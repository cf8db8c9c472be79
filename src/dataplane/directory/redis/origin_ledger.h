// OriginLedger: the registrations as this proxy knows them of Redis, and which of them Redis is
// still to be told. What is written is made of it when it is sent, so nothing is lost or repeated
// while Redis is away. Without a lock or thread of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/origin_record.h"
#include "dataplane/directory/redis/ended_origins.h"
#include "dataplane/directory/redis/origin_scripts.h"

namespace srsproxy::redis {

class OriginLedger {
 public:
  // ---- What is decided here

  void Put(const OriginRecord& record);
  // Whose keys were alive until now.
  void End(std::string_view id, const OriginEnd& end);
  // It is shown no more; Redis keeps it as long as it does.
  void Hide(std::string_view id);

  struct Write {
    std::string id;
    std::optional<OriginRecord> record;  // Absent: it has ended.
    OriginEnd end = {};
    // In place of this revision alone: what has come there since is newer than what we say.
    std::optional<uint64_t> expected;
  };
  // At most `limit` that are to be written and are not on their way; they are from now on.
  std::vector<Write> TakeWrites(size_t limit);
  // The answer; nullopt: it has not been written, or nobody knows. Returns what another proxy wrote
  // meanwhile, and is in force now.
  std::optional<FedOrigin> Written(const std::string& id, std::optional<RegisterAnswer> answer);

  // ---- What Redis says

  // Whether it is in force now: a change that is newer than what is known, and that nothing of here
  // is to replace. One of `here` only has its revision noted.
  bool Take(const FedOrigin& fed, bool here);

  struct Found {
    std::vector<OriginRecord> put;     // New, or other than known.
    std::vector<std::string> removed;  // Known, and not there any more.
  };
  void BeginRead() { touched_.clear(); }
  // Everything was read: `origins` are all there are. What is missing although it has given a sign
  // of life here since `since` is to be written again; `keeps_missing`: so is nothing removed.
  Found TakeAll(std::map<std::string, KeptRecord, std::less<>> origins, MonotonicTime since,
                bool keeps_missing);

  // ---- Life

  // Of one that is known: it gave a sign of life, here or elsewhere. False: it is not known.
  bool Touch(std::string_view id, bool here, MonotonicTime now);
  // Its keys' TTL was refreshed, by whomever.
  void Refreshed(std::string_view id, MonotonicTime now);
  // Its keys' TTL is to be refreshed now, if it was not within `period`: it counts as done.
  bool TakeRefresh(std::string_view id, MonotonicTime now, absl::Duration period);
  // Its keys are gone, although it is alive: they are to be written.
  void Missing(std::string_view id);

  // ---- The picture

  // Null: it is not known, or has ended.
  const OriginRecord* Find(std::string_view id) const;
  std::vector<OriginRecord> Records() const;
  std::vector<std::string> Ids() const;  // Sorted.
  // At most `limit` from which no sign of life has come since `since`, in turn: each once in
  // `period`.
  std::vector<std::string> TakeQuiet(MonotonicTime since, MonotonicTime now, absl::Duration period,
                                     size_t limit);
  // Changes with Ids().
  uint64_t shape() const { return shape_; }
  // Whether Redis has all that was decided here.
  bool IsWritten() const { return to_write_ == 0 && on_their_way_ == 0; }

 private:
  struct Entry {
    std::optional<OriginRecord> record;  // Absent: it has ended, and Redis is to know.
    OriginEnd end = {};
    uint64_t revision = 0;  // As Redis has it.
    bool to_write = false;
    bool on_its_way = false;
    std::optional<FedOrigin> meanwhile = {};  // By another proxy, while ours was on its way.
    MonotonicTime heard = {};
    MonotonicTime heard_here = {};
    MonotonicTime refreshed = {};
    MonotonicTime looked_at = {};
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  // A change that gives way to one of another proxy: an end, or what comes after one.
  static bool GivesWay(const Entry& entry) { return !entry.record || entry.record->leaving; }
  // Of an end that was decided here another proxy had not heard: it is written again. False: it is
  // something else.
  bool EndAgain(const OriginRecord& record, uint64_t revision);
  void SetToWrite(Entry& entry, bool to_write);
  void SetOnItsWay(Entry& entry, bool on_its_way);
  void SetRecord(Entry& entry, std::optional<OriginRecord> record);
  void Erase(Entries::iterator at);
  void Apply(const FedOrigin& fed);
  void TakeFound(const std::string& id, KeptRecord kept, Found& found);

  Entries entries_;
  EndedOrigins ended_;
  uint64_t shape_ = 0;
  size_t to_write_ = 0;                         // Entries.
  size_t on_their_way_ = 0;                     // Entries.
  std::set<std::string, std::less<>> touched_;  // What changed since BeginRead.
};

}  // namespace srsproxy::redis
