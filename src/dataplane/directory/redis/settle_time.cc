#include "dataplane/directory/redis/settle_time.h"

#include <iterator>
#include <string_view>
#include <utility>

namespace srsproxy::redis {
namespace {

constexpr uint64_t kTicksBetweenLooks = 10;

}  // namespace

void SettleTime::Tick() {
  const bool is_due = ticks_++ % kTicksBetweenLooks == 0;
  if (asks_) return;
  if (holds_) return Ask(/*is_back=*/false);
  if (!is_due) return;
  asks_ = true;
  const std::string key = needs_.scripts.identity().keys.Make(KeyKind::kXSettle);
  const std::string_view exists[] = {"EXISTS", key};
  needs_.link.Call("settle", exists, [this](const absl::StatusOr<Reply>& found) {
    asks_ = false;
    if (found.ok() && found->AsInteger().value_or(0) == 1) Ask(/*is_back=*/false);
  });
}

void SettleTime::Ask(bool is_back) {
  asks_ = true;
  const std::string written = is_back ? "" : needs_.written();
  if (is_back) writes_since_.reset();
  std::vector<std::string> arguments = {is_back ? "1" : "0", written,
                                        IsWriting(written) ? "1" : "0"};
  std::vector<std::string> proxies = needs_.proxies();
  arguments.insert(arguments.end(), std::make_move_iterator(proxies.begin()),
                   std::make_move_iterator(proxies.end()));
  needs_.scripts.Run("settle", arguments,
                     [this](const absl::StatusOr<ScriptRunner::Answer>& answer) {
                       asks_ = false;
                       if (!answer.ok()) return;
                       holds_ = answer->what == "settles";
                       if (!holds_) writes_since_.reset();
                     });
}

bool SettleTime::IsWriting(const std::string& written) {
  if (!written.empty()) return false;
  const MonotonicTime now = needs_.clock.Now();
  if (!writes_since_.has_value()) writes_since_ = now;
  return now - *writes_since_ < absl::ToChronoNanoseconds(kWriting);
}

}  // namespace srsproxy::redis
