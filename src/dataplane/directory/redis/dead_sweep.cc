#include "dataplane/directory/redis/dead_sweep.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/key_types.h"
#include "dataplane/directory/redis/stream_scripts.h"

namespace srsproxy::redis {

void DeadSweep::Tick() {
  const std::vector<std::string> dead = fleet_.TakeDead();
  // Whoever drives finds them again: they are announced as long as something is left of them.
  if (runs_ || dead.empty() || !fleet_.drives()) return;
  const bool goes_on = std::find(dead.begin(), dead.end(), proxy_) != dead.end();
  ReadUses(goes_on ? proxy_ : dead.front());
}

void DeadSweep::ReadUses(const std::string& proxy) {
  runs_ = true;
  if (std::exchange(proxy_, proxy) != proxy) cursor_ = "0";
  const std::string uses = scripts_.identity().keys.Make(KeyKind::kXUses, proxy);
  const std::string count = absl::StrCat(kAtOnce);
  const std::string_view read[] = {"SSCAN", uses, cursor_, "COUNT", count};
  link_.Call("sweep", read, [this](const absl::StatusOr<Reply>& reply) {
    runs_ = false;
    if (reply.ok()) return TakePage(*reply);
    if (absl::IsDataLoss(reply.status())) HealKeyType(scripts_, KeyKind::kXUses, proxy_);
  });
}

void DeadSweep::TakePage(const Reply& reply) {
  const auto parts = reply.AsArrayOf(2);
  const auto next = parts.ok() ? (*parts)[0].AsText() : parts.status();
  const auto keys = parts.ok() ? (*parts)[1].AsTexts() : parts.status();
  if (!next.ok() || !keys.ok()) return;
  const bool is_all = std::exchange(cursor_, std::string(*next)) == "0" && cursor_ == "0";
  if (!keys->empty()) return TakeBack(proxy_, *keys);
  if (is_all) fleet_.Swept(proxy_);
}

void DeadSweep::TakeBack(const std::string& proxy, std::span<const std::string_view> keys) {
  for (const std::string_view text : keys) {
    const auto key = ReadStreamKey(text);
    if (!key.has_value()) {
      const std::string uses = scripts_.identity().keys.Make(KeyKind::kXUses, proxy);
      const std::string_view remove[] = {"SREM", uses, text};
      link_.Call("sweep", remove, [](const absl::StatusOr<Reply>&) {});
      continue;
    }
    scripts_.Run("use", UseArguments(*key, {}, std::nullopt, max_streams_),
                 [](const absl::StatusOr<ScriptRunner::Answer>&) {},
                 {.proxy = proxy, .driver = fleet_.lease()});
  }
}

}  // namespace srsproxy::redis
