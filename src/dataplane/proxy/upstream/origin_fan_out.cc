#include "dataplane/proxy/upstream/origin_fan_out.h"

#include <algorithm>
#include <utility>

#include <absl/cleanup/cleanup.h>
#include <boost/asio/co_spawn.hpp>

#include "dataplane/net/event.h"
#include "dataplane/net/timeout.h"

namespace srsproxy {

// Shared with the coroutines that take the steps, so that it is there as long as any of them.
struct OriginFanOut::Round {
  Round(const net::asio::any_io_executor& executor, Step its_step)
      : step(std::move(its_step)), ended(executor) {}

  const Step step;
  size_t next = 0;
  size_t running = 0;
  net::Event ended;
};

struct OriginFanOut::Running {
  std::vector<HttpRequest*> requests;
  bool cancelled = false;
};

OriginFanOut::OriginFanOut(const UpstreamNeeds& upstream)
    : upstream_(upstream), context_(upstream.context), running_(std::make_shared<Running>()) {}

void OriginFanOut::Begin(const HopList& hops) {
  hops_ = hops;
  deadline_ = context_.clock.Now() + absl::ToChronoNanoseconds(kTimeout);
  const auto origins = upstream_.origins.snapshot();  // Kept: they may change meanwhile.
  for (const auto& origin : origins->origins) {
    if (origin->health == OriginHealth::kDead) continue;
    auto status = origin->registration.api.empty()
                      ? OriginFailure(absl::StatusCode::kUnimplemented,
                                      "the origin has told no port of its HTTP API")
                      : absl::OkStatus();
    origins_.push_back({origin, std::move(status)});
  }
}

std::vector<std::string> OriginFanOut::missing() const {
  std::vector<std::string> servers;
  for (size_t i = 0; i < size(); ++i) {
    if (failed(i)) servers.push_back(server(i));
  }
  return servers;
}

bool OriginFanOut::timed_out() const {
  const auto is_timed_out = [](const Asked& asked) {
    return absl::IsDeadlineExceeded(asked.status);
  };
  return std::any_of(origins_.begin(), origins_.end(), is_timed_out);
}

net::Task<void> OriginFanOut::Each(Step step) {
  const auto executor = context_.executor();
  const auto round = std::make_shared<Round>(executor, std::move(step));
  round->running = std::min(kAtOnce, size());
  const auto ended = [round](const std::exception_ptr&) {
    if (--round->running == 0) round->ended.Notify();
  };
  for (size_t begun = round->running; begun > 0; --begun) {
    net::asio::co_spawn(executor, TakeSteps(round), ended);
  }
  while (round->running > 0) co_await round->ended.Wait();
}

net::Task<void> OriginFanOut::TakeSteps(std::shared_ptr<Round> round) {
  while (round->next < size()) {
    const size_t i = round->next++;
    if (failed(i)) continue;
    auto status = co_await round->step(i);
    if (!status.ok()) {
      context_.logger.Debug("the API of an origin was of no use",
                            {{"origin", origins_[i].origin->id}, {"error", MessageOf(status)}});
    }
    origins_[i].status = std::move(status);
  }
}

net::Task<absl::StatusOr<std::string>> OriginFanOut::Ask(size_t i, std::string method,
                                                         std::string target) {
  const auto left = absl::FromChrono(deadline_ - context_.clock.Now());
  if (running_->cancelled) {
    co_return ProxyFailure(absl::StatusCode::kCancelled, "the question was given up");
  }
  if (left <= absl::ZeroDuration()) {
    co_return OriginFailure(absl::StatusCode::kDeadlineExceeded, "the origins took too long");
  }
  const auto& registration = origins_[i].origin->registration;
  Endpoint endpoint = DialEndpoint(registration, registration.api.front());
  std::string text = RequestFor(endpoint, method, target);
  const absl::Duration timeout = std::min(left, kQuestionTimeout);
  HttpRequest request(
      upstream_,
      {.connect = timeout, .write = timeout, .head = timeout, .max_body = kMaxAnswerBytes});
  running_->requests.push_back(&request);
  const absl::Cleanup forget = [running = running_, &request] {
    std::erase(running->requests, &request);
  };
  bool late = false;
  auto expired = [&request, &late] {
    late = true;
    request.Cancel();
  };
  const net::Deadline deadline(context_.executor(), timeout, std::move(expired));
  auto body = co_await Fetch(request, std::move(endpoint), std::move(method), std::move(text));
  if (late && absl::IsCancelled(body.status())) {
    co_return OriginFailure(absl::StatusCode::kDeadlineExceeded, "the origin took too long");
  }
  co_return body;
}

net::Task<absl::StatusOr<std::string>> OriginFanOut::Fetch(HttpRequest& request, Endpoint endpoint,
                                                           std::string method, std::string text) {
  auto head = co_await request.SendTo(std::move(endpoint), HttpRequest::Pool::kUse,
                                      std::move(method), std::move(text));
  if (!head.ok()) co_return head.status();
  auto body = co_await request.ReadBody(*head, kQuestionTimeout);
  if (body.ok() && head->status != 200) {
    co_return OriginFailure(absl::StatusCode::kFailedPrecondition,
                            "the origin's API answered HTTP " + std::to_string(head->status));
  }
  co_return body;
}

std::string OriginFanOut::RequestFor(const Endpoint& origin, std::string_view method,
                                     std::string_view target) const {
  http::Fields fields;
  fields.set("Host", JoinHostPort(origin.host, origin.port));
  fields.set("Accept", "application/json");
  fields.set("Accept-Encoding", "identity");
  fields.set("User-Agent", "srsproxy");
  upstream_.hop_guard.Mark(fields, hops_);
  fields.set("Connection", "keep-alive");
  return http::WriteRequestHead(method, target, fields);
}

void OriginFanOut::Cancel() {
  running_->cancelled = true;
  // A request leaves the list only after it was resumed.
  for (HttpRequest* request : running_->requests) request->Cancel();
}

}  // namespace srsproxy
