// What clients and origins of RTMP send and await, as scripts.
#pragma once

#include <cstddef>
#include <string>

#include "tests/unit/dataplane/protocol/rtmp/bridge_peers.h"
#include "tests/unit/dataplane/proxy/scripted_peer.h"

namespace srsproxy::rtmp::testing {

using srsproxy::testing::Script;

inline constexpr size_t kHandshakePacket = 1536;

inline std::string Text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

// As a command begins: an AMF0 string.
inline std::string NameOf(const std::string& command) {
  return std::string("\x02\x00", 2) + static_cast<char>(command.size()) + command;
}

inline std::string Media() {
  const std::string text = "\x27MEDIA";
  return Text(MessageBytes(MessageType::kVideo, 1, Bytes(text.begin(), text.end()), 6));
}

// The handshake without digests, and all up to the client's command on its stream.
inline Script ClientSends(const Command& command) {
  AmfObject about;
  about.properties = {{"app", "live"}, {"tcUrl", "rtmp://v.com/live"}};
  return {{.send = "\x03" + std::string(kHandshakePacket, '\0')},
          {.bytes = 1 + 2 * kHandshakePacket},
          {.send = std::string(kHandshakePacket, '\0')},
          {.send = Text(MessageBytes(Named("connect", 1, {about})))},
          {.until = NameOf("_result")},
          {.send = Text(MessageBytes(CreateStream(2)))},
          {.until = NameOf("_result")},
          {.send = Text(MessageBytes(command, 1, 8))},
          {.until = NameOf("onStatus")}};
}

inline Script OriginAnswers(const std::string& command, const std::string& code) {
  return {{.bytes = 1 + kHandshakePacket},
          {.send = "\x03" + std::string(2 * kHandshakePacket, '\0')},
          {.bytes = kHandshakePacket},
          {.until = NameOf("connect")},
          {.send = Text(MessageBytes(ConnectResult(1, 0)))},
          {.until = NameOf("createStream")},
          {.send = Text(MessageBytes(CreateStreamResult(2, 1)))},
          {.until = NameOf(command)},
          {.send = Text(MessageBytes(OnStatus("status", code, "it begins"), 1, 5))}};
}

struct Roles {
  Script client;
  Script origin;
};

inline Roles Plays() {
  Roles roles{ClientSends(Named("play", 0, {AmfNull{}, "cam"})),
              OriginAnswers("play", "NetStream.Play.Start")};
  roles.origin.push_back({.send = Media()});
  roles.client.push_back({.until = "MEDIA"});
  return roles;
}

inline Roles Publishes() {
  Roles roles{ClientSends(Named("publish", 3, {AmfNull{}, "cam", "live"})),
              OriginAnswers("publish", "NetStream.Publish.Start")};
  roles.client.push_back({.send = Media()});
  roles.origin.push_back({.until = "MEDIA"});
  return roles;
}

}  // namespace srsproxy::rtmp::testing
