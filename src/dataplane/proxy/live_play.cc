#include "dataplane/proxy/live_play.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "dataplane/core/host.h"
#include "dataplane/proxy/forwarded.h"
#include "dataplane/proxy/http_answer.h"

namespace srsproxy {
namespace {

constexpr size_t kReadBytes = 4096;
// 100 Continue and its kind; more are no answer.
constexpr int kMaxInterimAnswers = 8;
constexpr absl::Duration kGoodbyeTimeout = absl::Seconds(2);

std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

absl::Status BadAnswer(std::string_view what) {
  return OriginFailure(absl::StatusCode::kDataLoss,
                       "the origin's answer cannot be used: " + std::string(what));
}

}  // namespace

class LivePlay::ClientWatch final : net::Poller::Target {
 public:
  explicit ClientWatch(LivePlay& play)
      : play_(play),
        poller_(play.services_.worker.poller(net::Poller::Pace::kPrompt)),
        watched_(poller_.Add(play.client_.stream.fd(), *this)) {}
  ~ClientWatch() override {
    if (watched_) poller_.Remove(play_.client_.stream.fd(), *this);
  }

 private:
  void OnReady(net::Poller::Readiness ready) override {
    if (ready.ended) play_.End(Side::kClient, absl::OkStatus());
  }

