// A store of streams that answers late, on a thread of its own, in the order in which it was asked:
// what callers have to live with once the store is shared.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <absl/functional/any_invocable.h>

#include "tests/support/forwarded_streams.h"

namespace srsproxy {

// What is asked is done in its turn, on the store's thread, and answered there. What is known is
// told at once, and may be as old as the questions under way. Holds may outlive it.
class DelayedStreams final : public ForwardedStreams {
 public:
  using ForwardedStreams::ForwardedStreams;
  ~DelayedStreams() override { Stop(); }

  // Nothing is done, or answered, until Release.
  void Pause() { queue_->SetPaused(true); }
  void Resume() { queue_->SetPaused(false); }
  // Returns when all that was asked before is done.
  void Settle() { queue_->Settle(); }

  void Claim(ClaimRequest request, ClaimCallback done) override {
    Ask(std::move(done), [this, request = std::move(request)](ClaimCallback answer) {
      auto late = [queue = queue_,
                   answer = std::move(answer)](absl::StatusOr<ClaimOutcome> outcome) mutable {
        if (outcome.ok()) {
          outcome->hold = std::make_unique<LateHold>(queue, std::move(outcome->hold));
        }
        answer(std::move(outcome));
      };
      streams().Claim(request, std::move(late));
    });
  }
  void Move(MoveRequest request, MoveCallback done) override {
    Ask(std::move(done), [this, request = std::move(request)](MoveCallback answer) {
      streams().Move(request, std::move(answer));
    });
  }
  using StreamClaims::Release;
  void Release(ReleaseRequest request, ReleaseCallback done) override {
    Ask(std::move(done), [this, request = std::move(request)](ReleaseCallback answer) {
      streams().Release(request, std::move(answer));
    });
  }
  void Pin(StreamPin pin, PinCallback done) override {
    Ask(std::move(done), [this, pin = std::move(pin)](PinCallback answer) {
      streams().Pin(pin, std::move(answer));
    });
  }
  void Unpin(const StreamKey& key, PinCallback done) override {
    Ask(std::move(done),
        [this, key](PinCallback answer) { streams().Unpin(key, std::move(answer)); });
  }
  void Stop() override {
    streams().Stop();
    queue_->Stop();
  }

 private:
  // Takes `stopped`: what was asked must be answered CANCELLED now.
  using Step = absl::AnyInvocable<void(bool stopped)>;

  class Queue {
   public:
    Queue() : thread_([this] { Run(); }) {}
    ~Queue() { Stop(); }

    void Add(Step step) {
      {
        const std::lock_guard lock(mutex_);
        if (!stopped_) {
          steps_.push_back(std::move(step));
          changed_.notify_all();
          return;
        }
      }
      step(true);
    }
    void SetPaused(bool paused) {
      const std::lock_guard lock(mutex_);
      paused_ = paused;
      changed_.notify_all();
    }
    void Settle() {
      std::mutex mutex;
      std::condition_variable done;
      bool reached = false;
      Add([&](bool) {
        const std::lock_guard lock(mutex);
        reached = true;
        done.notify_one();
      });
      std::unique_lock lock(mutex);
      done.wait(lock, [&] { return reached; });
    }
    void Stop() {
      std::deque<Step> left;
      {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        left.swap(steps_);
        changed_.notify_all();
      }
      for (Step& step : left) step(true);
      if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
    }

   private:
    void Run() {
      std::unique_lock lock(mutex_);
      while (true) {
        changed_.wait(lock, [this] { return stopped_ || (!paused_ && !steps_.empty()); });
        if (stopped_) return;
        Step step = std::move(steps_.front());
        steps_.pop_front();
        lock.unlock();
        step(false);
        step = nullptr;
        lock.lock();
      }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Step> steps_;
    bool paused_ = false;
    bool stopped_ = false;
    std::thread thread_;
  };

  class LateHold final : public StreamHold {
   public:
    LateHold(std::shared_ptr<Queue> queue, std::shared_ptr<StreamHold> hold)
        : queue_(std::move(queue)), hold_(std::move(hold)) {}
    ~LateHold() override {
      queue_->Add([hold = std::move(hold_)](bool) mutable { hold.reset(); });
    }
    void MarkLive(LiveCallback done) override {
      queue_->Add([hold = hold_, done = std::move(done)](bool stopped) mutable {
        if (stopped) return done(absl::CancelledError("stopped"));
        hold->MarkLive(std::move(done));
      });
    }
    void WhenLost(LostCallback lost) override { hold_->WhenLost(std::move(lost)); }
    void Refused() override {
      queue_->Add([hold = hold_](bool) { hold->Refused(); });
    }

   private:
    const std::shared_ptr<Queue> queue_;
    std::shared_ptr<StreamHold> hold_;
  };

  template <typename Callback, typename Do>
  void Ask(Callback done, Do what) {
    queue_->Add([done = std::move(done), what = std::move(what)](bool stopped) mutable {
      if (stopped) return done(absl::CancelledError("stopped"));
      what(std::move(done));
    });
  }

  const std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};

}  // namespace srsproxy
