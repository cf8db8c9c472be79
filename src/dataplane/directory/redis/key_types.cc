#include "dataplane/directory/redis/key_types.h"

#include <string>
#include <vector>

namespace srsproxy::redis {
namespace {

void Add(const Keys& keys, KeyKind kind, std::string_view name,
         std::vector<std::string>& arguments) {
  arguments.push_back(keys.Make(kind, name));
  arguments.emplace_back(ToName(TypeOf(kind)));
}

void Run(ScriptRunner& scripts, const std::vector<std::string>& arguments) {
  // What fails is done the next time.
  scripts.Run("heal", arguments, [](const absl::StatusOr<ScriptRunner::Answer>&) {});
}

}  // namespace

void HealKeyTypes(ScriptRunner& scripts) {
  const FleetIdentity& identity = scripts.identity();
  std::vector<std::string> arguments;
  for (const auto& [kind, name] : kEnumTable<KeyKind>) {
    if (!IsOurs(kind)) continue;
    if (!HasName(kind)) Add(identity.keys, kind, "", arguments);
    const bool is_by_proxy = kind == KeyKind::kXProxy || kind == KeyKind::kXUses;
    if (is_by_proxy) Add(identity.keys, kind, identity.proxy, arguments);
  }
  Run(scripts, arguments);
}

void HealKeyType(ScriptRunner& scripts, KeyKind kind, std::string_view name) {
  std::vector<std::string> arguments;
  Add(scripts.identity().keys, kind, name, arguments);
  Run(scripts, arguments);
}

}  // namespace srsproxy::redis
