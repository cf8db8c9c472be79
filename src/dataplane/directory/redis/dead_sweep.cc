#include "dataplane/directory/redis/dead_sweep.h"

#include <optional>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/stream_scripts.h"

namespace srsproxy::redis {

void DeadSweep::Tick() {
  const std::vector<std::string> dead = fleet_.TakeDead();
  // Whoever drives finds them again: they are announced as long as something is left of them.
  if (runs_ || dead.empty() || !fleet_.drives()) return;
  ReadUses(dead.front());
}

void DeadSweep::ReadUses(const std::string& proxy) {
  runs_ = true;
  const std::string uses = scripts_.identity().keys.Make(KeyKind::kXUses, proxy);
  const std::string count = absl::StrCat(kAtOnce);
  const std::string_view read[] = {"SRANDMEMBER", uses, count};
  link_.Call("sweep", read, [this, proxy](const absl::StatusOr<Reply>& reply) {
    runs_ = false;
    const auto keys = reply.ok() ? reply->AsTexts() : reply.status();
    if (!keys.ok()) return;
    if (keys->empty()) return fleet_.Swept(proxy);
    TakeBack(proxy, *keys);
  });
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
