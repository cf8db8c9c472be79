#include "dataplane/core/hops.h"

#include <algorithm>
#include <charconv>
#include <random>

#include <absl/strings/cord.h>
#include <absl/strings/str_format.h>

namespace srsproxy {
namespace {

constexpr char kLoopPayload[] = "srsproxy/loop";
constexpr size_t kIdBytes = 8;
constexpr size_t kIdDigits = 2 * kIdBytes;

std::string_view WithoutBlanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// 0: it is none.
uint64_t ReadId(std::string_view text) {
  uint64_t id = 0;
  if (text.size() != kIdDigits) return 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  return error == std::errc() && end == text.data() + text.size() ? id : 0;
}

}  // namespace

BootId NewBootId() {
  std::random_device random;
  uint64_t id = 0;
  while (id == 0) id = uint64_t{random()} << 32 | random();
  return BootId{id};
}

HopList HopList::FromText(std::string_view text) {
  HopList hops;
  while (!text.empty() && hops.size_ < kMaxHops) {
    const size_t comma = text.find(',');
    const uint64_t id = ReadId(WithoutBlanks(text.substr(0, comma)));
    if (id != 0) hops.Add(BootId{id});
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return hops;
}

HopList HopList::FromBytes(std::span<const uint8_t> bytes) {
  if (bytes.empty() || bytes[0] > kMaxHops || bytes.size() != 1 + bytes[0] * kIdBytes) return {};
  HopList hops;
  for (bytes = bytes.subspan(1); !bytes.empty(); bytes = bytes.subspan(kIdBytes)) {
    uint64_t id = 0;
    for (const uint8_t byte : bytes.first(kIdBytes)) id = id << 8 | byte;
    if (id == 0) return {};
    hops.Add(BootId{id});
  }
  return hops;
}

std::string HopList::ToText() const {
  std::string text;
  for (size_t i = 0; i < size_; ++i) {
    if (i > 0) text += ", ";
    text += absl::StrFormat("%016x", static_cast<uint64_t>(ids_[i]));
  }
  return text;
}

void HopList::AppendTo(std::vector<uint8_t>& out) const {
  out.push_back(static_cast<uint8_t>(size_));
  for (size_t i = 0; i < size_; ++i) {
    const auto id = static_cast<uint64_t>(ids_[i]);
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(id >> shift));
  }
}

HopList HopList::Through(BootId own) const {
  HopList hops;
  hops.Add(own);
  for (size_t i = 0; i < size_ && hops.size_ < kMaxHops; ++i) hops.Add(ids_[i]);
  return hops;
}

bool HopList::Holds(BootId id) const {
  return std::find(ids_.begin(), ids_.begin() + size_, id) != ids_.begin() + size_;
}

absl::Status LoopFailure(Side side, std::string_view message) {
  auto status = Failure(side, absl::StatusCode::kFailedPrecondition, message);
  status.SetPayload(kLoopPayload, absl::Cord("loop"));
  return status;
}

bool IsLoop(const absl::Status& status) { return status.GetPayload(kLoopPayload).has_value(); }

absl::Status CheckHops(const HopList& hops, BootId own) {
  if (hops.Holds(own)) {
    return LoopFailure(Side::kClient,
                       "a loop: this has come through the same srsproxy before; an origin that is "
                       "registered on the way leads back to it");
  }
  if (hops.size() >= HopList::kMaxHops) {
    return LoopFailure(Side::kClient,
                       "this has come through four srsproxies already: a loop, or too many tiers");
  }
  return absl::OkStatus();
}

}  // namespace srsproxy