  LivePlay& play_;
  net::Poller& poller_;
  const bool watched_;
};

LivePlay::LivePlay(SessionServices& services, HttpClient& client, http::RequestHead request,
                   StreamKey key)
    : services_(services),
      client_(client),
      request_(std::move(request)),
      use_(services, client.config, Protocol::kHttpFlv, Role::kViewer, std::move(key),
           client.address),
      relay_(services.worker, *this, client.config->write_timeout),
      changed_(services.worker.io().get_executor()) {}

net::Task<bool> LivePlay::Run() {
  auto response = co_await AskOrigin();
  if (!over() && !response.ok()) co_await Refuse(response.status());
  if (!over()) co_await RelayBody(*response);
  awaited_origin_.reset();
  relay_.Release(Side::kClient);
  relay_.Release(Side::kOrigin);
  if (origin_.has_value()) origin_->Close();
  use_.Finish(ended_->side, ended_->why);
  co_return keep_alive_&& answered_;
}

void LivePlay::End(Side side, absl::Status why) {
  if (over()) return;
  ended_ = {side, std::move(why)};
  if (dialing_ != nullptr) dialing_->Cancel();
  if (cancel_wait_) cancel_wait_();
  if (awaited_origin_.has_value()) awaited_origin_->Cancel();
  if (awaited_client_ != nullptr) awaited_client_->Cancel();
  changed_.Notify();
}

// ---- The origin's answer

net::Task<absl::StatusOr<http::ResponseHead>> LivePlay::AskOrigin() {
  const ClientWatch watch(*this);
  while (use_.may_try_another()) {
    auto placement = co_await use_.Pick(cancel_wait_);
    if (over() || !placement.ok()) co_return placement.status();
    auto dialled = co_await use_.Dial(placement->endpoint, dialing_);
    if (over()) co_return absl::CancelledError();
    if (!dialled.ok()) continue;
    origin_.emplace(*std::move(dialled));
    const auto executor = services_.worker.io().get_executor();
    awaited_origin_.emplace(services_.worker.poller(net::Poller::Pace::kPrompt), executor,
                            *origin_);
    // What was sent is not sent to another: the origin may have acted on it.
    auto sent = co_await awaited_origin_->Write(UpstreamRequest(), client_.config->write_timeout);
    if (!sent.ok()) co_return sent;
    co_return co_await ReadResponseHead();
  }
  co_return use_.failure();
}

net::Task<absl::StatusOr<http::ResponseHead>> LivePlay::ReadResponseHead() {
  const absl::Time deadline = absl::Now() + client_.config->handshake_timeout;
  std::vector<uint8_t>& unread = origin_unread_;
  for (int interim = 0; interim <= kMaxInterimAnswers;) {
    if (const auto end = http::FindHeadEnd(AsText(unread))) {
      auto parsed = http::ParseResponseHead(AsText(unread).substr(0, *end), request_.method);
      unread.erase(unread.begin(), unread.begin() + static_cast<ptrdiff_t>(*end));
      if (const auto* error = std::get_if<http::HeadError>(&parsed)) {
        co_return BadAnswer(error->message);
      }
      auto& head = std::get<http::ResponseHead>(parsed);
      if (head.status / 100 != 1 || head.status == 101) co_return std::move(head);
      ++interim;
      continue;
    }
    if (unread.size() >= http::kMaxHeadBytes) co_return BadAnswer("its head is too long");
    const size_t known = unread.size();
    unread.resize(known + kReadBytes);
    auto got =
        co_await awaited_origin_->Read(std::span(unread).subspan(known), deadline - absl::Now());
    unread.resize(known + (got.ok() ? *got : 0));
    if (!got.ok()) co_return got.status();
    if (*got == 0) {
      co_return OriginFailure(absl::StatusCode::kPermissionDenied,
                              "the origin closed without an answer");
    }
  }
  co_return BadAnswer("it goes on saying 100 Continue");
}

std::string LivePlay::UpstreamRequest() const {
  http::Fields fields = http::EndToEnd(request_.fields);
  fields.set("Host", request_.host);
  fields.erase("Expect");
  SetForwarded(fields, request_, client_);
  if (request_.upgrade) {
    fields.set("Connection", "Upgrade");
    fields.set("Upgrade", "websocket");
  } else {
    fields.set("Connection", "close");
  }
  return http::WriteRequestHead(request_.method, request_.target, fields);
}

// ---- What the client gets

std::string LivePlay::DownstreamHead(const http::ResponseHead& response) const {
  http::Fields fields = http::EndToEnd(response.fields);
  if (tunnel_) {
    fields.set("Connection", "Upgrade");
    fields.set("Upgrade", "websocket");
  } else {
    if (response.framing == http::Framing::kChunked && !request_.http10) {
      fields.set("Transfer-Encoding", "chunked");
    }
    fields.set("Connection", keep_alive_ ? "keep-alive" : "close");
  }
  return http::WriteResponseHead(response.status, response.reason, fields);
}

net::Task<void> LivePlay::RelayBody(const http::ResponseHead& response) {
  tunnel_ = response.status == 101;
  if (tunnel_ && !request_.upgrade) {
    co_return co_await Refuse(BadAnswer("it changes the protocol unasked"));
  }
  refused_ = response.status >= 400;
  if (refused_) use_.Refused();
  const auto chunks =
      request_.http10 ? http::BodyReader::Chunks::kRemoved : http::BodyReader::Chunks::kKept;
  body_ = http::BodyReader(tunnel_ ? http::Framing::kUntilClose : response.framing, response.length,
                           chunks);
  const bool ends_by_close = response.framing == http::Framing::kUntilClose ||
                             (response.framing == http::Framing::kChunked && request_.http10);
  keep_alive_ = !tunnel_ && request_.keep_alive && !ends_by_close;

  // Head and first media go out together, at once.
  std::string first = DownstreamHead(response);
  Pieces body;
  PassBody(origin_unread_, body);
  for (const Pieces::Piece& piece : body.list()) first.append(AsText(piece));
  origin_unread_ = {};
  if (auto status = co_await WriteToClient(first); !status.ok()) {
    co_return End(SideOf(status), std::move(status));
  }
  use_.AddBytes(0, first.size());
  if (!body.empty()) NoteMedia();
  if (over()) co_return;

  awaited_origin_.reset();
  relay_.Attach(client_.stream);
  relay_.Attach(*origin_);
  while (!over()) {
    co_await changed_.Wait();
    if (use_.info().media_flows) relay_.SetPace(net::Poller::Pace::kGathering);
  }
  // Whoever is still there gets what is kept for it.
  const net::Deadline late(services_.worker.io().get_executor(), kGoodbyeTimeout,
                           [this] { relay_.Release(Side::kClient); });
  co_await relay_.Drained(Side::kClient);
}

void LivePlay::PassBody(std::span<const uint8_t> in, Pieces& out) {
  const auto taken = body_.Read(in, out);
  if (!taken.ok()) return End(Side::kOrigin, BadAnswer(MessageOf(taken.status())));
  if (!body_.at_end()) return;
  answered_ = true;
  End(Side::kOrigin, absl::OkStatus());
}

void LivePlay::OnBytes(Side from, std::span<uint8_t> in, net::RelayOutput& out) {
  if (from == Side::kClient) {
    use_.AddBytes(in.size(), 0);
    if (tunnel_) {
      out.to_origin.AppendView(in);
    } else {
      client_.unread.insert(client_.unread.end(), in.begin(), in.end());
    }
    return;
  }
  PassBody(in, out.to_client);
  use_.AddBytes(0, out.to_client.total_bytes());
  if (!out.to_client.empty()) NoteMedia();
}

void LivePlay::NoteMedia() {
  if (refused_ || use_.info().media_flows) return;
  use_.MediaFlows(client_.accepted);
  changed_.Notify();
}

void LivePlay::OnClosed(Side side, absl::Status why) {
  if (side == Side::kOrigin && why.ok() && !body_.may_close()) {
    why =
        OriginFailure(absl::StatusCode::kDataLoss, "the origin closed in the middle of its answer");
  }
  const Side fault = why.ok() ? side : SideOf(why);
  End(fault, std::move(why));
}

size_t LivePlay::Appetite(Side side) const {
  if (over()) return 0;
  if (side == Side::kOrigin || tunnel_) return SIZE_MAX;
  return http::kMaxHeadBytes - std::min(client_.unread.size(), http::kMaxHeadBytes);
}

net::Task<void> LivePlay::Refuse(const absl::Status& why) {
  use_.Refused();
  const std::string text = WriteAnswer(ErrorAnswer(HttpStatusOf(why), MessageOf(why)), request_);
  const auto written = co_await WriteToClient(text);
  use_.AddBytes(0, text.size());
  keep_alive_ = request_.keep_alive;
  answered_ = written.ok();
  End(SideOf(why), why);
}

net::Task<absl::Status> LivePlay::WriteToClient(std::string_view text) {
  net::AwaitedStream awaited(services_.worker.poller(net::Poller::Pace::kPrompt),
                             services_.worker.io().get_executor(), client_.stream);
  awaited_client_ = &awaited;
  auto status = co_await awaited.Write(text, client_.config->write_timeout);
  awaited_client_ = nullptr;
  co_return status;
}

}  // namespace srsproxy
