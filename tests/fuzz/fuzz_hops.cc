// The hop mark, as text and as bytes: what is read is bounded and reads back.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "dataplane/core/hops.h"

namespace srsproxy {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(const HopList& hops) {
  Require(hops.size() <= HopList::kMaxHops);
  Require(HopList::FromText(hops.ToText()) == hops);
  std::vector<uint8_t> bytes;
  hops.AppendTo(bytes);
  Require(bytes.size() <= HopList::kMaxBytes);
  Require(HopList::FromBytes(bytes) == hops);
  constexpr BootId kOwn{1};
  const HopList onward = hops.Through(kOwn);
  Require(onward.Holds(kOwn) && !CheckHops(onward, kOwn).ok());
  Require(CheckHops(hops, kOwn).ok() == (hops.size() < HopList::kMaxHops && !hops.Holds(kOwn)));
}

}  // namespace
}  // namespace srsproxy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using srsproxy::HopList;
  srsproxy::Check(HopList::FromBytes({data, size}));
  srsproxy::Check(HopList::FromText({reinterpret_cast<const char*>(data), size}));
  return 0;
}
