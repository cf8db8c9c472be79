#include "dataplane/directory/memory_stream_directory.h"

#include "dataplane/directory/store_status.h"

namespace srsproxy {

void MemoryStreamDirectory::Pin(StreamPin pin, PinCallback done) {
  if (stopped_) return done(StoreStopped());
  done(pins_.Pin(std::move(pin)));
}

void MemoryStreamDirectory::Unpin(const StreamKey& key, PinCallback done) {
  if (stopped_) return done(StoreStopped());
  done(pins_.Unpin(key));
}

void MemoryStreamDirectory::Stop() {
  stopped_ = true;
  table_->Stop();
}

}  // namespace srsproxy
