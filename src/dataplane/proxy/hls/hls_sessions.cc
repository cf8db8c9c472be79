#include "dataplane/proxy/hls/hls_sessions.h"

#include <algorithm>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "dataplane/core/session.h"
#include "dataplane/proxy/sessions/finish_session.h"

namespace srsproxy {
namespace {

constexpr size_t kMaxNames = 4;              // Contexts of one session.
constexpr size_t kMaxPlaylists = 8;          // Of one session: a variant, its audio, subtitles.
constexpr size_t kMaxKeptBytes = 16 * 1024;  // Of one playlist.

}  // namespace

class HlsSessions::Session final : public SessionTable::Session {
 public:
  struct Name {
    std::string text;
    std::string origin_id;  // That gave out the context in it.
  };
  struct Track {
    std::string path;
    std::string origin_id;
    hls::SequenceRewriter sequence;
    std::string kept;  // As it was handed out last.
    MonotonicTime kept_at;
  };

  explicit Session(HlsSessions& its_owner) : owner(its_owner) {}

  void Kick(absl::Status) override { owner.kicked_.push_back(this); }
  const SessionInfo& info() const override { return about; }

  Track* FindTrack(std::string_view path) {
    const auto at = std::find_if(tracks.begin(), tracks.end(), [path](const Track& track) {
      return track.path == Shortened(path);
    });
    return at == tracks.end() ? nullptr : &*at;
  }
  Track& TrackOf(std::string_view path, const std::string& origin_id) {
    if (Track* known = FindTrack(path)) return *known;
    if (tracks.size() == kMaxPlaylists) {
      owner.Forget(tracks.front().kept);
      tracks.erase(tracks.begin());
    }
    return tracks.emplace_back(Track{std::string(Shortened(path)), origin_id, {}, {}, {}});
  }

