#include "dataplane/directory/redis/script_runner.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/script_sources.h"

namespace srsproxy::redis {

std::vector<Script> AllScripts() {
  const std::string common(script_sources::kCommon);
  const std::string about_streams = common + std::string(script_sources::kStream);
  const auto script = [](std::string name, const std::string& before, std::string_view source) {
    return Script(std::move(name), before + std::string(source));
  };
  return {script("claim", about_streams, script_sources::kClaim),
          script("use", about_streams, script_sources::kUse),
          script("move", about_streams, script_sources::kMove),
          script("release", about_streams, script_sources::kRelease),
          script("pin", common, script_sources::kPin),
          script("register", common, script_sources::kRegister),
          script("decide", common, script_sources::kDecide),
          script("origins", common, script_sources::kOrigins),
          script("heal", common, script_sources::kHeal),
          script("settle", common, script_sources::kSettle),
          script("mappings", common, script_sources::kMappings)};
}

void ScriptRunner::Run(std::string_view script, std::span<const std::string> arguments, Done done,
                       Caller caller) {
  const std::string driver = caller.driver == 0 ? "" : absl::StrCat(caller.driver);
  std::string history;
  {
    const std::lock_guard lock(mutex_);
    history = absl::StrCat(identity_.history, " ", known_history_);
  }
  std::vector<std::string_view> all = {identity_.keys.prefix(),
                                       caller.proxy.empty() ? identity_.proxy : caller.proxy,
                                       history, driver};
  all.insert(all.end(), arguments.begin(), arguments.end());
  auto answered = [this, done = std::move(done)](absl::StatusOr<Reply> reply) mutable {
    if (!reply.ok()) return done(reply.status());
    done(Read(*reply));
  };
  link_.Run(script, {}, all, std::move(answered));
}

absl::StatusOr<ScriptRunner::Answer> ScriptRunner::Read(const Reply& reply) {
  const auto items = reply.AsArrayOf(3);
  if (!items.ok()) return items.status();
  const auto history = (*items)[0].AsText();
  if (!history.ok()) return history.status();
  const auto what = (*items)[1].AsText();
  if (!what.ok()) return what.status();
  const auto healed = (*items)[2].AsTexts();
  if (!healed.ok()) return healed.status();
  for (const std::string_view key : *healed) broken_.ReportRemoved(std::string(key));
  {
    const std::lock_guard lock(mutex_);
    known_history_ = std::string(*history);
  }
  if (history_observer_ != nullptr) history_observer_(*history);
  if (*what == "outdated") {
    return absl::FailedPreconditionError("another proxy drives the fleet by now");
  }
  return Answer{*what, items->subspan(3)};
}

}  // namespace srsproxy::redis
