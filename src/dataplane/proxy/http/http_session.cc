#include "dataplane/proxy/http/http_session.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include <absl/cleanup/cleanup.h>

#include "dataplane/net/time_left.h"
#include "dataplane/protocol/hls/uri.h"
#include "dataplane/protocol/http/body_reader.h"
#include "dataplane/protocol/srs_api/json_text.h"
#include "dataplane/protocol/srs_api/merge.h"
#include "dataplane/protocol/srs_api/request.h"
#include "dataplane/proxy/hls/hls_playlist.h"
#include "dataplane/proxy/hls/hls_segment.h"
#include "dataplane/proxy/http/cluster_api.h"
#include "dataplane/proxy/http/file_answer.h"
#include "dataplane/proxy/http/live_play.h"

namespace srsproxy {
namespace {

constexpr size_t kReadBytes = 4096;
// Between two requests of a connection.
constexpr absl::Duration kIdleTimeout = absl::Seconds(60);
constexpr absl::Duration kGoodbyeTimeout = absl::Seconds(2);
// Of a request; an offer of WebRTC has some thousand bytes.
constexpr size_t kMaxBodyBytes = 64 * 1024;

constexpr std::string_view kMediaMethods = "GET, HEAD, OPTIONS";
constexpr std::string_view kApiMethods = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";

// In the form of SRS's API, for programs that look for an SRS here.
HttpAnswer Versions() {
  return {.body = srs_api::WriteJson(srs_api::Versions({SRSPROXY_VERSION, ::getpid()}))};
}

HttpAnswer Preflight(const http::RequestHead& request, std::string_view methods) {
  HttpAnswer answer{.status = 204};
  answer.fields.set("Allow", std::string(methods));
  answer.fields.set("Access-Control-Allow-Methods", std::string(methods));
  const auto wanted = http::ValueOf(request.fields, "Access-Control-Request-Headers");
  if (!wanted.empty()) answer.fields.set("Access-Control-Allow-Headers", std::string(wanted));
  answer.fields.set("Access-Control-Max-Age", "86400");
  answer.keep_alive = request.framing == http::Framing::kNone;
  return answer;
}

}  // namespace

HttpSession::HttpSession(SessionServices& services, Listener listener, net::Incoming client,
                         net::TlsContext tls)
    : services_(services),
      listener_(listener),
      tls_(std::move(tls)),
      client_{.config = services.config.Get(),
              .address = net::FormatPeer(client.peer),
              .host = net::HostOf(client.peer),
              .accepted = services.clock.Now(),
              .tls = tls_ != nullptr,
              .stream = net::TcpStream(std::move(client.socket), Side::kClient)},
      place_(services.sessions, *this) {}

net::Task<void> HttpSession::Run() {
  services_.worker_metrics.ConnectionOpened(listener_);
  client_.stream.Tune(client_.config->write_timeout);
  if (tls_ == nullptr || client_.stream.StartTls(tls_)) {
    while (!kicked_.has_value()) {
      auto request = co_await ReadRequest();
      if (!request.has_value() || !co_await Answer(*std::move(request))) break;
    }
  }
  co_await net::CloseGently(services_.worker.poller(net::Poller::Pace::kPrompt),
                            services_.worker.io().get_executor(), std::move(client_.stream),
                            kGoodbyeTimeout);
  services_.worker_metrics.ConnectionClosed(listener_);
}

void HttpSession::Kick(absl::Status why) {
  if (!kicked_.has_value()) kicked_ = why;
  if (client_.awaited != nullptr) client_.awaited->Cancel();
  if (cluster_api_ != nullptr) cluster_api_->Cancel();
  if (exchange_ != nullptr) exchange_->End(Side::kProxy, std::move(why));
}

net::Task<std::optional<http::RequestHead>> HttpSession::ReadRequest() {
  net::AwaitedStream awaited(services_.worker.poller(net::Poller::Pace::kPrompt),
                             services_.worker.io().get_executor(), client_.stream);
  client_.awaited = &awaited;
  const absl::Cleanup forget = [this] { client_.awaited = nullptr; };
  std::vector<uint8_t>& unread = client_.unread;
  std::optional<net::TimeLeft> left;  // From its first byte on.
  size_t looked_at = 0;
  bool may_begin_empty = true;
  while (true) {
    // RFC 9112 section 2.2: one empty line before a request is ignored.
    if (may_begin_empty && http::AsText(unread).starts_with("\r\n")) {
      unread.erase(unread.begin(), unread.begin() + 2);
      may_begin_empty = false;
      looked_at = 0;
    }
    if (const auto end = http::FindHeadEnd(http::AsText(unread))) {
      auto parsed = http::ParseRequestHead(http::AsText(unread).substr(0, *end));
      // Who plays for long holds no buffer.
      unread = std::vector(unread.begin() + static_cast<ptrdiff_t>(*end), unread.end());
      if (const auto* error = std::get_if<http::HeadError>(&parsed)) {
        co_await Reject(error->status, error->message, ClientError::kMalformed);
        co_return std::nullopt;
      }
      co_return std::get<http::RequestHead>(std::move(parsed));
    }
    if (auto error = http::CheckUnfinishedHead(http::AsText(unread), looked_at)) {
      co_await Reject(error->status, error->message, ClientError::kMalformed);
      co_return std::nullopt;
    }
    looked_at = unread.size();
    if (unread.size() >= http::kMaxHeadBytes) {
      co_await Reject(431, "the head of the request is longer than 64 kB", ClientError::kTooLarge);
      co_return std::nullopt;
    }
    if (!unread.empty() && !left.has_value()) left.emplace(client_.config->handshake_timeout);
    const absl::Duration patience =
        left.has_value() ? std::min(left->now(), kIdleTimeout) : kIdleTimeout;
    const size_t known = unread.size();
    unread.resize(known + std::min(kReadBytes, http::kMaxHeadBytes - known));
    auto got = co_await awaited.Read(std::span(unread).subspan(known), patience);
    unread.resize(known + (got.ok() ? *got : 0));
    if (got.ok() && *got > 0) continue;
    if (absl::IsDeadlineExceeded(got.status()) && !unread.empty()) {
      co_await Reject(408, "the request took too long to come", ClientError::kTimeout);
    }
    co_return std::nullopt;
  }
}

net::Task<std::optional<std::string>> HttpSession::ReadBody(const http::RequestHead& request) {
  http::BodyReader reader(request.framing, request.length, http::BodyReader::Chunks::kRemoved);
  if (reader.at_end()) co_return std::string();
  net::AwaitedStream awaited(services_.worker.poller(net::Poller::Pace::kPrompt),
                             services_.worker.io().get_executor(), client_.stream);
  std::vector<uint8_t>& unread = client_.unread;
  std::string body;
  const net::TimeLeft left(client_.config->handshake_timeout);
  bool too_large = request.length > kMaxBodyBytes;
  if (request.expects_continue && !too_large && unread.empty()) {
    client_.awaited = &awaited;
    const auto told = co_await awaited.Write(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"),
                                             client_.config->write_timeout);
    client_.awaited = nullptr;
    if (!told.ok()) co_return std::nullopt;
  }
  while (!too_large) {
    Pieces pieces;
    const auto taken = reader.Read(unread, pieces);
    if (!taken.ok()) {
      co_await Reject(400, MessageOf(taken.status()), ClientError::kMalformed);
      co_return std::nullopt;
    }
    for (const Pieces::Piece& piece : pieces.list()) body.append(http::AsText(piece));
    unread.erase(unread.begin(), unread.begin() + static_cast<ptrdiff_t>(*taken));
    too_large = body.size() > kMaxBodyBytes;
    if (reader.at_end() || too_large) break;
    unread.resize(kReadBytes);
    client_.awaited = &awaited;
    auto got = co_await awaited.Read(unread, left.now());
    client_.awaited = nullptr;
    unread.resize(got.ok() ? *got : 0);
    if (got.ok() && *got > 0) continue;
    if (absl::IsDeadlineExceeded(got.status())) {
      co_await Reject(408, "the request took too long to come", ClientError::kTimeout);
    }
    co_return std::nullopt;
  }
  if (!too_large) co_return body;
  co_await Reject(413, "the body of the request is longer than 64 kB", ClientError::kTooLarge);
  co_return std::nullopt;
}

net::Task<bool> HttpSession::Answer(http::RequestHead request) {
  const bool api = listener_ == Listener::kHttpApi || listener_ == Listener::kHttpsApi;
  if (request.method == "OPTIONS") {
    auto answer = Preflight(request, api ? kApiMethods : kMediaMethods);
    co_return co_await Reply(std::move(answer), request);
  }
  if (api) co_return co_await AnswerApi(request);
  auto answer = co_await AnswerMedia(request);
  if (answer.has_value()) co_return co_await Reply(*std::move(answer), request);
  co_return co_await Conduct();
}

net::Task<std::optional<HttpAnswer>> HttpSession::AnswerMedia(http::RequestHead& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    auto answer = ErrorAnswer(405, "streams are played by GET");
    answer.fields.set("Allow", std::string(kMediaMethods));
    answer.keep_alive = false;  // A body may follow.
    co_return answer;
  }
  if (request.framing != http::Framing::kNone) {
    auto answer = ErrorAnswer(413, "a request for a stream has no body");
    answer.keep_alive = false;
    co_return answer;
  }
  const std::string_view path = http::PathOf(request.target);
  if (path == "/api/v1/versions") co_return Versions();
  if (path == LiveStreams::kPath) {
    co_return co_await services_.live_streams->Answer(services_.worker.io().get_executor(), request,
                                                      client_.config->vhosts);
  }
  auto route = co_await FindRoute(request);
  if (kicked_.has_value()) co_return std::nullopt;
  if (!route.ok()) {
    services_.metrics.CountClientError(ProtocolName(Protocol::kHttpFlv), ClientError::kBadName);
    co_return ErrorAnswer(400, MessageOf(route.status()));
  }
  if (route->kind != MediaKind::kNone) {
    exchange_ = Serve(*std::move(route), std::move(request));
  } else if (services_.static_files != nullptr) {
    exchange_ = std::make_unique<FileAnswer>(services_, *services_.static_files, client_,
                                             std::move(request));
  } else {
    co_return ErrorAnswer(404,
                          "no such path; streams are /app/stream.flv, .ts, .aac, .mp3 and .m3u8");
  }
  co_return std::nullopt;
}

