#include "dataplane/proxy/upstream/origin_fan_out.h"

#include <algorithm>
#include <utility>

#include "dataplane/net/await_all.h"

namespace srsproxy {

OriginFanOut::OriginFanOut(const UpstreamNeeds& upstream, const Timeouts& timeouts)
    : upstream_(upstream), context_(upstream.context), timeouts_(timeouts) {}

void OriginFanOut::Begin(const HopList& hops) {
  hops_ = hops;
  deadline_ = context_.clock.Now() + absl::ToChronoNanoseconds(timeouts_.all);
  const auto origins = upstream_.origins.snapshot();  // Kept: they may change meanwhile.
  for (const auto& origin : origins->origins) {
    if (origin->health == OriginHealth::kDead) continue;
    auto status = origin->registration.api.empty()
                      ? OriginFailure(absl::StatusCode::kUnimplemented,
                                      "the origin has registered no port of its HTTP API")
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
  const auto is_timed_out = [](const Queried& queried) {
    return absl::IsDeadlineExceeded(queried.status);
  };
  return std::any_of(origins_.begin(), origins_.end(), is_timed_out);
}

net::Task<void> OriginFanOut::Each(Step step) {
  size_t next = 0;
  std::vector<net::Task<void>> takers;
  for (size_t left = std::min(kAtOnce, size()); left > 0; --left) {
    takers.push_back(TakeSteps(step, next));
  }
  co_await net::AwaitAll(context_.executor(), std::move(takers));
}

net::Task<void> OriginFanOut::TakeSteps(const Step& step, size_t& next) {
  while (next < size()) {
    const size_t i = next++;
    if (failed(i)) continue;
    auto status = co_await step(i);
    if (!status.ok()) {
      context_.logger.Debug("the API of an origin was of no use",
                            {{"origin", origins_[i].origin->id}, {"error", MessageOf(status)}});
    }
    origins_[i].status = std::move(status);
  }
}

net::Task<absl::StatusOr<std::string>> OriginFanOut::Fetch(size_t i, std::string method,
                                                           std::string target) {
  const auto left = absl::FromChrono(deadline_ - context_.clock.Now());
  if (left <= absl::ZeroDuration()) {
    co_return OriginFailure(absl::StatusCode::kDeadlineExceeded, "the origins took too long");
  }
  const auto& registration = origins_[i].origin->registration;
  Endpoint endpoint = DialEndpoint(registration, registration.api.front());
  std::string text = RequestFor(endpoint, method, target);
  const absl::Duration timeout = std::min(left, timeouts_.question);
  HttpRequest request(upstream_, {.connect = timeout,
                                  .write = timeout,
                                  .head = timeout,
                                  .max_body = kMaxAnswerBytes,
                                  .whole = timeout});
  auto head = co_await request.SendTo(std::move(endpoint), HttpRequest::Pool::kUse,
                                      std::move(method), std::move(text));
  if (!head.ok()) co_return head.status();
  auto body = co_await request.ReadBody(*head, timeout);
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

}  // namespace srsproxy
