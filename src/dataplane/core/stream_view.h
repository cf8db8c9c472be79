// What is known here of where streams are, answered at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/stream_mapping.h"

namespace srsproxy {

// How far what a store shows can be relied on.
enum class StoreState : uint8_t {
  kSynced,       // It is what all proxies see, but for what is under way.
  kNeverSynced,  // Nothing is known yet: that a stream is not found means nothing.
  kUnverified,   // It was so; since then something happened that may have changed all of it.
  kGone,         // The store cannot be reached: it is what was known last.
};
constexpr auto NamesOf(StoreState) {
  return EnumNames<StoreState>({{StoreState::kSynced, "synced"},
                                {StoreState::kNeverSynced, "never synced"},
                                {StoreState::kUnverified, "unverified"},
                                {StoreState::kGone, "gone"}});
}

// Thread-safe; nothing here waits for a network.
class StreamView {
 public:
  virtual ~StreamView() = default;

  virtual StoreState state() const = 0;

  // Why the store cannot be used, whatever comes, in words for an operator: what is there now is of
  // the wrong kind. Empty: nothing is known of that. state() counts beside it.
  virtual std::string unusable() const { return {}; }

  virtual std::optional<StreamMapping> Find(const StreamKey& key) const = 0;

  // The mapping of the same app/stream in another vhost, when all others that have one are on one
  // origin: that of the first of them, with the sessions of all.
  virtual std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const = 0;

  struct Page {
    std::vector<StreamMapping> mappings;  // By app, then stream, then vhost.
    std::string next;                     // Empty at the end.
  };
  // A page of at most `limit` mappings; `after` is "" for the first, then the `next` of the page
  // before. Mappings that stay in place are listed exactly once; claims never wait for long.
  virtual Page List(std::string_view after, size_t limit) const = 0;

  virtual size_t size() const = 0;    // Mappings.
  virtual size_t in_use() const = 0;  // Those that are load: StreamMapping::in_use.

  // Mappings on `origin_id`.
  struct Counts {
    size_t streams = 0;
    size_t in_use = 0;           // Those that are load.
    size_t live_publishers = 0;  // Those with a live publisher.
  };
  virtual Counts CountsOf(std::string_view origin_id) const = 0;

  virtual std::optional<std::string> PinnedServer(const StreamKey& key) const = 0;

  struct PinPage {
    std::vector<StreamPin> pins;  // By app, then stream, then vhost.
    std::string next;             // Empty at the end.
  };
  virtual PinPage ListPins(std::string_view after, size_t limit) const = 0;
};

}  // namespace srsproxy