net::Task<bool> HttpSession::AnswerApi(const http::RequestHead& request) {
  const auto body = co_await ReadBody(request);
  if (!body.has_value()) co_return false;
  if (srs_api::IsApiPath(http::PathOf(request.target))) co_return co_await AskCluster(request);
  co_return co_await Reply(ErrorAnswer(404, "no such path"), request);
}

net::Task<bool> HttpSession::AskCluster(const http::RequestHead& request) {
  ClusterApi api(services_, client_);
  cluster_api_ = &api;
  auto answer = co_await api.Answer(request);
  cluster_api_ = nullptr;
  co_return co_await Reply(std::move(answer), request);
}

net::Task<absl::StatusOr<MediaRoute>> HttpSession::FindRoute(const http::RequestHead& request) {
  MediaRequest asked{request.host, request.target, client_.config->vhosts, std::nullopt};
  if (const auto id = hls::IdOf(request.target)) {
    auto find = [this, id = std::string(*id)](auto done) mutable {
      services_.session_index.FindHls(std::move(id), std::move(done));
    };
    asked.key_of_id = co_await net::AwaitCallback<std::optional<StreamKey>>(
        services_.worker.io().get_executor(), std::move(find));
  }
  const auto is_known = [this](const StreamKey& key) {
    return services_.streams.Find(key).has_value() ||
           services_.streams.FindInOtherVhost(key).has_value();
  };
  co_return RouteMedia(asked, is_known);
}