  HlsSessions& owner;
  SessionInfo about;
  std::string server;
  MonotonicTime started;
  MonotonicTime touched;
  bool kicked = false;
  std::string context;
  std::string former_origin_id;
  std::vector<Name> names;  // By which by_name_ knows it.
  std::vector<Track> tracks;
  std::shared_ptr<StreamLease> lease;
  std::optional<SessionTable::Place> place;
};

HlsSessions::HlsSessions(const Clock& clock, const Logger& logger, Metrics& metrics,
                         WorkerMetrics& counters, HlsSessionOptions options)
    : clock_(clock),
      logger_(logger),
      metrics_(metrics),
      counters_(counters),
      options_(options),
      table_(net::asio::any_io_executor()) {}

HlsSessions::~HlsSessions() = default;

HlsSessions::View HlsSessions::Find(const HlsViewerKey& viewer, std::string_view path) {
  const std::string name = NameOf(viewer, viewer.context);
  const std::lock_guard lock(mutex_);
  Session* session = Touch(name);
  if (session == nullptr) return {};
  View view{.known = true,
            .kicked = session->kicked,
            .origin_id = session->about.origin_id,
            .former_origin_id = session->former_origin_id,
            .context = session->context,
            .viewer_origin_id = {}};
  for (const Session::Name& known : session->names) {
    if (known.text == name) view.viewer_origin_id = known.origin_id;
  }
  if (const auto* track = session->FindTrack(path)) {
    view.polls_path = true;
    view.renumbered = track->sequence.moved();
  }
  return view;
}

absl::Status HlsSessions::KickedStatus() {
  return ProxyFailure(absl::StatusCode::kNotFound, "this session was ended");
}

std::optional<hls::PlaylistNumbers> HlsSessions::Serve(const HlsViewerKey& viewer,
                                                       Playlist handed) {
  // A lease is let go of without the lock.
  std::shared_ptr<StreamLease> former;
  Leases released;
  const std::lock_guard lock(mutex_);
  std::string name = NameOf(viewer, viewer.context);
  Session* session = Touch(name);
  if (session == nullptr && viewer.context.empty() && !handed.context.empty()) {
    name = NameOf(viewer, handed.context);
    session = Touch(name);
  }
  if (session == nullptr) {
    if (sessions_.size() >= options_.max_sessions) {
      metrics_.limit_rejections.Increment(LimitReason::kMaxSessions);
      End(sessions_.front(), Side::kProxy,
          ProxyFailure(absl::StatusCode::kResourceExhausted, "too many viewers of HLS"), released);
      EraseOldest();
    }
    session = &Begin(viewer, std::move(name), handed);
  }
  if (session->kicked) return std::nullopt;
  former = std::exchange(session->lease, std::move(handed.lease));
  // Whose stream was placed elsewhere meanwhile holds nothing: its next request is placed anew.
  session->lease->MarkLive([held = std::weak_ptr(session->lease)](const absl::Status& status) {
    const auto lease = held.lock();
    if (lease != nullptr && absl::IsAborted(status)) lease->Refused();
  });
  if (session->about.origin_id != handed.origin_id) {
    session->former_origin_id = std::exchange(session->about.origin_id, handed.origin_id);
    session->server = handed.server;
  }
  if (!handed.context.empty() && session->context != handed.context) {
    session->context = handed.context;
    AddName(*session, NameOf(viewer, handed.context), handed.origin_id);
  }
  if (handed.content.kind != hls::PlaylistKind::kMedia) return std::nullopt;
  Session::Track& track = session->TrackOf(handed.path, handed.origin_id);
  if (track.origin_id != handed.origin_id) {
    track.origin_id = handed.origin_id;
    track.sequence.OriginChanged();
  }
  return track.sequence.Next(handed.content);
}

void HlsSessions::Keep(const HlsViewerKey& viewer, std::string_view path, std::string_view text) {
  const std::string name = NameOf(viewer, viewer.context);
  const std::lock_guard lock(mutex_);
  const auto at = by_name_.find(name);
  auto* track = at == by_name_.end() ? nullptr : at->second->FindTrack(path);
  if (track == nullptr) return;
  Forget(track->kept);
  if (text.size() > kMaxKeptBytes || kept_bytes_ + text.size() > options_.max_kept_bytes) return;
  track->kept = text;
  track->kept_at = clock_.Now();
  kept_bytes_ += text.size();
}

std::optional<std::string> HlsSessions::Kept(const HlsViewerKey& viewer,
                                             std::string_view path) const {
  const std::string name = NameOf(viewer, viewer.context);
  const std::lock_guard lock(mutex_);
  const auto at = by_name_.find(name);
  const auto* track = at == by_name_.end() ? nullptr : at->second->FindTrack(path);
  if (track == nullptr || track->kept.empty()) return std::nullopt;
  const MonotonicTime latest = clock_.Now() - absl::ToChronoNanoseconds(options_.bridge);
  if (track->kept_at < latest) return std::nullopt;
  return track->kept;
}

void HlsSessions::Forget(std::string& kept) {
  kept_bytes_ -= kept.size();
  kept.clear();
}

void HlsSessions::AddBytes(const HlsViewerKey& viewer, uint64_t out) {
  const std::string name = NameOf(viewer, viewer.context);
  const std::lock_guard lock(mutex_);
  Session* session = Touch(name);
  if (session == nullptr) return;
  session->about.bytes_out += out;
  if (session->lease != nullptr) session->lease->MediaPassed();
}

void HlsSessions::Tick() {
  Leases released;
  const std::lock_guard lock(mutex_);
  const MonotonicTime latest = clock_.Now() - absl::ToChronoNanoseconds(options_.silence);
  while (!sessions_.empty() && sessions_.front().touched <= latest) {
    End(sessions_.front(), Side::kClient, absl::OkStatus(), released);
    EraseOldest();
  }
}

SessionTable::Page HlsSessions::List(const SessionFilter& filter, std::string_view after,
                                     size_t limit) const {
  const std::lock_guard lock(mutex_);
  return table_.List(filter, after, limit);
}

StreamAudience HlsSessions::AudienceOf(const StreamKey& key) const {
  const std::lock_guard lock(mutex_);
  return table_.AudienceOf(key);
}

std::vector<SessionInfo> HlsSessions::Kick(const SessionFilter& filter, size_t limit,
                                           const absl::Status& why) {
  if (!filter.not_origin_id.empty()) return {};
  Leases released;
  const std::lock_guard lock(mutex_);
  auto infos = table_.Kick(filter, limit, why);
  for (Session* session : std::exchange(kicked_, {})) {
    End(*session, SideOf(why), why, released);
    session->kicked = true;
  }
  return infos;
}

void HlsSessions::EndAll(const absl::Status& why) {
  Leases released;
  const std::lock_guard lock(mutex_);
  while (!sessions_.empty()) {
    End(sessions_.front(), SideOf(why), why, released);
    EraseOldest();
  }
}

size_t HlsSessions::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

HlsSessions::Session* HlsSessions::Touch(const std::string& name) {
  const auto at = by_name_.find(name);
  if (at == by_name_.end()) return nullptr;
  at->second->touched = clock_.Now();
  sessions_.splice(sessions_.end(), sessions_, at->second);
  return &*at->second;
}

HlsSessions::Session& HlsSessions::Begin(const HlsViewerKey& viewer, std::string name,
                                         const Playlist& handed) {
  Session& session = sessions_.emplace_back(*this);
  const MonotonicTime now = clock_.Now();
  session.about = {.id = NewSessionId(),
                   .protocol = Protocol::kHls,
                   .role = Role::kViewer,
                   .key = viewer.key,
                   .origin_id = handed.origin_id,
                   .client = viewer.client,
                   .started_at = clock_.WallNow(),
                   .media_flows = true};
  session.server = handed.server;
  session.started = session.touched = now;
  session.context = handed.context;
  AddName(session, std::move(name), handed.origin_id);
  session.place.emplace(table_, session);
  session.place->List();
  counters_.SessionStarted(Protocol::kHls, Role::kViewer);
  metrics_.first_byte.Observe(Protocol::kHls, Role::kViewer, handed.elapsed);
  return session;
}

void HlsSessions::AddName(Session& session, std::string name, std::string origin_id) {
  // The first stays: by that one the player requests its playlists.
  if (session.names.size() == kMaxNames) {
    by_name_.erase(session.names[1].text);
    session.names.erase(session.names.begin() + 1);
  }
  if (!by_name_.emplace(name, std::prev(sessions_.end())).second) return;
  session.names.push_back({std::move(name), std::move(origin_id)});
}

void HlsSessions::End(Session& session, Side side, const absl::Status& why, Leases& released) {
  if (session.kicked) return;
  for (Session::Track& track : session.tracks) Forget(track.kept);
  session.tracks.clear();
  session.place.reset();
  released.push_back(std::move(session.lease));
  FinishSession(session.about, session.server, clock_.Now() - session.started, side, why,
                {logger_, metrics_, counters_});
}

void HlsSessions::EraseOldest() {
  for (const Session::Name& name : sessions_.front().names) by_name_.erase(name.text);
  sessions_.pop_front();
}

}  // namespace srsproxy
