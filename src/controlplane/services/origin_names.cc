#include "controlplane/services/origin_names.h"

#include <algorithm>
#include <set>

namespace srsproxy::control {
namespace {

using Names = std::set<OriginName>;

// Those with an attribute for which `is_meant` is true. A server stands for all of its origins.
template <typename Predicate>
Names Match(const OriginSnapshot& snapshot, const std::vector<std::string>& servers,
            Predicate is_meant) {
  Names names;
  for (const std::string& server : servers) {
    if (is_meant(server)) names.insert({server, ""});
  }
  for (const auto& origin : snapshot.origins) {
    const OriginRegistration& known = origin->registration;
    if (is_meant(known.server) || is_meant(known.device_id)) {
      names.insert({known.server, ""});
    } else if (is_meant(origin->id)) {
      names.insert({known.server, origin->id});
    }
  }
  return names;
}

Names FindNames(const OriginSnapshot& snapshot, const std::vector<std::string>& servers,
                std::string_view text) {
  if (text.empty()) return {};
  if (const auto origin = snapshot.Find(text)) return {{origin->registration.server, origin->id}};
  const auto is_text = [text](std::string_view name) { return name == text; };
  const auto has_server = [is_text](const auto& origin) {
    return is_text(origin->registration.server);
  };
  if (std::any_of(servers.begin(), servers.end(), is_text) ||
      std::any_of(snapshot.origins.begin(), snapshot.origins.end(), has_server)) {
    return {{std::string(text), ""}};
  }
  Names exact = Match(snapshot, {}, is_text);
  if (!exact.empty()) return exact;
  return Match(snapshot, servers, [text](std::string_view name) { return name.starts_with(text); });
}

}  // namespace

std::vector<std::shared_ptr<const Origin>> OriginsOf(const OriginSnapshot& snapshot,
                                                     const OriginName& name) {
  std::vector<std::shared_ptr<const Origin>> found;
  for (const auto& origin : snapshot.origins) {
    if (origin->registration.server != name.server) continue;
    if (name.origin_id.empty() || name.origin_id == origin->id) found.push_back(origin);
  }
  return found;
}

std::vector<OriginName> MatchOrigins(const OriginSnapshot& snapshot,
                                     const std::vector<std::string>& servers,
                                     std::string_view text) {
  const Names names = FindNames(snapshot, servers, text);
  return {names.begin(), names.end()};
}

}  // namespace srsproxy::control
