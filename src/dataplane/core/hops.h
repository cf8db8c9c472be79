// The hop mark: which srsproxies a client's bytes have come through, so that a loop is found.
//
// Every proxy puts its boot id before the list that it was given, and sends that on to the origin.
// Two or three tiers of proxies are in order; a list that names the reader itself, or that is full,
// is refused. Anybody may send a list, since it can only get its own sender refused; so it is read
// from everybody, and never logged. HTTP carries it as text in the field kHopsField, RTMP as bytes
// within C1 (protocol/rtmp/hop_mark); other protocols take the form that fits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/status.h"

namespace srsproxy {

inline constexpr char kHopsField[] = "X-Srsproxy-Hops";

// One start of one proxy.
enum class BootId : uint64_t {};

// Random, never 0.
BootId NewBootId();

// A value. At most kMaxHops ids, the latest proxy first.
class HopList {
 public:
  static constexpr size_t kMaxHops = 4;
  static constexpr size_t kMaxBytes = 1 + kMaxHops * 8;

  HopList() = default;

  // Reads `0123456789abcdef, ...`, as ToText writes it, in either case. What is no id is skipped,
  // and what comes after kMaxHops ids is not read.
  static HopList FromText(std::string_view text);
  // Reads what AppendTo wrote. Anything else is an empty list.
  static HopList FromBytes(std::span<const uint8_t> bytes);

  std::string ToText() const;
  // The number of ids, and each in network order: kMaxBytes at most.
  void AppendTo(std::vector<uint8_t>& out) const;

  // This list with `own` before it; of a full one the last id goes.
  HopList Through(BootId own) const;

  bool Holds(BootId id) const;
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  friend bool operator==(const HopList&, const HopList&) = default;

 private:
  void Add(BootId id) { ids_[size_++] = id; }

  std::array<BootId, kMaxHops> ids_{};
  size_t size_ = 0;
};

// A failure that a loop is the reason of; `side` is who makes it one.
absl::Status LoopFailure(Side side, std::string_view message);
bool IsLoop(const absl::Status& status);

// OK, or why the proxy `own` refuses a client that has come by `hops`: a LoopFailure with the
// client at fault, FAILED_PRECONDITION, in words that are fit for the client.
absl::Status CheckHops(const HopList& hops, BootId own);

}  // namespace srsproxy
