#include "dataplane/directory/redis/go_scan.h"

#include <utility>

#include "dataplane/directory/redis/go_mappings.h"
#include "dataplane/directory/redis/stream_scripts.h"

namespace srsproxy::redis {
namespace {

// Redis looks at as many keys of any kind for a page.
constexpr char kAtOnce[] = "200";

}  // namespace

void GoScan::Tick() {
  pages_left_ = kPagesAtOnce;
  if (asking_) return;
  const MonotonicTime now = clock_.Now();
  if (cursor_.empty()) {
    if (begun_ != MonotonicTime() && now - begun_ < absl::ToChronoNanoseconds(kInterval)) return;
    begun_ = now;
    cursor_ = "0";
  }
  AskForPage();
}

void GoScan::AskForPage() {
  asking_ = true;
  --pages_left_;
  const std::string pattern = scripts_.identity().keys.Pattern(KeyKind::kUrl);
  const std::string_view scan[] = {"SCAN", cursor_, "MATCH", pattern, "COUNT", kAtOnce};
  scripts_.link().Call("scan", scan, [this](const absl::StatusOr<Reply>& reply) {
    asking_ = false;
    if (reply.ok()) return TakePage(*reply);
    cursor_.clear();
  });
}

void GoScan::TakePage(const Reply& reply) {
  const auto parts = reply.AsArrayOf(2);
  const auto next = parts.ok() ? (*parts)[0].AsText() : parts.status();
  const auto found = parts.ok() ? (*parts)[1].AsTexts() : parts.status();
  cursor_ = next.ok() && *next != "0" ? std::string(*next) : "";
  if (!cursor_.empty() && pages_left_ > 0) AskForPage();
  if (!found.ok() || found->empty()) return;
  std::vector<StreamKey> streams;
  for (const std::string_view key : *found) {
    const auto name = scripts_.identity().keys.NameIn(KeyKind::kUrl, key);
    const auto stream = name.has_value() ? ReadStreamKey(*name) : std::optional<StreamKey>();
    if (stream.has_value()) streams.push_back(*stream);
  }
  // One that is provisional elsewhere is not known here, and stays so.
  auto find = [this](const StreamKey& key) { return streams_.Find(key); };
  LookAtMappings(scripts_, std::move(streams), std::move(find), differs_);
}

}  // namespace srsproxy::redis
