// A bridge between a client and an origin that a test plays.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/rtmp/bridge.h"
#include "dataplane/protocol/rtmp/control_message.h"
#include "tests/unit/dataplane/protocol/rtmp/chunk_model.h"

namespace srsproxy::rtmp::testing {

inline constexpr MessageType kCommand = MessageType::kCommandAmf0;

// A whole message on its own chunk stream.
inline Bytes MessageBytes(MessageType type, uint32_t stream_id, std::span<const uint8_t> payload,
                          uint32_t chunk_stream_id = 3, uint32_t timestamp = 0,
                          size_t chunk_size = kDefaultChunkSize) {
  const size_t first = std::min<size_t>(payload.size(), chunk_size);
  Bytes bytes = Chunk({.format = 0,
                       .chunk_stream_id = chunk_stream_id,
                       .timestamp = timestamp,
                       .length = static_cast<uint32_t>(payload.size()),
                       .type = type,
                       .stream_id = stream_id},
                      payload.first(first));
  for (payload = payload.subspan(first); !payload.empty();) {
    const size_t next = std::min<size_t>(payload.size(), chunk_size);
    bytes += Continuation(chunk_stream_id, payload.first(next));
    payload = payload.subspan(next);
  }
  return bytes;
}

inline Bytes MessageBytes(const Command& command, uint32_t stream_id = 0,
                          uint32_t chunk_stream_id = 3) {
  return MessageBytes(kCommand, stream_id, EncodeCommand(kCommand, command), chunk_stream_id);
}

inline Command Named(std::string name, double transaction, std::vector<AmfValue> arguments) {
  return {std::move(name), transaction, std::move(arguments)};
}

// Both peers of a bridge, and its driver.
class Peers : public Bridge::Listener {
 public:
  // Input is given to the bridge in pieces of at most `step` bytes, the first one of `first`.
  explicit Peers(size_t step = SIZE_MAX, size_t first = SIZE_MAX) : step_(step), first_(first) {}

  void OnBridgeState(BridgeState, BridgeState now) override { states.push_back(now); }

  void HandshakeAsClient(const HopList& hops = {}) {
    ClientHandshake handshake({.time_ms = 1, .random = 2, .hops = hops});
    while (!handshake.done()) {
      Client(handshake.TakeOutput());
      const auto used = handshake.Consume(to_client);
      ASSERT_TRUE(used.ok()) << used.status();
      to_client.erase(to_client.begin(), to_client.begin() + static_cast<ptrdiff_t>(*used));
    }
    Client(handshake.TakeOutput());
  }

  void ConnectOrigin() {
    ASSERT_EQ(bridge.state(), BridgeState::kSelecting);
    to_origin.clear();
    Output out;
    bridge.Connected({.time_ms = 3, .random = 4}, std::nullopt, {out.client, out.origin});
    Take(out);
    ServerHandshake handshake({.time_ms = 5, .random = 6});
    while (!handshake.done()) {
      const auto used = handshake.Consume(to_origin);
      ASSERT_TRUE(used.ok()) << used.status();
      to_origin.erase(to_origin.begin(), to_origin.begin() + static_cast<ptrdiff_t>(*used));
      Origin(handshake.TakeOutput());
    }
  }

  void Client(Bytes bytes) {
    Feed(std::move(bytes), [this](std::span<uint8_t> in, Bridge::Output out) {
      // As its driver, nothing but what it has an appetite for.
      in = in.first(std::min(in.size(), bridge.ClientReadCapacity()));
      bridge.FromClient(in, out);
    });
  }
  void Origin(Bytes bytes) {
    Feed(std::move(bytes),
         [this](std::span<uint8_t> in, Bridge::Output out) { bridge.FromOrigin(in, out); });
  }
  void OriginCloses() {
    Output out;
    bridge.OriginClosed(absl::OkStatus(), {out.client, out.origin});
    Take(out);
  }
  void Refuse(absl::Status why) {
    Output out;
    bridge.Refuse(std::move(why), {out.client, out.origin});
    Take(out);
  }
  void Continue() {
    Output out;
    bridge.Continue({out.client, out.origin});
    Take(out);
  }

  // What connect and createStream are answered with by an origin that gives `stream_id`.
  void AnswerCommands(double create_transaction, uint32_t stream_id = 1) {
    Origin(MessageBytes(ConnectResult(1, 0)));
    Origin(MessageBytes(CreateStreamResult(create_transaction, stream_id)));
  }

  std::vector<Message> ReceivedByClient() const {
    auto messages = Decode(SetChunkSize(client_chunk_size_) + to_client);
    messages.erase(messages.begin());
    return messages;
  }
  std::vector<Message> ReceivedByOrigin() const { return Decode(to_origin); }
  // What the client has received so far is not looked at again.
  void ForgetClient() {
    for (const Message& message : ReceivedByClient()) {
      if (message.header.type == MessageType::kSetChunkSize) {
        client_chunk_size_ = *ReadControlNumber(message.payload);
      }
    }
    to_client.clear();
  }
  // The commands among them, as "name" or "name code".
  static std::vector<std::string> Names(const std::vector<Message>& messages) {
    std::vector<std::string> names;
    for (const Message& message : messages) {
      if (!IsCommand(message.header.type)) continue;
      const auto command = DecodeCommand(message.header.type, message.payload);
      EXPECT_TRUE(command.ok());
      std::string name = command->name;
      const AmfObject* information = command->Argument(1).AsObject();
      if (name.starts_with("on") && information != nullptr &&
          information->Find("code") != nullptr) {
        name += " " + *information->Find("code")->AsString();
      }
      names.push_back(std::move(name));
    }
    return names;
  }

  VhostPolicy vhosts = *VhostPolicy::Parse("*");
  std::vector<BridgeState> states;
  Bridge bridge{vhosts, {.time_ms = 7, .random = 8}, *this};
  Bytes to_client;  // After the handshake.
  Bytes to_origin;

 private:
  struct Output {
    BufferSequence client;
    BufferSequence origin;
  };

  static std::vector<Message> Decode(const Bytes& bytes) {
    auto decoded = ChunkDecoder::Decode(bytes);
    EXPECT_EQ(decoded.error, "");
    EXPECT_THAT(decoded.unfinished, ::testing::IsEmpty());
    return decoded.messages;
  }

  void Take(const Output& out) {
    out.client.CopyTo(to_client);
    out.origin.CopyTo(to_origin);
  }

  template <typename Give>
  void Feed(Bytes bytes, Give give) {
    std::span<uint8_t> in = bytes;
    for (size_t size = std::min(first_, step_); !in.empty(); size = step_) {
      const auto piece = in.first(std::min(size, in.size()));
      Output out;
      give(piece, {out.client, out.origin});
      Take(out);
      in = in.subspan(piece.size());
    }
  }

  const size_t step_;
  const size_t first_;
  uint32_t client_chunk_size_ = kDefaultChunkSize;
};

}  // namespace srsproxy::rtmp::testing
