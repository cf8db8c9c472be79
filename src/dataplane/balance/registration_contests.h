// RegistrationContests: finds sources that take each other's place as an origin, in turn: an agent
// beside SRS's own heartbeat, or two SRS that register one address or one id. Without a clock or
// lock of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"

namespace srsproxy {

// Who registered what.
struct Registrant {
  std::string origin_id;
  std::string address;  // Where RTMP is dialled, host:port.
  std::string source;   // The address, without port, that the registration came from.

  friend bool operator==(const Registrant&, const Registrant&) = default;
  friend auto operator<=>(const Registrant&, const Registrant&) = default;
};

// What several registrants want for themselves.
struct RegistrationContest {
  std::string subject;                  // What they share: an address, or an origin's id.
  std::vector<Registrant> registrants;  // Two or more, sorted.
  uint64_t takeovers = 0;               // As far as they are known to be of this contest.
  std::string Describe() const;         // Who fights, and what to do.
};

// A place that changes hands once was left, as when SRS is started anew: who had it does not come
// back. So a contest begins when one who had lost the place takes it again.
class RegistrationContests {
 public:
  // The shortest time without a takeover after which a contest is over.
  static constexpr absl::Duration kQuiet = absl::Minutes(1);
  // The shortest time between two notices of one contest.
  static constexpr absl::Duration kNoticeInterval = absl::Minutes(1);
  static constexpr size_t kMaxTakeovers = 4096;  // That are remembered; the oldest go first.

  enum class Verdict : uint8_t {
    kMove,      // No contest.
    kContest,   // It is part of one.
    kToNotice,  // The same, and it was not reported within the last minute.
  };
  // `winner` has taken the place of `loser`. Both share the address or the id. `interval`: the
  // longer of their heartbeat intervals; the contest is over after 3 of them without a takeover.
  Verdict TakenOver(const Registrant& winner, const Registrant& loser, absl::Duration interval,
                    MonotonicTime now);

  // The one that `registrant` takes part in, for its id or its address; nullptr: in none.
  const RegistrationContest* Find(const Registrant& registrant) const;
  // Those that go on, sorted by subject.
  std::vector<RegistrationContest> At(MonotonicTime now) const;
  // Forgets what is over.
  void Tick(MonotonicTime now);

 private:
  struct Takeover {
    std::string subject;
    Registrant winner;
    Registrant loser;
    MonotonicTime over_at;  // When it means nothing any more.
  };
  struct Contest {
    RegistrationContest about;
    MonotonicTime over_at;
    MonotonicTime notice_at;  // Not before.
  };

  std::deque<Takeover> takeovers_;                        // Oldest first.
  std::map<std::string, Contest, std::less<>> contests_;  // By subject.
};

}  // namespace srsproxy
