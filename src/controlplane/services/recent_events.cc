#include "controlplane/services/recent_events.h"

#include <limits>
#include <utility>

#include <absl/functional/function_ref.h>
#include <google/protobuf/util/time_util.h>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/event_filter.h"
#include "controlplane/services/page.h"
#include "controlplane/services/watch_token.h"

namespace srsproxy::control {
namespace {

constexpr size_t kReadAtATime = 1'000;
constexpr size_t kFullBytes = 2 << 20;  // Clients take 4 MiB by default.

// Latest first, from before `before`, until `visit` returns false.
void ForEachBefore(const EventLog& log, uint64_t before,
                   absl::FunctionRef<bool(const LoggedEvent&)> visit) {
  while (true) {
    const auto events = log.ReadBefore(before, kReadAtATime);
    if (events.empty()) return;
    for (const auto& event : events) {
      if (!visit(*event)) return;
    }
    before = events.back()->sequence;
  }
}

absl::StatusOr<absl::Time> SinceOf(const v1::ListEventsRequest& request) {
  using google::protobuf::util::TimeUtil;
  if (!request.has_since()) return absl::InfinitePast();
  const auto& since = request.since();
  if (since.seconds() < TimeUtil::kTimestampMinSeconds ||
      since.seconds() > TimeUtil::kTimestampMaxSeconds || since.nanos() < 0 ||
      since.nanos() > 999'999'999) {
    return InvalidField("since", "is no valid time");
  }
  return absl::FromUnixSeconds(since.seconds()) + absl::Nanoseconds(since.nanos());
}

}  // namespace

absl::StatusOr<v1::ListEventsResponse> RecentEvents::List(const v1::ListEventsRequest& request,
                                                          const VhostPolicy& vhosts) const {
  const auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  const auto before = Before(page->after);
  if (!before.ok()) return before.status();
  const auto since = SinceOf(request);
  if (!since.ok()) return since.status();
  EventFilter filter;
  if (auto status = filter.SetStream(request.stream(), vhosts); !status.ok()) return status;
  if (!request.origin().empty()) filter.SetOrigins(OriginIds(request.origin()));

  v1::ListEventsResponse response;
  if (const auto oldest = log_.OldestTime()) *response.mutable_oldest_time() = ToProto(*oldest);
  size_t bytes = 0;
  ForEachBefore(log_, *before, [&](const LoggedEvent& event) {
    if (event.time < *since || !filter.Matches(event)) return true;
    const auto listed = static_cast<size_t>(response.events_size());
    if (listed < page->size && bytes < kFullBytes) {
      auto& message = *response.add_events();
      message = encoder_.ToProto(event);
      bytes += message.ByteSizeLong();
      return true;
    }
    const uint64_t last = response.events(response.events_size() - 1).sequence();
    response.set_next_page_token(
        MakePageToken(MakeWatchToken({encoder_.proxy_id(), log_.epoch(), last})));
    return false;
  });
  return response;
}

absl::flat_hash_set<std::string> RecentEvents::OriginIds(const std::string& origin) const {
  absl::flat_hash_set<std::string> ids = {origin};
  const auto add = [&](const Origin& known) {
    if (known.registration.server == origin) ids.insert(known.id);
  };
  const auto snapshot = origins_.snapshot();
  for (const auto& known : snapshot->origins) add(*known);
  ForEachBefore(log_, std::numeric_limits<uint64_t>::max(), [&](const LoggedEvent& event) {
    if (event.origin != nullptr) add(*event.origin);
    return true;
  });
  return ids;
}

absl::StatusOr<uint64_t> RecentEvents::Before(const std::string& page_position) const {
  if (page_position.empty()) return std::numeric_limits<uint64_t>::max();
  const auto position = ParseWatchToken(page_position);
  if (!position.ok() || position->epoch != log_.epoch() ||
      position->proxy_id != encoder_.proxy_id()) {
    return InvalidPageToken();
  }
  return position->sequence;
}

}  // namespace srsproxy::control
