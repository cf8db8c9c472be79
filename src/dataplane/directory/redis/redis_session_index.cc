#include "dataplane/directory/redis/redis_session_index.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/core/text.h"
#include "dataplane/core/vhost_policy.h"
#include "dataplane/directory/redis/key_replies.h"
#include "dataplane/protocol/redis/go_records.h"

namespace srsproxy::redis {
namespace {

constexpr char kRemedy[] = "remove it: players' next requests name the stream by their path";

bool IsId(std::string_view id) {
  return !id.empty() && id.size() <= RedisSessionIndex::kMaxIdBytes && IsPrintableUtf8(id);
}

std::string UrlOf(const StreamKey& key) {
  return absl::StrCat("http://", key.vhost, "/", key.app, "/", key.stream, ".m3u8");
}

}  // namespace

std::optional<StreamKey> RedisSessionIndex::TakeDue(HlsIds::Entry& entry) {
  const MonotonicTime now = clock_.Now();
  const bool is_written = entry.written != MonotonicTime();
  if (is_written && now - entry.written < absl::ToChronoNanoseconds(kRenew)) return std::nullopt;
  entry.written = now;
  return entry.key;
}

void RedisSessionIndex::PutHls(std::string id, const StreamKey& key) {
  if (!IsId(id)) return;
  std::optional<StreamKey> due;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    due = TakeDue(ids_.Put(id, key, clock_.Now()));
  }
  if (due.has_value()) Write(id, *due);
}

void RedisSessionIndex::Write(const std::string& id, const StreamKey& key) {
  const std::string value =
      FormatGoHls({.spbhid = id, .stream_url = key.ToString(), .full_url = UrlOf(key)});
  const std::string seconds = absl::StrCat(absl::ToInt64Seconds(kHlsIdLifetime));
  for (const std::string& name :
       {keys_.Make(KeyKind::kSpbhid, id), keys_.Make(KeyKind::kHls, key.ToString())}) {
    const std::string_view command[] = {"SET", name, value, "EX", seconds};
    link_.Call("hls", command, [this, id](const absl::StatusOr<Reply>& reply) {
      if (reply.ok()) return;
      const std::lock_guard lock(mutex_);
      ids_.SetUnwritten(id);
    });
  }
}

void RedisSessionIndex::FindHls(std::string id, FoundCallback done) {
  std::optional<StreamKey> found;
  std::optional<StreamKey> due;
  std::optional<uint64_t> open;
  if (IsId(id)) {
    const std::lock_guard lock(mutex_);
    if (HlsIds::Entry* const entry = ids_.Find(id, clock_.Now())) {
      found = entry->key;
      if (!stopped_) due = TakeDue(*entry);
    } else if (!stopped_ && open_.size() < kMaxOpen) {
      open = next_open_++;
      open_.emplace(*open, std::move(done));
    }
  }
  if (due.has_value()) Write(id, *due);
  if (!open.has_value()) return done(std::move(found));
  const std::string name = keys_.Make(KeyKind::kSpbhid, id);
  const std::string last = absl::StrCat(kMaxGoRecordBytes);
  const std::string_view command[] = {"GETRANGE", name, "0", last};
  link_.Call("hls", command, [this, number = *open, id](const absl::StatusOr<Reply>& reply) {
    OnRead(number, id, reply);
  });
}

std::optional<StreamKey> RedisSessionIndex::ReadKey(const std::string& id,
                                                    const absl::StatusOr<Reply>& reply) {
  const auto report = [&](const absl::Status& status) {
    broken_.Report(keys_.Make(KeyKind::kSpbhid, id), MessageOf(status), kRemedy);
    return std::nullopt;
  };
  if (IsUnanswered(reply)) return std::nullopt;
  const auto text = TextOf(reply);
  if (!text.ok()) return report(text.status());
  if (text->empty()) return std::nullopt;
  const auto hls = ParseGoHls(*text);
  if (!hls.ok()) return report(hls.status());
  auto key = StreamKeyFromText(hls->stream_url, VhostPolicy());
  if (!key.ok()) return report(key.status());
  return *std::move(key);
}

void RedisSessionIndex::OnRead(uint64_t number, const std::string& id,
                               const absl::StatusOr<Reply>& reply) {
  std::optional<StreamKey> key = ReadKey(id, reply);
  // A refused call is answered inline, on a thread that may be within another answer.
  std::unique_lock answering(answering_mutex_, std::defer_lock);
  if (reply.ok()) answering.lock();
  std::optional<StreamKey> due;
  FoundCallback done;
  {
    const std::lock_guard lock(mutex_);
    const auto open = open_.find(number);
    if (open == open_.end()) return;
    done = std::move(open->second);
    open_.erase(open);
    // That it is used here is to be known, too: it lives on.
    if (key.has_value()) due = TakeDue(ids_.Put(id, *key, clock_.Now()));
  }
  if (due.has_value()) Write(id, *due);
  done(std::move(key));
}

void RedisSessionIndex::Stop() {
  std::map<uint64_t, FoundCallback> open;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    open.swap(open_);
  }
  for (auto& [number, done] : open) done(std::nullopt);
  const std::lock_guard wait_for_what_runs(answering_mutex_);
}

size_t RedisSessionIndex::size() const {
  const std::lock_guard lock(mutex_);
  return ids_.size();
}

}  // namespace srsproxy::redis
