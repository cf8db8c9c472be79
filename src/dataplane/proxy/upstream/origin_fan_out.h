// The living origins of the cluster, each queried over its HTTP API: many at once, with a deadline
// for each question and one for all.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"
#include "dataplane/net/task.h"
#include "dataplane/proxy/upstream/http_request.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Used on its worker only.
class OriginFanOut {
 public:
  // How many origins are queried at the same time.
  static constexpr size_t kAtOnce = 32;
  static constexpr size_t kMaxAnswerBytes = size_t{4} << 20;
  struct Timeouts {
    absl::Duration question = absl::Seconds(3);
    absl::Duration all = absl::Seconds(8);  // Questions of one fan-out together.
  };

  // `upstream` outlives it. Queries nobody before Begin.
  OriginFanOut(const UpstreamNeeds& upstream, const Timeouts& timeouts);
  OriginFanOut(const OriginFanOut&) = delete;
  OriginFanOut& operator=(const OriginFanOut&) = delete;

  // Takes the origins as they are now, sorted by id, and starts the time for all. One that has
  // registered no HTTP API has failed already.
  void Begin(const HopList& hops);

  size_t size() const { return origins_.size(); }
  // The origin's `server`.
  const std::string& server(size_t i) const { return origins_[i].origin->registration.server; }
  bool failed(size_t i) const { return !origins_[i].status.ok(); }
  // The servers of the origins that failed.
  std::vector<std::string> missing() const;
  // Whether a question was not answered in time.
  bool timed_out() const;

  // Runs `step` for each origin that has not failed, some at a time. One whose step fails has, from
  // then on; once the coroutine was cancelled, they do so soon.
  using Step = std::function<net::Task<absl::Status>(size_t i)>;
  net::Task<void> Each(Step step);

  // One question to the origin number `i`: the body of its answer. Whatever the client has sent to
  // prove itself stays here. Fails as HttpRequest does; DEADLINE_EXCEEDED also for all of it
  // together; RESOURCE_EXHAUSTED: it is too long; FAILED_PRECONDITION: another status than 200.
  net::Task<absl::StatusOr<std::string>> Fetch(size_t i, std::string method, std::string target);

 private:
  struct Queried {
    std::shared_ptr<const Origin> origin;
    absl::Status status;
  };

  // Of those whose number is `next` or more.
  net::Task<void> TakeSteps(const Step& step, size_t& next);
  std::string RequestFor(const Endpoint& origin, std::string_view method,
                         std::string_view target) const;

  const UpstreamNeeds& upstream_;
  const SessionContext& context_;
  const Timeouts timeouts_;
  std::vector<Queried> origins_;
  MonotonicTime deadline_;
  HopList hops_;
};

}  // namespace srsproxy
