#include "dataplane/directory/redis/go_mappings.h"

#include <string>
#include <string_view>
#include <utility>

namespace srsproxy::redis {
namespace {

// Bytes of an origin's id, for common.lua.
constexpr size_t kMaxId = 512;

// `value`: of srs-proxy-url:{key}; "": there is none.
bool Differs(const Keys& keys, std::string_view value, const std::optional<StreamMapping>& known) {
  // The script that looks at it removes it.
  if (value.size() > kMaxId) return true;
  const auto written = keys.NameIn(KeyKind::kServer, value);
  // What no proxy writes is looked at by who uses the stream.
  return known.has_value() ? written != known->origin_id : written.has_value();
}

}  // namespace

void LookAtMappings(ScriptRunner& scripts, std::vector<StreamKey> streams, FindMapping find,
                    std::function<void(const StreamKey&)> differs) {
  if (streams.empty()) return;
  std::vector<std::string> names;
  names.reserve(streams.size());
  for (const StreamKey& key : streams) names.push_back(key.ToString());
  auto compare = [&scripts, streams = std::move(streams), find = std::move(find),
                  differs = std::move(differs)](const absl::StatusOr<ScriptRunner::Answer>& read) {
    if (!read.ok() || read->rest.empty()) return;
    const auto values = read->rest[0].AsTexts();
    if (!values.ok() || values->size() != streams.size()) return;
    for (size_t i = 0; i < streams.size(); ++i) {
      if (Differs(scripts.identity().keys, (*values)[i], find(streams[i]))) differs(streams[i]);
    }
  };
  scripts.Run("mappings", names, std::move(compare));
}

}  // namespace srsproxy::redis
