// Whatever a server sends: the replies do not depend on how it is cut, and stay within the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/protocol/redis/reply_reader.h"

namespace {

using namespace srsproxy::redis;

constexpr ReplyLimits kLimits{.bytes = 4096, .items = 64};

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<Reply> replies;
  bool failed = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// In pieces of `step` bytes.
Outcome Read(std::string_view bytes, size_t step) {
  ReplyReader reader(kLimits);
  Outcome outcome;
  for (size_t at = 0; at < bytes.size() && !outcome.failed; at += step) {
    reader.Feed(bytes.substr(at, step));
    while (!outcome.failed) {
      auto reply = reader.Next();
      outcome.failed = !reply.ok();
      if (outcome.failed || !reply->has_value()) break;
      outcome.replies.push_back(**std::move(reply));
    }
  }
  return outcome;
}

size_t CountItems(const Reply& reply) {
  if (reply.type() != Reply::Type::kArray) return 0;
  const auto items = reply.AsArray();
  size_t count = items->size();
  for (const Reply& item : *items) count += CountItems(item);
  return count;
}

// Each accessor answers.
void Use(const Reply& reply) {
  (void)reply.AsInteger();
  (void)reply.AsOptionalText();
  (void)reply.AsText();
  (void)reply.AsFields();
  Require(reply.is_error() == !reply.ToStatus().ok());
  Require(reply.ToString().size() < 4096);
}

}  // namespace

// The first byte says how the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = Read(bytes, bytes.size() + 1);
  for (const Reply& reply : whole.replies) {
    Require(CountItems(reply) <= kLimits.items);
    Use(reply);
  }
  Require(whole == Read(bytes, 1));
  Require(whole == Read(bytes, 1 + data[0] % 64));
  return 0;
}
