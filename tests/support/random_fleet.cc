#include "tests/support/random_fleet.h"

#include <ostream>

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "controlplane/services/convert.h"
#include "controlplane/services/origin_convert.h"
#include "controlplane/services/stream_convert.h"
#include "tests/support/change_overrides.h"

namespace srsproxy {
namespace {

constexpr int kStreams = 40;
constexpr int kServers = 6;

std::string Text(v1::Origin origin) {
  origin.clear_load();
  origin.clear_heartbeat_time();
  origin.clear_source();
  return origin.DebugString();
}

std::string Text(v1::Stream stream) {
  stream.clear_publishers();
  stream.clear_viewers();
  return stream.DebugString();
}

}  // namespace

void Fleet::Log(const OriginEvent& event) {
  using Kind = OriginEvent::Kind;
  const auto kind = event.kind == Kind::kJoined ? LoggedEvent::Kind::kOriginAdded
                    : event.kind == Kind::kLeft ? LoggedEvent::Kind::kOriginRemoved
                                                : LoggedEvent::Kind::kOriginChanged;
  log.AddOriginEvent(kind, event.origin, event.reason);
}

void FleetActor::Act() {
  const int what = Any(10);
  if (what < 3) {
    Claim();
  } else if (what < 4) {
    if (sessions_.empty()) return;
    sessions_[static_cast<size_t>(Any(static_cast<int>(sessions_.size())))]->MarkLive();
  } else if (what < 6) {
    End();
  } else if (what < 8) {
    ChangeStream();
  } else {
    ChangeOrigins();
  }
}

StreamKey FleetActor::AnyKey() { return {"v.io", "live", absl::StrCat("s", Any(kStreams))}; }

std::string FleetActor::AnyOrigin() {
  const auto known = fleet_.origins.snapshot()->origins;
  if (known.empty()) return "nobody-s0-1";
  return known[static_cast<size_t>(Any(static_cast<int>(known.size())))]->id;
}

// Of the mapping of `key`, mostly.
uint64_t FleetActor::AnyVersion(const StreamKey& key) {
  const auto mapping = fleet_.streams.Find(key);
  return mapping && Any(4) > 0 ? mapping->version : static_cast<uint64_t>(Any(2));
}

void FleetActor::Claim() {
  ClaimRequest request;
  request.key = AnyKey();
  request.origin_id = AnyOrigin();
  request.role = Any(2) == 0 ? Role::kPublisher : Role::kViewer;
  if (Any(3) == 0) request.replaces_version = AnyVersion(request.key);
  request.inherits = Any(2) == 0;
  fleet_.streams.Claim(request, [this](absl::StatusOr<ClaimOutcome> outcome) {
    if (outcome.ok()) sessions_.push_back(std::move(outcome->hold));
  });
}

void FleetActor::End() {
  if (sessions_.empty()) return;
  const auto at = sessions_.begin() + Any(static_cast<int>(sessions_.size()));
  sessions_.erase(at);
}

void FleetActor::ChangeStream() {
  const StreamKey key = AnyKey();
  switch (Any(4)) {
    case 0:
      fleet_.streams.Release(key, AnyVersion(key), Any(2) == 0, [](const auto&) {});
      return;
    case 1:
      fleet_.streams.Pin({key, absl::StrCat("vid-", Any(kServers))}, [](const auto&) {});
      return;
    case 2:
      fleet_.streams.Unpin(key, [](const auto&) {});
      return;
    default:
      MoveRequest move;
      move.key = key;
      move.origin_id = AnyOrigin();
      move.expected_version = AnyVersion(key);
      fleet_.streams.Move(move, [](const auto&) {});
  }
}

void FleetActor::ChangeOrigins() {
  const std::string server = absl::StrCat("vid-", Any(kServers));
  const auto lease = [this] {
    return leases_[static_cast<size_t>(Any(static_cast<int>(leases_.size())))];
  };
  switch (Any(8)) {
    case 0:
      if (!leases_.empty()) (void)fleet_.origins.DeregisterLease(lease());
      return;
    case 1:
      if (!leases_.empty()) (void)fleet_.origins.Heartbeat(lease(), {});
      return;
    case 2:
      (void)UpdateOverrides(fleet_.origins, server, [this](OriginOverrides& overrides) {
        overrides.admin_state = static_cast<AdminState>(Any(3));
        overrides.weight = 1 + Any(3);
      });
      return;
    case 3:
      fleet_.origins.ReportConnect(AnyOrigin(),
                                   Any(2) == 0 ? ConnectOutcome::kOk : ConnectOutcome::kRefused);
      return;
    case 4:
      fleet_.clock.Advance(absl::Seconds(Any(40)));
      fleet_.origins.Tick();
      return;
    default: {
      OriginRegistration registration;
      registration.ip = absl::StrCat("10.0.0.", 1 + Any(kServers));
      registration.server = server;
      registration.service = absl::StrCat("s", Any(2));
      registration.pid = "1";
      registration.rtmp = {{Transport::kTcp, "", 1935}};
      registration.weight = 1 + Any(2);
      const auto registered = fleet_.origins.Register(registration, "10.1.1.1");
      if (registered.ok()) leases_.push_back(registered->lease_id);
    }
  }
}

Picture Picture::Of(Fleet& fleet) {
  Picture picture;
  const auto origins = fleet.origins.snapshot();
  for (const auto& origin : origins->origins) {
    picture.origins[origin->id] = Text(control::ToProto(*origin));
  }
  std::string after;
  do {
    const auto page = fleet.streams.List(after, 7);
    for (const auto& mapping : page.mappings) {
      picture.streams[mapping.key.ToString()] = Text(control::ToProto(mapping));
    }
    after = page.next;
  } while (!after.empty());
  return picture;
}

void Picture::Apply(const v1::WatchResponse& message) {
  for (const auto& event : message.events()) {
    if (event.kind() == v1::EVENT_KIND_ORIGIN_REMOVED) {
      origins.erase(event.origin().id());
    } else if (event.kind() == v1::EVENT_KIND_STREAM_REMOVED) {
      streams.erase(event.stream().key());
    } else if (event.has_origin()) {
      origins[event.origin().id()] = Text(event.origin());
    } else {
      streams[event.stream().key()] = Text(event.stream());
    }
  }
}

Picture Picture::OnlyStream(const std::string& key) const {
  Picture left;
  if (const auto at = streams.find(key); at != streams.end()) left.streams.insert(*at);
  return left;
}

Picture Picture::OnlyOrigin(const std::string& id) const {
  Picture left;
  if (const auto at = origins.find(id); at != origins.end()) left.origins.insert(*at);
  const std::string line = absl::StrCat("origin_id: \"", id, "\"\nversion");
  for (const auto& stream : streams) {
    if (absl::StrContains(stream.second, line)) left.streams.insert(stream);
  }
  return left;
}

void PrintTo(const Picture& picture, std::ostream* out) {
  for (const auto& [id, text] : picture.origins) *out << text << '\n';
  for (const auto& [key, text] : picture.streams) *out << text << '\n';
}

}  // namespace srsproxy
