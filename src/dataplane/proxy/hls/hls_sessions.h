// The viewers of HLS, whose requests come over any connections to any workers: who they are, what
// they were served, and when they have left.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/session_control.h"
#include "dataplane/protocol/hls/playlist.h"
#include "dataplane/protocol/hls/sequence_rewriter.h"
#include "dataplane/proxy/hls/hls_viewer_key.h"
#include "dataplane/proxy/sessions/session_source.h"
#include "dataplane/proxy/sessions/session_table.h"

namespace srsproxy {

struct HlsSessionOptions {
  absl::Duration silence = absl::Seconds(30);  // After which a session has ended.
  size_t max_sessions = 100'000;               // Above, the ones silent for longest end.
  absl::Duration bridge = absl::Seconds(60);   // For which a playlist may be handed out again.
  size_t max_kept_bytes = size_t{64} << 20;    // Of playlists that may be.
};

// A session begins when a playlist is handed out. Thread-safe.
class HlsSessions final : public SessionSource {
 public:
  // All outlive it. `counters` are used by nobody else.
  HlsSessions(const Clock& clock, const Logger& logger, Metrics& metrics, WorkerMetrics& counters,
              HlsSessionOptions options = {});
  HlsSessions(const HlsSessions&) = delete;
  HlsSessions& operator=(const HlsSessions&) = delete;
  ~HlsSessions() override;

  // What a request has to know of its session.
  struct View {
    bool known = false;
    bool kicked = false;           // It gets nothing until it was silent.
    std::string origin_id;         // Where its playlists come from.
    std::string former_origin_id;  // Where they came from before; empty: nowhere else.
    std::string context;           // By which that origin knows it, in place of the viewer's.
    std::string viewer_origin_id;  // The origin that gave out the viewer's context.
    bool polls_path = false;       // It was handed the media playlist `path` before.
    bool renumbered = false;       // With other numbers than the origin's.
  };
  // `path`: of the playlist that is requested, or empty. A sign of life.
  View Find(const HlsViewerKey& viewer, std::string_view path);

  // What a kicked one is refused with.
  static absl::Status KickedStatus();

  // A playlist that an origin has answered with.
  struct Playlist {
    std::string_view path;
    const hls::Playlist& content;
    std::string context;  // By which the origin knows the viewer; empty: it does not.
    std::string origin_id;
    std::string server;
    std::unique_ptr<StreamLease> lease;
    absl::Duration elapsed;  // Since the request.
  };
  // It is now handed to `viewer`, whose session begins if there was none, and holds the lease from
  // now on. Returns the numbers that a media playlist is to have, as hls::SequenceRewriter.
  std::optional<hls::PlaylistNumbers> Serve(const HlsViewerKey& viewer, Playlist handed);

  // What has become of the playlist after Serve: kept, to be handed out again while a stream that
  // moves is on no origin, for players give up at an error.
  void Keep(const HlsViewerKey& viewer, std::string_view path, std::string_view text);
  // What was kept; nullopt: nothing, or too long ago.
  std::optional<std::string> Kept(const HlsViewerKey& viewer, std::string_view path) const;

  // Bytes to the viewer, if it has a session. A sign of life.
  void AddBytes(const HlsViewerKey& viewer, uint64_t out);

  // Ends sessions that have been silent for too long. Call it about once a second.
  void Tick();

  // SessionSource. Nobody is kicked for being on another origin than a stream: the next request
  // goes where the stream is.
  SessionTable::Page List(const SessionFilter& filter, std::string_view after,
                          size_t limit) const override;
  StreamAudience AudienceOf(const StreamKey& key) const override;
  std::vector<SessionInfo> Kick(const SessionFilter& filter, size_t limit,
                                const absl::Status& why) override;
  void EndAll(const absl::Status& why);

  size_t size() const;  // With those that were kicked and are not silent yet.

 private:
  class Session;
  using Position = std::list<Session>::iterator;
  using Leases = std::vector<std::shared_ptr<StreamLease>>;

  // The session of that name, now the last of sessions_; nullptr: there is none.
  Session* Touch(const std::string& name);
  void Forget(std::string& kept);
  Session& Begin(const HlsViewerKey& viewer, std::string name, const Playlist& handed);
  // To the last of sessions_.
  void AddName(Session& session, std::string name, std::string origin_id);
  // Counts and logs the end of a session; what it held is let go of with `released`.
  void End(Session& session, Side side, const absl::Status& why, Leases& released);
  void EraseOldest();

  const Clock& clock_;
  const Logger& logger_;
  Metrics& metrics_;
  WorkerMetrics& counters_;
  const HlsSessionOptions options_;
  mutable std::mutex mutex_;
  SessionTable table_;           // Those that go on.
  std::list<Session> sessions_;  // Silent for longest first.
  absl::flat_hash_map<std::string, Position> by_name_;
  std::vector<Session*> kicked_;  // By the Kick under way.
  size_t kept_bytes_ = 0;
};

}  // namespace srsproxy
