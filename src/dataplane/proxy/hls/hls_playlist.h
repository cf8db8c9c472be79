// One request for a playlist of HLS: fetched from the origin that holds the stream, and changed so
// that what it leads to comes back here, wherever the stream may move meanwhile.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/protocol/hls/playlist.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/hls/hls_needs.h"
#include "dataplane/proxy/hls/hls_origin.h"
#include "dataplane/proxy/hls/hls_sessions.h"
#include "dataplane/proxy/hls/hls_viewer_key.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/http/http_exchange.h"
#include "dataplane/proxy/sessions/session_context.h"

namespace srsproxy {

// Used on its worker only.
class HlsPlaylist final : public HttpExchange {
 public:
  // `needs` and `client` outlive it.
  HlsPlaylist(const HlsNeeds& needs, HttpClient& client, http::RequestHead request, StreamKey key);

  net::Task<bool> Run() override;

 private:
  // What an origin has answered with.
  struct Page {
    std::string target;  // As it was requested.
    http::ResponseHead head;
    std::unique_ptr<const std::string> body;
    hls::Playlist playlist{};  // Views the body; of a status of 200.
  };

  // The whole answer to the client.
  net::Task<std::string> MakeAnswer();
  // The playlist that is to be handed out, or an answer other than 200.
  net::Task<absl::StatusOr<Page>> GetPage();
  net::Task<absl::StatusOr<Page>> ReadPage(std::string target, http::ResponseHead head);
  // A player that has requested a media playlist cannot use a master playlist: after a move the new
  // origin answers with one, for it does not know the player yet. This is where that leads to.
  net::Task<absl::StatusOr<Page>> Follow(const Page& master);
  std::string TargetAt(const std::string& origin_id) const;
  std::vector<std::string> OwnAuthorities() const;
  absl::StatusOr<std::string> Rewrite(const Page& page);

  // Each is a whole answer.
  std::string Failed(const absl::Status& why) const;
  std::string ServePlaylist(http::Fields fields, std::string_view playlist) const;
  std::string Write(unsigned status, std::string_view reason, http::Fields fields,
                    std::string_view body) const;

  const HlsNeeds& needs_;
  const SessionContext& context_;
  HttpClient& client_;
  const http::RequestHead request_;
  const std::string path_;
  const HlsViewerKey viewer_;
  const MonotonicTime began_;
  HlsOrigin origin_;
  HlsSessions::View session_;
  std::string target_;  // The target at the origin that answers.
};

}  // namespace srsproxy
