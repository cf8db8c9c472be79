// The names of all keys in Redis, made and read back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/core/enum_names.h"

namespace srsproxy::redis {

enum class KeyKind : uint8_t {
  // As the Go proxy has them.
  kServer,      // Its JSON (go_records.h), by the origin's id; PROXY_ORIGIN_SERVER_TTL.
  kAllServers,  // A JSON array of the keys of servers.
  kUrl,         // The key of a server, by stream.
  kHls,         // HLS JSON, by stream; 120 s.
  kSpbhid,      // The same, by spbhid.
  kRtc,         // RTC JSON, by stream; 120 s.
  kUfrag,       // The same, by `local:remote`.
  // Of srsproxy alone.
  kXUrl,       // HASH: a mapping, by stream.
  kXStreams,   // ZSET: all streams; 0 in use, else idle since.
  kXVhosts,    // HASH: the vhosts that have it, by `app/stream`.
  kXUses,      // SET: the streams that a proxy's sessions use, by `PROXY_ID:boot`.
  kXPins,      // HASH: the pins, by stream.
  kXUnpinned,  // The revision of a pin that was removed, by stream; 600 s.
  kXOrigins,   // SET: the keys of all registrations and decisions, kXOrigin's and kXServer's.
  kXOrigin,    // A registration as srsproxy knows it, by the origin's id.
  kXServer,    // HASH: an operator's decisions, by `server`.
  kXBeats,     // STREAM: heartbeats.
  kXFeed,      // STREAM: what happens to streams.
  kXProxies,   // HASH: the proxies that were announced, by `PROXY_ID:boot`, until they are swept.
  kXProxy,     // An announcement, by `PROXY_ID:boot`; 15 s.
  kXDriver,    // The driver's lease; 10 s.
  kXHistory,   // The token of this history of the data.
  kXSettle,    // SET: the proxies that are awaited in the settle time; 5 s.
  kXRequest,   // What a call of the control plane did, by its request_id; 600 s.
};

// Those that end in a colon have a name after it.
constexpr auto NamesOf(KeyKind) {
  return EnumNames<KeyKind>({{KeyKind::kServer, "srs-proxy-server:"},
                             {KeyKind::kAllServers, "srs-proxy-all-servers"},
                             {KeyKind::kUrl, "srs-proxy-url:"},
                             {KeyKind::kHls, "srs-proxy-hls:"},
                             {KeyKind::kSpbhid, "srs-proxy-spbhid:"},
                             {KeyKind::kRtc, "srs-proxy-rtc:"},
                             {KeyKind::kUfrag, "srs-proxy-ufrag:"},
                             {KeyKind::kXUrl, "srs-proxy-x-url:"},
                             {KeyKind::kXStreams, "srs-proxy-x-streams"},
                             {KeyKind::kXVhosts, "srs-proxy-x-vhosts:"},
                             {KeyKind::kXUses, "srs-proxy-x-uses:"},
                             {KeyKind::kXPins, "srs-proxy-x-pins"},
                             {KeyKind::kXUnpinned, "srs-proxy-x-unpinned:"},
                             {KeyKind::kXOrigins, "srs-proxy-x-origins"},
                             {KeyKind::kXOrigin, "srs-proxy-x-origin:"},
                             {KeyKind::kXServer, "srs-proxy-x-server:"},
                             {KeyKind::kXBeats, "srs-proxy-x-beats"},
                             {KeyKind::kXFeed, "srs-proxy-x-feed"},
                             {KeyKind::kXProxies, "srs-proxy-x-proxies"},
                             {KeyKind::kXProxy, "srs-proxy-x-proxy:"},
                             {KeyKind::kXDriver, "srs-proxy-x-driver"},
                             {KeyKind::kXHistory, "srs-proxy-x-history"},
                             {KeyKind::kXSettle, "srs-proxy-x-settle"},
                             {KeyKind::kXRequest, "srs-proxy-x-req:"}});
}

// How Redis keeps a value: as TYPE names it.
enum class ValueType : uint8_t { kString, kHash, kSet, kSortedSet, kStream };
constexpr auto NamesOf(ValueType) {
  return EnumNames<ValueType>({{ValueType::kString, "string"},
                               {ValueType::kHash, "hash"},
                               {ValueType::kSet, "set"},
                               {ValueType::kSortedSet, "zset"},
                               {ValueType::kStream, "stream"}});
}

// Of the values of this kind.
constexpr ValueType TypeOf(KeyKind kind) {
  switch (kind) {
    case KeyKind::kXUrl:
    case KeyKind::kXVhosts:
    case KeyKind::kXPins:
    case KeyKind::kXServer:
    case KeyKind::kXProxies:
    case KeyKind::kXHistory:
      return ValueType::kHash;
    case KeyKind::kXUses:
    case KeyKind::kXOrigins:
    case KeyKind::kXSettle:
      return ValueType::kSet;
    case KeyKind::kXStreams:
      return ValueType::kSortedSet;
    case KeyKind::kXBeats:
    case KeyKind::kXFeed:
      return ValueType::kStream;
    default:
      return ValueType::kString;
  }
}

// The Go proxy has none of these.
constexpr bool IsOurs(KeyKind kind) { return ToName(kind).starts_with("srs-proxy-x-"); }

// Whether a key of this kind has a name, or there is one alone.
constexpr bool HasName(KeyKind kind) { return ToName(kind).ends_with(':'); }

// Immutable: safe on any thread.
class Keys {
 public:
  // PROXY_REDIS_KEY_PREFIX: `prefix:` before each key, unless it is empty.
  explicit Keys(std::string_view prefix);

  // `name` is empty exactly for a kind that has none.
  std::string Make(KeyKind kind, std::string_view name = {}) const;

  // What Make made; nullopt for other keys, those of another prefix among them. The name is a view
  // into `key`.
  struct Parsed {
    KeyKind kind = KeyKind::kServer;
    std::string_view name;

    friend bool operator==(const Parsed&, const Parsed&) = default;
  };
  std::optional<Parsed> Parse(std::string_view key) const;

  // The name in a key of `kind`; nullopt when it is none: the id of the origin in what
  // srs-proxy-url holds.
  std::optional<std::string_view> NameIn(KeyKind kind, std::string_view key) const;

  // For SCAN's MATCH: all keys of this kind. The prefix stands for itself, whatever it contains.
  std::string Pattern(KeyKind kind) const;

  const std::string& prefix() const { return prefix_; }  // With its colon.

 private:
  const std::string prefix_;
};

// A running proxy, as its announcement is named: `PROXY_ID:boot`. The boot has no colon.
struct ProxyName {
  std::string id;
  std::string boot;

  std::string ToString() const { return id + ":" + boot; }
  // nullopt: one of both is missing.
  static std::optional<ProxyName> Parse(std::string_view text);

  friend bool operator==(const ProxyName&, const ProxyName&) = default;
};

}  // namespace srsproxy::redis
