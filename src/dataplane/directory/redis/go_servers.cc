#include "dataplane/directory/redis/go_servers.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/key_replies.h"
#include "dataplane/directory/redis/origin_reader.h"
#include "dataplane/protocol/redis/go_records.h"

namespace srsproxy::redis {
namespace {

constexpr char kListRemedy[] = "none is needed: the proxy that drives writes it anew";
constexpr char kScannedAtOnce[] = "200";

}  // namespace

void GoServers::Tick() {
  // Who has not read everything would write a list that lacks most.
  if (!needs_.fleet.drives() || !needs_.store.HearsAll() || busy_.exchange(true)) return;
  ReadList();
}

void GoServers::BeginStep(std::function<void()> next) {
  open_parts_ = 1;
  next_ = std::move(next);
}

void GoServers::EndPart() {
  if (--open_parts_ != 0) return;
  const auto next = std::exchange(next_, nullptr);
  next();
}

// ---- The list

void GoServers::ReadList() {
  const std::string key = needs_.keys.Make(KeyKind::kAllServers);
  const std::string last = absl::StrCat(kMaxGoServerListBytes);
  const std::string_view command[] = {"GETRANGE", key, "0", last};
  needs_.link.Call("get", command, [this](const absl::StatusOr<Reply>& reply) {
    const auto text = TextOf(reply);
    if (IsUnanswered(reply)) {
      written_.reset();
      busy_ = false;
      return;
    }
    BeginStep([this] { WriteList(); });
    if (!text.ok() || !written_.has_value() || *text != *written_) TakeList(text);
    EndPart();
  });
}

// Somebody else wrote it.
void GoServers::TakeList(const absl::StatusOr<std::string_view>& text) {
  scan_wanted_ = true;
  written_.reset();
  is_list_ = false;
  listed_.clear();
  if (text.ok() && text->empty()) return;
  const auto keys = text.ok() ? ParseGoServerList(*text)
                              : absl::StatusOr<std::vector<std::string>>(text.status());
  if (!keys.ok()) {
    return needs_.store.broken_keys().Report(needs_.keys.Make(KeyKind::kAllServers),
                                             MessageOf(keys.status()), kListRemedy);
  }
  is_list_ = true;
  for (const std::string& key : *keys) {
    const auto id = needs_.keys.NameIn(KeyKind::kServer, key);
    if (!id.has_value() || !listed_.emplace(*id).second) {
      is_list_ = false;
    } else {
      AddUnknown(*id);
    }
  }
}

void GoServers::WriteList() {
  BeginStep([this] { Scan("0"); });
  const uint64_t shape = needs_.store.shape();
  const std::vector<std::string> ids = needs_.store.Ids();
  const std::set<std::string, std::less<>> known(ids.begin(), ids.end());
  // In another order it is as good: Go proxies add at its end.
  const bool is_right =
      written_.has_value() ? shape == written_shape_ : is_list_ && listed_ == known;
  if (!is_right) {
    std::vector<std::string> keys;
    keys.reserve(ids.size());
    for (const std::string& id : ids) keys.push_back(needs_.keys.Make(KeyKind::kServer, id));
    std::string text = FormatGoServerList(keys);
    const std::string key = needs_.keys.Make(KeyKind::kAllServers);
    const std::string_view command[] = {"SET", key, text};
    BeginPart();
    needs_.link.Call("set", command, [this, shape, text](const absl::StatusOr<Reply>& reply) {
      if (reply.ok()) {
        written_ = text;
        written_shape_ = shape;
      }
      EndPart();
    });
  }
  EndPart();
}

// ---- Servers that the list lacks

bool GoServers::IsScanDue() const {
  const MonotonicTime now = needs_.clock.Now();
  if (now - scan_ended_ >= absl::ToChronoNanoseconds(kScanPeriod)) return true;
  return scan_wanted_ && now - scan_ended_ >= kScanShare * (scan_ended_ - scan_began_);
}

void GoServers::Scan(const std::string& cursor) {
  if (cursor == "0") {
    if (!IsScanDue()) return LookAtQuiet();
    scan_wanted_ = false;
    scan_began_ = needs_.clock.Now();
  }
  const std::string pattern = needs_.keys.Pattern(KeyKind::kServer);
  const std::string_view command[] = {"SCAN", cursor, "MATCH", pattern, "COUNT", kScannedAtOnce};
  needs_.link.Call("scan", command,
                   [this](const absl::StatusOr<Reply>& reply) { OnScanned(reply); });
}

void GoServers::OnScanned(const absl::StatusOr<Reply>& reply) {
  BeginStep([this] { LookAtQuiet(); });
  const auto parts =
      reply.ok() ? reply->AsArrayOf(2) : absl::StatusOr<std::span<const Reply>>(reply.status());
  if (parts.ok()) {
    const auto cursor = (*parts)[0].AsText();
    const auto found = (*parts)[1].AsTexts();
    if (cursor.ok() && *cursor != "0") {
      BeginStep([this, at = std::string(*cursor)] { Scan(at); });
    }
    if (found.ok()) {
      for (const std::string_view key : *found) {
        if (const auto id = needs_.keys.NameIn(KeyKind::kServer, key)) AddUnknown(*id);
      }
    }
  }
  scan_ended_ = needs_.clock.Now();
  EndPart();
}

void GoServers::AddUnknown(std::string_view id) {
  if (needs_.store.Find(id).has_value()) return;
  BeginPart();
  auto read = [this](const std::optional<KeptRecord>& kept) {
    // One that a srsproxy registered is unknown because it was silent for too long.
    if (kept.has_value() && IsOfGo(kept->record)) needs_.store.AddFound(*kept, /*alive=*/false);
    EndPart();
  };
  ReadOneOrigin(needs_.link, needs_.keys, needs_.store.broken_keys(), std::string(id),
                std::move(read));
}

// ---- Heartbeats that go to Go proxies

void GoServers::LookAtQuiet() {
  BeginStep([this] { busy_ = false; });
  for (const std::string& id : needs_.store.TakeQuiet(kQuiet, kLookPeriod, kLooksAtOnce)) {
    const std::string key = needs_.keys.Make(KeyKind::kServer, id);
    const std::string last = absl::StrCat(kMaxOriginBytes);
    const std::string_view command[] = {"GETRANGE", key, "0", last};
    BeginPart();
    needs_.link.Call("get", command, [this, id](const absl::StatusOr<Reply>& reply) {
      OnServer(id, reply);
      EndPart();
    });
  }
  std::erase_if(updated_, [this](const auto& seen) {
    return updated_.size() > 2 * kLooksAtOnce && !needs_.store.Find(seen.first).has_value();
  });
  EndPart();
}

void GoServers::OnServer(const std::string& id, const absl::StatusOr<Reply>& reply) {
  const auto text = TextOf(reply);
  if (!text.ok()) return;
  const auto record = needs_.store.Find(id);
  if (!record.has_value()) return;
  if (text->empty()) {
    // One that a srsproxy registered has its own TTL, and its silence.
    if (IsOfGo(*record)) needs_.store.AddEnd(id);
    updated_.erase(id);
    return;
  }
  const auto server = ParseGoServer(*text);
  if (!server.ok()) return;
  const auto [seen, is_first] = updated_.emplace(id, server->updated_at);
  // By its writer's clock: that it changes says that it is written.
  if (!is_first && std::exchange(seen->second, server->updated_at) != server->updated_at) {
    needs_.store.AddBeat(id);
  }
}

}  // namespace srsproxy::redis