std::unique_ptr<HttpExchange> HttpSession::Serve(MediaRoute route, http::RequestHead request) {
  switch (route.kind) {
    case MediaKind::kPlaylist:
      return std::make_unique<HlsPlaylist>(services_, client_, std::move(request),
                                           std::move(route.key));
    case MediaKind::kSegment:
      return std::make_unique<HlsSegment>(services_, client_, std::move(request),
                                          std::move(route.key));
    case MediaKind::kLive:
    case MediaKind::kNone:
      break;
  }
  return std::make_unique<LivePlay>(services_, client_, std::move(request), std::move(route.key));
}

net::Task<bool> HttpSession::Conduct() {
  if (exchange_ == nullptr) co_return false;
  const bool session = exchange_->info() != nullptr;
  if (session) place_.List();
  const bool goes_on = co_await exchange_->Run();
  if (session) place_.Unlist();
  exchange_.reset();
  co_return goes_on;
}

net::Task<bool> HttpSession::Reply(HttpAnswer answer, const http::RequestHead& request) {
  const std::string text = WriteAnswer(answer, request);
  const auto written = co_await SendToClient(client_, services_.worker, text);
  co_return written.ok() && answer.keep_alive&& request.keep_alive;
}

net::Task<void> HttpSession::Reject(unsigned status, std::string_view message, ClientError error) {
  services_.metrics.CountClientError(ProtocolName(Protocol::kHttpFlv), error);
  services_.logger.Debug("request rejected",
                         {{"client", client_.address}, {"status", status}, {"error", message}});
  http::RequestHead unread;
  unread.keep_alive = false;
  auto answer = ErrorAnswer(status, message);
  co_await Reply(std::move(answer), unread);
}

}  // namespace srsproxy
