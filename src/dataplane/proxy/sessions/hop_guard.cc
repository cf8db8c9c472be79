#include "dataplane/proxy/sessions/hop_guard.h"

#include <chrono>
#include <string>
#include <utility>

namespace srsproxy {
namespace {

constexpr auto kLogInterval = std::chrono::seconds(10);

}  // namespace

HopList HopsOf(const http::Fields& fields) {
  std::string all;
  for (auto [at, end] = fields.equal_range(kHopsField); at != end; ++at) {
    if (!all.empty()) all += ',';
    all.append(at->value().data(), at->value().size());
  }
  return HopList::FromText(all);
}

absl::Status HopGuard::Check(const HopList& hops, std::string_view client) {
  auto status = CheckHops(hops, own_);
  if (status.ok()) return status;
  ++unlogged_;
  const MonotonicTime now = clock_.Now();
  if (logged_ == MonotonicTime() || now - logged_ >= kLogInterval) {
    logged_ = now;
    logger_.Warn("loop refused", {{"client", client},
                                  {"why", MessageOf(status)},
                                  {"hops", static_cast<uint64_t>(hops.size())},
                                  {"refused", std::exchange(unlogged_, 0)}});
  }
  return status;
}

void HopGuard::Mark(http::Fields& fields, const HopList& hops) const {
  fields.set(kHopsField, Onward(hops).ToText());
}

}  // namespace srsproxy
