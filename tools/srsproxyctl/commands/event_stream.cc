#include "tools/srsproxyctl/commands/event_stream.h"

#include <algorithm>

#include <absl/random/random.h>
#include <absl/time/time.h>

#include "srsproxy/v1/event_service.grpc.pb.h"

namespace srsproxy::ctl {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(500);
constexpr absl::Duration kLongestPause = absl::Seconds(15);

// Pauses between attempts: each twice as long as the one before up to a limit, each shortened by up
// to half, so that many watchers do not come back in step.
class Backoff {
 public:
  void Reset() { pause_ = kFirstPause; }
  absl::Duration Next() {
    const absl::Duration pause = pause_ * absl::Uniform(random_, 0.5, 1.0);
    pause_ = std::min(pause_ * 2, kLongestPause);
    return pause;
  }

 private:
  absl::Duration pause_ = kFirstPause;
  absl::BitGen random_;
};

// What an ended watch is resumed by.
enum class Resumption { kNone, kByToken, kBySnapshot };

// `received`: events came before the end, so that the token is a new one.
Resumption ResumptionAfter(const absl::Status& ended, bool has_token, bool received) {
  switch (ended.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:  // By the proxy, when this reader took nothing for long.
      return Resumption::kByToken;
    case absl::StatusCode::kOutOfRange:  // WATCH_COMPACTED, or this reader was too slow.
      return received && has_token ? Resumption::kByToken : Resumption::kBySnapshot;
    case absl::StatusCode::kInvalidArgument:  // Another proxy's token, after a failover.
      return has_token ? Resumption::kBySnapshot : Resumption::kNone;
    default:
      return Resumption::kNone;
  }
}

}  // namespace

absl::Status FollowEvents(Context& context, v1::WatchRequest request, const EventReader& reader) {
  Backoff backoff;
  bool connected_once = false;
  bool enough = false;
  bool received = false;
  const auto take = [&](const v1::WatchResponse& response) {
    backoff.Reset();
    connected_once = received = true;
    if (!response.resume_token().empty()) request.set_resume_token(response.resume_token());
    enough = !reader.take(response);
    return !enough;
  };
  while (true) {
    if (request.resume_token().empty()) reader.restart();
    received = false;
    const absl::Status ended = context.client.Stream<v1::EventService>(
        &v1::EventService::StubInterface::Watch, request, take);
    if (enough) return absl::OkStatus();
    const Resumption resumption = ResumptionAfter(ended, !request.resume_token().empty(), received);
    if (resumption == Resumption::kNone || !connected_once) return ended;
    const absl::Duration pause = backoff.Next();
    if (resumption == Resumption::kBySnapshot) {
      request.clear_resume_token();
      context.err << "Note: events were missed; everything is read anew\n";
    } else {
      context.err << "Note: "
                  << (ended.ok() ? "the proxy ended the watch" : std::string(ended.message()))
                  << "; trying again\n";
    }
    context.err.flush();
    context.client.Disconnect();
    context.environment.sleep(pause);
  }
}

}  // namespace srsproxy::ctl
