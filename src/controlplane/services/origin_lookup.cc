#include "controlplane/services/origin_lookup.h"

#include <algorithm>
#include <vector>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"
#include "dataplane/core/text.h"

namespace srsproxy::control {
namespace {

// As many as fit into an error's metadata, whole.
constexpr size_t kMaxCandidates = 10;
constexpr size_t kMaxListBytes = 230;

std::string ListOf(const std::vector<std::string>& candidates) {
  std::string list = candidates.front();
  size_t listed = 1;
  for (; listed < std::min(candidates.size(), kMaxCandidates); ++listed) {
    if (list.size() + candidates[listed].size() > kMaxListBytes) break;
    absl::StrAppend(&list, ", ", candidates[listed]);
  }
  const size_t more = candidates.size() - listed;
  if (more > 0) absl::StrAppend(&list, ", and ", more, " more");
  return list;
}

absl::Status Ambiguous(std::string_view text, const std::vector<std::string>& candidates) {
  const std::string list = ListOf(candidates);
  return CallError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_AMBIGUOUS_ORIGIN,
                   absl::StrCat(Quoted(text), " may be any of ", list, "; write one of them"),
                   {{"origin", text}, {"candidates", list}});
}

absl::StatusOr<std::vector<OriginName>> FindNames(const OriginRegistry& origins,
                                                  std::string_view field, std::string_view text) {
  if (text.empty()) return InvalidField(field, "is needed");
  if (!IsPrintableUtf8(text)) return InvalidField(field, "is not printable text");
  auto names = MatchOrigins(*origins.snapshot(), origins.overrides().Servers(), text);
  if (!names.empty()) return names;
  return CallError(absl::StatusCode::kNotFound, v1::ERROR_REASON_ORIGIN_NOT_FOUND,
                   absl::StrCat("no origin is known here whose server, device_id or id is, or "
                                "begins with, ",
                                Quoted(text), "; ListOrigins tells which are"),
                   {{"origin_id", text}});
}

}  // namespace

absl::Status OriginNotFound(std::string_view origin_id) {
  return CallError(absl::StatusCode::kNotFound, v1::ERROR_REASON_ORIGIN_NOT_FOUND,
                   absl::StrCat("no origin ", Quoted(origin_id),
                                " is registered here; ListOrigins tells which are"),
                   {{"origin_id", origin_id}});
}

absl::StatusOr<std::string> FindServer(const OriginRegistry& origins, std::string_view field,
                                       std::string_view text) {
  const auto names = FindNames(origins, field, text);
  if (!names.ok()) return names.status();
  std::vector<std::string> servers;
  for (const auto& name : *names) {
    if (servers.empty() || servers.back() != name.server) servers.push_back(name.server);
  }
  if (servers.size() > 1) return Ambiguous(text, servers);
  return servers.front();
}

absl::StatusOr<OriginName> FindOrigin(const OriginRegistry& origins, std::string_view field,
                                      std::string_view text) {
  auto names = FindNames(origins, field, text);
  if (!names.ok()) return names.status();
  if (names->size() == 1) return names->front();
  std::vector<std::string> candidates;
  for (const auto& name : *names) {
    candidates.push_back(name.origin_id.empty() ? name.server : name.origin_id);
  }
  return Ambiguous(text, candidates);
}

absl::StatusOr<std::shared_ptr<const Origin>> FindRegistered(OriginRegistry& origins,
                                                             std::string_view field,
                                                             std::string_view text) {
  const auto names = FindNames(origins, field, text);
  if (!names.ok()) return names.status();
  const auto snapshot = origins.CurrentSnapshot();
  std::vector<std::shared_ptr<const Origin>> found;
  for (const auto& name : *names) {
    const auto some = OriginsOf(*snapshot, name);
    found.insert(found.end(), some.begin(), some.end());
  }
  if (found.empty()) return OriginNotFound(text);
  if (found.size() == 1) return found.front();
  std::vector<std::string> ids;
  for (const auto& origin : found) ids.push_back(origin->id);
  return Ambiguous(text, ids);
}

}  // namespace srsproxy::control
