#include "dataplane/balance/registration_contests.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

namespace srsproxy {
namespace {

// One registrant that comes from ever new sources is not to fill the memory.
constexpr size_t kMaxRegistrants = 16;
constexpr size_t kMaxContests = 1024;

// Whether both are one party to a contest for `subject`: by their ids where they want an address,
// by where they are where they have one id.
bool IsSame(std::string_view subject, const Registrant& a, const Registrant& b) {
  if (a.origin_id != b.origin_id) return false;
  return a.origin_id != subject || (a.address == b.address && a.source == b.source);
}

void Include(RegistrationContest& contest, const Registrant& registrant) {
  auto& all = contest.registrants;
  const auto known = std::find_if(all.begin(), all.end(), [&](const Registrant& other) {
    return IsSame(contest.subject, other, registrant);
  });
  if (known != all.end()) {
    *known = registrant;
  } else if (all.size() < kMaxRegistrants) {
    all.push_back(registrant);
  }
  std::sort(all.begin(), all.end());
}

}  // namespace

std::string RegistrationContest::Describe() const {
  const bool one_id = registrants.front().origin_id == subject;
  std::vector<std::string> parties;
  bool one_address = true;
  for (const Registrant& registrant : registrants) {
    one_address &= registrant.address == registrants.front().address;
    parties.push_back(one_id
                          ? absl::StrCat("at ", registrant.address, " from ", registrant.source)
                          : absl::StrCat("as ", registrant.origin_id, " from ", registrant.source));
  }
  return absl::StrCat(
      one_id ? "origin " : "RTMP address ", subject, " is registered in turn ",
      absl::StrJoin(parties, " and "), ": ",
      !one_id ? "let only one of them register it; an agent beside SRS's own heartbeat has to "
                "register SRS's server, service and pid, from the same address"
      : one_address ? "let only one of them register it, or all from one address"
                    : "give each SRS a server id file of its own");
}

RegistrationContests::Verdict RegistrationContests::TakenOver(const Registrant& winner,
                                                              const Registrant& loser,
                                                              absl::Duration interval,
                                                              MonotonicTime now) {
  Tick(now);
  const std::string& subject =
      winner.origin_id == loser.origin_id ? winner.origin_id : winner.address;
  const MonotonicTime over_at = now + absl::ToChronoNanoseconds(std::max(kQuiet, 3 * interval));
  if (takeovers_.size() >= kMaxTakeovers) takeovers_.pop_front();
  takeovers_.push_back({subject, winner, loser, over_at});

  auto at = contests_.find(subject);
  if (at == contests_.end()) {
    const bool returns =
        std::any_of(takeovers_.begin(), takeovers_.end(), [&](const Takeover& past) {
          return past.subject == subject && IsSame(subject, past.loser, winner);
        });
    if (!returns) return Verdict::kMove;
    if (contests_.size() >= kMaxContests) return Verdict::kContest;
    at = contests_.emplace(subject, Contest{{subject, {}, 0}, over_at, now}).first;
    for (const Takeover& past : takeovers_) {
      if (past.subject != subject) continue;
      ++at->second.about.takeovers;
      Include(at->second.about, past.loser);
      Include(at->second.about, past.winner);
    }
  } else {
    ++at->second.about.takeovers;
    Include(at->second.about, loser);
    Include(at->second.about, winner);
  }
  Contest& contest = at->second;
  contest.over_at = std::max(contest.over_at, over_at);
  if (now < contest.notice_at) return Verdict::kContest;
  contest.notice_at = now + absl::ToChronoNanoseconds(kNoticeInterval);
  return Verdict::kToNotice;
}

const RegistrationContest* RegistrationContests::Find(const Registrant& registrant) const {
  for (const std::string& subject : {registrant.origin_id, registrant.address}) {
    const auto at = contests_.find(subject);
    if (at != contests_.end()) return &at->second.about;
  }
  return nullptr;
}

std::vector<RegistrationContest> RegistrationContests::At(MonotonicTime now) const {
  std::vector<RegistrationContest> found;
  for (const auto& [subject, contest] : contests_) {
    if (now < contest.over_at) found.push_back(contest.about);
  }
  return found;
}

void RegistrationContests::Tick(MonotonicTime now) {
  std::erase_if(takeovers_, [now](const Takeover& past) { return now >= past.over_at; });
  std::erase_if(contests_, [now](const auto& entry) { return now >= entry.second.over_at; });
}

}  // namespace srsproxy
