#include "dataplane/proxy/hls/hls_playlist.h"

#include <utility>
#include <vector>

#include "dataplane/protocol/hls/rewrite.h"
#include "dataplane/protocol/hls/uri.h"
#include "dataplane/proxy/hls/fingerprint.h"
#include "dataplane/proxy/http/http_response.h"

namespace srsproxy {
namespace {

// The whole playlist is requested, as it is now and as text.
http::Fields RequestFields(const http::RequestHead& request) {
  http::Fields fields = http::EndToEnd(request.fields);
  for (const char* name : {"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since",
                           "If-Unmodified-Since", "Expect"}) {
    fields.erase(name);
  }
  fields.set("Accept-Encoding", "identity");
  return fields;
}

// What the origin declares of its playlist does not hold for the changed one.
http::Fields AnswerFields(const http::Fields& origins) {
  http::Fields fields = http::EndToEnd(origins);
  for (const char* name : {"ETag", "Last-Modified", "Accept-Ranges", "Content-Encoding",
                           "Content-MD5", "Digest", "Repr-Digest", "Content-Digest"}) {
    fields.erase(name);
  }
  return fields;
}

// Of a playlist that is handed out once more.
http::Fields KeptFields() {
  http::Fields fields;
  fields.set("Content-Type", "application/vnd.apple.mpegurl");
  fields.set("Cache-Control", "no-cache");
  fields.set("Access-Control-Allow-Origin", "*");
  return fields;
}

bool IsEncoded(const http::Fields& fields) {
  const std::string_view coding = http::ValueOf(fields, "Content-Encoding");
  return !coding.empty() && coding != "identity";
}

// RFC 9110 section 13.1.2. `tag` has its quotes.
bool HasTag(std::string_view if_none_match, std::string_view tag) {
  return if_none_match == "*" || if_none_match.find(tag) != std::string_view::npos;
}

}  // namespace

HlsPlaylist::HlsPlaylist(const HlsNeeds& needs, HttpClient& client, http::RequestHead request,
                         StreamKey key)
    : needs_(needs),
      context_(needs.upstream.context),
      client_(client),
      request_(std::move(request)),
      path_(http::PathOf(request_.target)),
      viewer_(HlsViewerKeyOf(request_, client, key)),
      began_(context_.clock.Now()),
      origin_(needs.upstream, client, request_, std::move(key), RequestFields(request_)) {}

net::Task<bool> HlsPlaylist::Run() {
  const std::string text = co_await MakeAnswer();
  if (client_.scope.cancelled()) co_return false;
  const auto sent = co_await SendToClient(client_, context_.worker, text);
  context_.counters.AddBytes(Protocol::kHls, Role::kViewer, Direction::kOut, text.size());
  needs_.sessions.AddBytes(viewer_, text.size());
  co_return sent.ok() && request_.keep_alive;
}

net::Task<std::string> HlsPlaylist::MakeAnswer() {
  session_ = needs_.sessions.Find(viewer_, path_);
  if (session_.kicked) co_return Failed(HlsSessions::KickedStatus());
  const auto page = co_await GetPage();
  if (!page.ok() || page->head.status >= 400) {
    const bool moves = !page.ok() || session_.origin_id != origin_.placement().origin->id;
    origin_.Refused();
    // Its encoder may come back on another origin.
    const auto kept = moves ? needs_.sessions.Kept(viewer_, path_) : std::nullopt;
    if (kept.has_value()) co_return ServePlaylist(KeptFields(), *kept);
  }
  if (!page.ok()) co_return Failed(page.status());
  if (page->head.status != 200) {
    co_return Write(page->head.status, page->head.reason, http::EndToEnd(page->head.fields),
                    *page->body);
  }
  auto rewritten = Rewrite(*page);
  if (!rewritten.ok()) co_return Failed(rewritten.status());
  if (page->playlist.kind == hls::PlaylistKind::kMedia) {
    needs_.sessions.Keep(viewer_, path_, *rewritten);
  }
  co_return ServePlaylist(AnswerFields(page->head.fields), *rewritten);
}

net::Task<absl::StatusOr<HlsPlaylist::Page>> HlsPlaylist::GetPage() {
  const auto target_at = [this](const std::string& origin_id) {
    return target_ = TargetAt(origin_id);
  };
  auto head = co_await origin_.Fetch("GET", target_at);
  if (!head.ok()) co_return head.status();
  auto page = co_await ReadPage(target_, *std::move(head));
  if (!page.ok() || page->head.status != 200) co_return page;
  const bool expects_media = session_.polls_path || !viewer_.context.empty();
  if (page->playlist.kind == hls::PlaylistKind::kMaster && expects_media) {
    co_return co_await Follow(*page);
  }
  co_return page;
}

net::Task<absl::StatusOr<HlsPlaylist::Page>> HlsPlaylist::ReadPage(std::string target,
                                                                   http::ResponseHead head) {
  auto body = co_await origin_.upstream_request().ReadBody(head, client_.config->handshake_timeout);
  if (!body.ok()) co_return body.status();
  Page page{std::move(target), std::move(head),
            std::make_unique<const std::string>(*std::move(body))};
  if (page.head.status != 200) co_return page;
  if (IsEncoded(page.head.fields)) co_return BadResponse("its playlist is compressed unasked");
  auto playlist = hls::ReadPlaylist(*page.body);
  if (!playlist.ok()) co_return playlist.status();
  if (playlist->kind == hls::PlaylistKind::kNone) co_return BadResponse("it is no playlist");
  page.playlist = *std::move(playlist);
  co_return page;
}

net::Task<absl::StatusOr<HlsPlaylist::Page>> HlsPlaylist::Follow(const Page& master) {
  const std::vector<std::string> own = OwnAuthorities();
  std::optional<std::string> target;
  for (const std::string_view variant : master.playlist.variants) {
    auto leads_to = hls::TargetOf(variant, http::PathOf(master.target), own);
    if (!leads_to.has_value()) continue;
    const bool same_path = http::PathOf(*leads_to) == path_;
    if (same_path || !target.has_value()) target = std::move(leads_to);
    if (same_path) break;
  }
  if (!target.has_value()) co_return BadResponse("its master playlist leads nowhere");
  auto head = co_await origin_.FetchAgain("GET", *target);
  if (!head.ok()) co_return head.status();
  auto page = co_await ReadPage(*target, *std::move(head));
  if (page.ok() && page->head.status == 200 && page->playlist.kind != hls::PlaylistKind::kMedia) {
    co_return BadResponse("its master playlist leads to another one");
  }
  co_return page;
}

std::string HlsPlaylist::TargetAt(const std::string& origin_id) const {
  std::string target = hls::WithoutId(request_.target);
  const bool moved = session_.known && session_.origin_id != origin_id;
  if (!moved && !session_.context.empty() && session_.context != viewer_.context) {
    target = hls::WithContext(target, session_.context);
  }
  if (session_.renumbered || moved) target = hls::WithoutDirectives(target);
  return target;
}

std::vector<std::string> HlsPlaylist::OwnAuthorities() const {
  const Endpoint& endpoint = origin_.placement().endpoint;
  return {request_.host, JoinHostPort(endpoint.host, endpoint.port)};
}

absl::StatusOr<std::string> HlsPlaylist::Rewrite(const Page& page) {
  const std::string id = Fingerprint(viewer_.key.ToString());
  needs_.index.PutHls(id, viewer_.key);
  // A context shows in the way that leads to the media playlist.
  std::string_view way = page.target;
  if (page.playlist.kind == hls::PlaylistKind::kMaster && !page.playlist.variants.empty()) {
    way = page.playlist.variants.front();
  }
  const Placement& placement = origin_.placement();
  HlsSessions::Playlist handed{.path = path_,
                               .content = page.playlist,
                               .context = std::string(hls::ContextOf(way).value_or("")),
                               .origin_id = placement.origin->id,
                               .server = placement.origin->registration.server,
                               .lease = origin_.TakeLease(),
                               .elapsed = absl::FromChrono(context_.clock.Now() - began_)};
  const auto numbers = needs_.sessions.Serve(viewer_, std::move(handed));
  const std::vector<std::string> own = OwnAuthorities();
  const std::string_view path = http::PathOf(page.target);
  return hls::RewritePlaylist(*page.body, page.playlist,
                              {.id = id,
                               .own_authorities = own,
                               .base_path = path == path_ ? std::string_view() : path,
                               .numbers = numbers});
}

std::string HlsPlaylist::ServePlaylist(http::Fields fields, std::string_view playlist) const {
  const std::string tag = "\"" + Fingerprint(playlist) + "\"";
  fields.set("ETag", tag);
  if (HasTag(http::ValueOf(request_.fields, "If-None-Match"), tag)) {
    fields.erase("Content-Type");
    return Write(304, "", std::move(fields), "");
  }
  return Write(200, "", std::move(fields), playlist);
}

std::string HlsPlaylist::Failed(const absl::Status& why) const {
  const unsigned status = HttpStatusOf(why);
  context_.counters.CountHttpResponse(Protocol::kHls, status);
  context_.logger.Debug("playlist not served", {{"client", client_.address},
                                                {"stream", viewer_.key.ToString()},
                                                {"status", status},
                                                {"side", ToName(SideOf(why))},
                                                {"error", MessageOf(why)}});
  return WriteForAnySite(ErrorResponse(status, MessageOf(why)), request_);
}

std::string HlsPlaylist::Write(unsigned status, std::string_view reason, http::Fields fields,
                               std::string_view body) const {
  context_.counters.CountHttpResponse(Protocol::kHls, status);
  if (status == 204 || status == 304) {
    fields.erase("Content-Length");
  } else {
    fields.set("Content-Length", std::to_string(body.size()));
  }
  AllowOtherSites(fields, request_);
  fields.set("Connection", request_.keep_alive ? "keep-alive" : "close");
  std::string text = http::WriteResponseHead(status, reason, fields);
  if (request_.method != "HEAD") text += body;
  return text;
}

}  // namespace srsproxy
