#include "dataplane/directory/redis/origin_index.h"

#include <algorithm>
#include <memory>

namespace srsproxy::redis {
namespace {

constexpr size_t kAtOnce = 100;

// One part after the other: that all are named is true when they are.
void MendFrom(ScriptRunner& scripts, const std::shared_ptr<const std::vector<std::string>>& keys,
              size_t first, bool completes) {
  const size_t last = std::min(first + kAtOnce, keys->size());
  const bool is_last = last == keys->size();
  std::vector<std::string> arguments = {completes && is_last ? "1" : ""};
  arguments.insert(arguments.end(), keys->begin() + static_cast<ptrdiff_t>(first),
                   keys->begin() + static_cast<ptrdiff_t>(last));
  auto answered = [&scripts, keys, last, is_last,
                   completes](const absl::StatusOr<ScriptRunner::Answer>& answer) {
    // What fails is done when all is read again.
    if (answer.ok() && !is_last) MendFrom(scripts, keys, last, completes);
  };
  scripts.Run("origins", arguments, std::move(answered));
}

}  // namespace

void MendOriginIndex(ScriptRunner& scripts, const OriginsRead& read) {
  if (!read.is_index_new && read.indexed.empty()) return;
  MendFrom(scripts, std::make_shared<const std::vector<std::string>>(read.indexed), 0,
           read.is_index_new);
}

}  // namespace srsproxy::redis
