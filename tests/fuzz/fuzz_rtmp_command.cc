// Any command payload, under both message types: every view of it either reads or fails, and stream
// ids are rewritten in place.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/payload_stream_id.h"

namespace srsproxy::rtmp {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckCommand(MessageType type, std::span<const uint8_t> payload) {
  const auto prefix = payload.first(std::min<size_t>(payload.size(), 16));
  const std::string_view peeked = PeekCommandName(type, prefix);
  const auto command = DecodeCommand(type, payload);
  if (!command.ok()) return;
  if (!peeked.empty()) Require(command->name.starts_with(peeked));
  (void)ConnectCommand::From(*command);
  (void)PublishCommand::From(*command);
  (void)PlayCommand::From(*command);
  (void)StreamNameCommand::From(*command);
  (void)DeleteStreamCommand::From(*command);
  (void)ResultCommand::From(*command);
  (void)StatusCommand::From(*command);
}

void CheckRewrite(MessageType type, std::span<const uint8_t> payload) {
  std::vector<uint8_t> changed(payload.begin(), payload.end());
  if (!RewriteStreamId(type, changed, 1, 2)) {
    Require(std::equal(changed.begin(), changed.end(), payload.begin()));
    return;
  }
  Require(RewriteStreamId(type, changed, 2, 1));
  Require(!RewriteStreamId(type, changed, 2, 1));
}

}  // namespace
}  // namespace srsproxy::rtmp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using srsproxy::rtmp::MessageType;
  for (const MessageType type : {MessageType::kCommandAmf0, MessageType::kCommandAmf3}) {
    srsproxy::rtmp::CheckCommand(type, {data, size});
    srsproxy::rtmp::CheckRewrite(type, {data, size});
  }
  srsproxy::rtmp::CheckRewrite(MessageType::kUserControl, {data, size});
  return 0;
}
