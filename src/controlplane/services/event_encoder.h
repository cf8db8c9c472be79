// Events as messages.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <grpcpp/support/slice.h>

#include "dataplane/core/event_log.h"
#include "srsproxy/v1/event.pb.h"

namespace srsproxy::control {

// Thread-safe.
class EventEncoder {
 public:
  // `proxy_id`: PROXY_ID.
  explicit EventEncoder(std::string proxy_id);

  const std::string& proxy_id() const { return proxy_id_; }

  v1::Event ToProto(const LoggedEvent& event) const;

  // A serialized WatchResponse that holds the event alone. Serialized messages that are put one
  // after another are one message with the content of all, so an event is serialized once, however
  // many watch. The latest 1,024 events are kept.
  grpc::Slice Encode(const LoggedEvent& event);

 private:
  struct Encoded {
    uint64_t sequence = 0;
    grpc::Slice bytes;
  };

  const std::string proxy_id_;
  std::mutex mutex_;
  std::vector<Encoded> latest_;  // By sequence, modulo its size.
};

}  // namespace srsproxy::control
