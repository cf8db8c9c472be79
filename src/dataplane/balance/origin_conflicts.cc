#include "dataplane/balance/origin_conflicts.h"

#include <algorithm>
#include <map>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

std::string SharedServer(std::string_view server, const std::vector<std::string_view>& addresses) {
  std::vector<absl::string_view> texts;
  for (const std::string_view address : addresses) texts.push_back(ToAbsl(address));
  return absl::StrCat("server ", Quoted(server), " is live at ", absl::StrJoin(texts, " and at "),
                      ": give each SRS a server id file of its own");
}

}  // namespace

Registrant RegistrantOf(const OriginEntry& entry) {
  return {entry.origin->id, entry.addresses.front(),
          entry.origin->permanent ? "" : entry.origin->source};
}

void OriginConflicts::OnRegistered(const OriginEntry& entry, MonotonicTime now) {
  const Origin& origin = *entry.origin;
  for (const std::string& id : table_.IdsOfServer(origin.registration.server)) {
    const OriginEntry& other = table_.At(id);
    if (id == origin.id || other.origin->permanent || !other.confirmed) continue;
    if (!IsLive(other, now)) continue;
    return Report(entry, entry.addresses.front(), other.addresses.front());
  }
}

bool OriginConflicts::OnTakeover(const OriginEntry& winner, const Registrant& loser,
                                 absl::Duration interval, MonotonicTime now) {
  Registrant registrant = RegistrantOf(winner);
  // Of several addresses, the one that they share, if they do.
  const auto& addresses = winner.addresses;
  if (std::find(addresses.begin(), addresses.end(), loser.address) != addresses.end()) {
    registrant.address = loser.address;
  }
  using Verdict = RegistrationContests::Verdict;
  const Verdict verdict = contests_.TakenOver(registrant, loser, interval, now);
  if (verdict == Verdict::kMove) return false;
  ++count_;
  const RegistrationContest* contest = contests_.Find(registrant);
  snapshots_.Emit({.kind = OriginEvent::Kind::kConflict,
                   .origin = winner.origin,
                   .reason = contest != nullptr ? contest->Describe() : "",
                   .repeated = verdict == Verdict::kContest});
  return true;
}

void OriginConflicts::Report(const OriginEntry& entry, std::string_view address,
                             std::string_view other_address) {
  ++count_;
  snapshots_.Emit({OriginEvent::Kind::kConflict, entry.origin,
                   SharedServer(entry.origin->registration.server, {address, other_address})});
}

std::vector<OriginConflict> OriginConflicts::At(MonotonicTime now) const {
  std::map<std::string_view, OriginConflict> by_server;
  for (const auto& [id, entry] : table_.entries()) {
    if (entry.origin->permanent || !entry.confirmed || !IsLive(entry, now)) continue;
    by_server[entry.origin->registration.server].origin_ids.push_back(id);
  }
  std::vector<OriginConflict> conflicts;
  for (auto& [server, conflict] : by_server) {
    if (conflict.origin_ids.size() < 2) continue;
    conflict.server = server;
    conflict.message = AtSeveralAddresses(conflict);
    conflicts.push_back(std::move(conflict));
  }
  AddContests(now, conflicts);
  return conflicts;
}

void OriginConflicts::AddContests(MonotonicTime now, std::vector<OriginConflict>& to) const {
  const OriginTable::Entries& entries = table_.entries();
  for (const RegistrationContest& contest : contests_.At(now)) {
    OriginConflict conflict;
    for (const Registrant& registrant : contest.registrants) {
      auto& ids = conflict.origin_ids;
      if (ids.empty() || ids.back() != registrant.origin_id) ids.push_back(registrant.origin_id);
      const auto at = entries.find(registrant.origin_id);
      if (at != entries.end()) conflict.server = at->second.origin->registration.server;
    }
    conflict.message = contest.Describe();
    conflict.takeovers = contest.takeovers;
    to.push_back(std::move(conflict));
  }
  std::stable_sort(to.begin(), to.end(),
                   [](const auto& a, const auto& b) { return a.server < b.server; });
}

std::string OriginConflicts::AtSeveralAddresses(const OriginConflict& conflict) const {
  std::vector<std::string_view> addresses;
  for (const std::string& id : conflict.origin_ids) {
    addresses.push_back(table_.At(id).addresses.front());
  }
  return SharedServer(conflict.server, addresses);
}

}  // namespace srsproxy
