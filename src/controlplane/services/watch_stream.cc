#include "controlplane/services/watch_stream.h"

#include <utility>

namespace srsproxy::control {
namespace {

constexpr auto kKeepalive = std::chrono::seconds(10);
// For a message to be taken; then once more, for the status of a watch that was cut.
constexpr auto kPatience = std::chrono::seconds(30);

}  // namespace

WatchStream::WatchStream(ServedCall call, WatchFeed feed, const Clock& clock,
                         grpc::CallbackServerContext& context,
                         std::function<void(WatchStream*)> done)
    : call_(std::move(call)),
      clock_(clock),
      done_(std::move(done)),
      context_(&context),
      feed_(std::move(feed)),
      acted_(clock.Now()) {}

void WatchStream::Start() {
  const std::lock_guard lock(mutex_);
  if (!ended_ && !writing_) WriteNext(/*anyway=*/true);
}

void WatchStream::Poke(bool news) {
  const std::lock_guard lock(mutex_);
  const auto elapsed = clock_.Now() - acted_;
  if (ended_) {
    if (elapsed >= kPatience && context_ != nullptr) context_->TryCancel();
  } else if (writing_) {
    more_ = more_ || news;
    if (elapsed >= kPatience) Finish(feed_.Cut("this reader took no message for 30 s"));
  } else if (const bool silent = elapsed >= kKeepalive; news || silent) {
    WriteNext(silent);
  }
}

void WatchStream::End(const absl::Status& why) {
  const std::lock_guard lock(mutex_);
  if (!ended_) Finish(why);
}

void WatchStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (ended_) return;
  if (!ok) {
    Finish(absl::CancelledError("the reader has gone"));
  } else if (more_) {
    WriteNext(/*anyway=*/false);
  }
}

void WatchStream::OnCancel() { End(absl::CancelledError("the reader has gone")); }

void WatchStream::OnDone() {
  {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
  }
  const auto done = std::exchange(done_, nullptr);
  done(this);  // Destroys it.
}

void WatchStream::WriteNext(bool anyway) {
  auto next = feed_.Next();
  if (!next.ok()) {
    Finish(next.status());
    return;
  }
  more_ = next->more;
  if (!next->worth_sending && !anyway) return;
  message_ = std::move(next->bytes);
  writing_ = true;
  acted_ = clock_.Now();
  StartWrite(&message_);
}

void WatchStream::Finish(const absl::Status& why) {
  ended_ = true;
  acted_ = clock_.Now();
  ServerWriteReactor::Finish(call_.End(why));
}

}  // namespace srsproxy::control
