#include "dataplane/directory/memory_stream_directory.h"

namespace srsproxy {
namespace {

absl::Status Stopped() { return absl::CancelledError("this proxy stops"); }

}  // namespace

void MemoryStreamDirectory::Pin(StreamPin pin, PinCallback done) {
  if (stopped_) return done(Stopped());
  done(pins_.Pin(std::move(pin)));
}

void MemoryStreamDirectory::Unpin(const StreamKey& key, PinCallback done) {
  if (stopped_) return done(Stopped());
  done(pins_.Unpin(key));
}

void MemoryStreamDirectory::Stop() {
  stopped_ = true;
  table_->Stop();
}

}  // namespace srsproxy
