#include "tools/srsproxyctl/commands/origin_selector.h"

#include <functional>
#include <string>
#include <utility>

#include "srsproxy/v1/origin_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/pages.h"

namespace srsproxy::ctl {
namespace {

constexpr size_t kListedCandidates = 10;

using Candidates = std::vector<std::reference_wrapper<const v1::Origin>>;

template <typename Predicate>
Candidates Matching(const std::vector<v1::Origin>& origins, Predicate matches) {
  Candidates candidates;
  for (const v1::Origin& origin : origins) {
    const v1::OriginRegistration& registration = origin.registration();
    if (matches(origin.id()) || matches(registration.server()) ||
        matches(registration.device_id())) {
      candidates.emplace_back(origin);
    }
  }
  return candidates;
}

absl::Status Ambiguous(const Candidates& candidates, std::string_view selector) {
  std::string message = "origin '" + std::string(selector) + "' is ambiguous; write one of these:";
  for (size_t i = 0; i < candidates.size() && i < kListedCandidates; ++i) {
    message += "\n  " + candidates[i].get().id();
  }
  if (candidates.size() > kListedCandidates) {
    message += "\n  … and " + std::to_string(candidates.size() - kListedCandidates) + " more";
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace

absl::StatusOr<v1::Origin> SelectOrigin(const std::vector<v1::Origin>& origins,
                                        std::string_view selector) {
  if (selector.empty()) return absl::InvalidArgumentError("ORIGIN is empty");
  for (const v1::Origin& origin : origins) {
    if (origin.id() == selector) return origin;
  }
  Candidates candidates =
      Matching(origins, [selector](const std::string& text) { return text == selector; });
  if (candidates.empty()) {
    candidates = Matching(
        origins, [selector](const std::string& text) { return text.starts_with(selector); });
  }
  if (candidates.empty()) {
    return absl::NotFoundError(
        "no origin is registered whose server, device_id or id is, or "
        "begins with, '" +
        std::string(selector) + "'; srsproxyctl origin list shows them");
  }
  if (candidates.size() > 1) return Ambiguous(candidates, selector);
  return candidates.front().get();
}

absl::StatusOr<v1::Origin> FindOrigin(Client& client, std::string_view selector) {
  std::vector<v1::Origin> origins;
  const auto collect = [&origins](v1::ListOriginsResponse& page) {
    for (v1::Origin& origin : *page.mutable_origins()) origins.push_back(std::move(origin));
  };
  if (absl::Status listed =
          ForEachPage<v1::OriginService>(client, &v1::OriginService::StubInterface::ListOrigins,
                                         v1::ListOriginsRequest(), collect);
      !listed.ok()) {
    return listed;
  }
  return SelectOrigin(origins, selector);
}

absl::StatusOr<std::string> FindOriginId(Client& client, std::string_view selector) {
  if (selector.empty()) return std::string();
  const auto origin = FindOrigin(client, selector);
  if (!origin.ok()) return origin.status();
  return origin->id();
}

}  // namespace srsproxy::ctl
