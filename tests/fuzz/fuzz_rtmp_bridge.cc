// Two hostile peers of one bridge. The input is a list of steps: who acts, how many bytes (two, big
// endian), the bytes. What the bridge writes to either side, a chunk forwarder must be able to
// read.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/protocol/rtmp/bridge.h"
#include "dataplane/protocol/rtmp/chunk_forwarder.h"
#include "dataplane/protocol/rtmp/handshake.h"

namespace srsproxy::rtmp {
namespace {

using Bytes = std::vector<uint8_t>;

void Require(bool holds) {
  if (!holds) std::abort();
}

class PassAll final : public MessageObserver {
 public:
  MessageAction OnMessageStart(const MessageHeader&, std::span<const uint8_t>) override {
    return MessageAction::kPass;
  }
  Decision OnMessage(const MessageHeader&, std::span<uint8_t>) override {
    return Decision::kForward;
  }
};

// Reads what one side gets.
class Reader {
 public:
  void Read(const BufferSequence& pieces) {
    Bytes bytes;
    pieces.CopyTo(bytes);
    BufferSequence unused;
    Require(forwarder_.Forward(bytes, unused).ok());
  }

 private:
  PassAll observer_;
  ChunkForwarder forwarder_{
      Side::kProxy, &observer_, {.max_collected = 1u << 20, .max_chunk_streams = 256}};
};

class Driver final : public Bridge::Listener {
 public:
  Driver() { HandshakeAsClient(); }

  void OnBridgeState(BridgeState, BridgeState) override {}

  void Act(uint8_t who, Bytes bytes) {
    switch (who % 6) {
      case 0:
      case 1:
        return FromClient(std::move(bytes));
      case 2:
        return FromOrigin(std::move(bytes));
      case 3:
        if (bridge_.state() == BridgeState::kSelecting) {
          connected_&& bridge_.redirect().empty() ? Continue() : Connect();
        }
        return;
      case 4:
        return CloseOrigin();
      case 5:
        if (bridge_.state() == BridgeState::kSelecting ||
            bridge_.state() == BridgeState::kAwaitingOrigin) {
          BufferSequence client;
          BufferSequence origin;
          bridge_.Refuse(OriginFailure(absl::StatusCode::kUnavailable, "none"), {client, origin});
          Take(client, origin);
        }
        return;
    }
  }

 private:
  void FromClient(Bytes bytes) {
    if (bridge_.state() == BridgeState::kEnded) return;
    std::span<uint8_t> in = bytes;
    in = in.first(std::min(in.size(), bridge_.ClientReadCapacity()));
    BufferSequence client;
    BufferSequence origin;
    bridge_.FromClient(in, {client, origin});
    Take(client, origin);
  }
  void FromOrigin(Bytes bytes) {
    if (!connected_ || bridge_.state() == BridgeState::kEnded) return;
    BufferSequence client;
    BufferSequence origin;
    bridge_.FromOrigin(bytes, {client, origin});
    Take(client, origin);
  }
  void Continue() {
    BufferSequence client;
    BufferSequence origin;
    bridge_.Continue({client, origin});
    Take(client, origin);
  }
  void CloseOrigin() {
    if (!connected_ || bridge_.state() == BridgeState::kEnded) return;
    connected_ = false;
    BufferSequence client;
    BufferSequence origin;
    bridge_.OriginClosed(absl::OkStatus(), {client, origin});
    Take(client, origin);
  }

  void HandshakeAsClient() {
    ClientHandshake handshake({.time_ms = 1, .random = 2});
    Bytes said(handshake.TakeOutput());
    while (true) {
      BufferSequence client;
      BufferSequence origin;
      bridge_.FromClient(said, {client, origin});
      if (handshake.done()) return;
      Bytes heard;
      client.CopyTo(heard);
      Require(handshake.Consume(heard).ok());
      said = handshake.TakeOutput();
    }
  }
  void Connect() {
    connected_ = true;
    at_origin_.emplace();
    ServerHandshake handshake({.time_ms = 3, .random = 4});
    Bytes heard;
    {
      BufferSequence client;
      BufferSequence origin;
      bridge_.Connected({.time_ms = 5, .random = 6}, std::nullopt, {client, origin});
      at_client_.Read(client);
      origin.CopyTo(heard);
    }
    while (bridge_.origin_handshaking()) {
      const auto used = handshake.Consume(heard);
      Require(used.ok());
      Bytes said(handshake.TakeOutput());
      BufferSequence client;
      BufferSequence origin;
      bridge_.FromOrigin(said, {client, origin});
      at_client_.Read(client);
      heard.clear();
      origin.CopyTo(heard);
    }
    const auto used = handshake.Consume(heard);  // Its end, and the first of the record.
    Require(used.ok() && handshake.done());
    BufferSequence record;
    record.AppendCopy(std::span(heard).subspan(*used));
    at_origin_->Read(record);
  }

  void Take(const BufferSequence& client, const BufferSequence& origin) {
    at_client_.Read(client);
    if (at_origin_.has_value()) at_origin_->Read(origin);
  }

  const VhostPolicy vhosts_ = *VhostPolicy::Parse("*");
  Bridge bridge_{vhosts_, {.time_ms = 7, .random = 8}, *this};
  Reader at_client_;
  std::optional<Reader> at_origin_;
  bool connected_ = false;
};

}  // namespace
}  // namespace srsproxy::rtmp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using srsproxy::rtmp::Driver;
  Driver driver;
  std::span<const uint8_t> input(data, size);
  while (input.size() >= 3) {
    const size_t length = std::min<size_t>(size_t{input[1]} << 8 | input[2], input.size() - 3);
    const auto bytes = input.subspan(3, length);
    driver.Act(input[0], {bytes.begin(), bytes.end()});
    input = input.subspan(3 + length);
  }
  return 0;
}
