// The conversations of tests/support/rtmp/dialects, noted with the real SRS: through the bridge
// each client hears the same, however its bytes and the origin's are cut.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/protocol/rtmp/big_endian.h"
#include "dataplane/protocol/rtmp/control_message.h"
#include "tests/unit/dataplane/protocol/rtmp/bridge_peers.h"

namespace srsproxy::rtmp {
namespace {

using testing::Bytes;
using testing::kCommand;
using testing::Message;
using testing::Named;
using testing::operator+=;
using testing::MessageBytes;
using testing::Peers;

constexpr uint32_t kOriginChunkSize = 60'000;

struct Line {
  bool said = false;  // By the client; else received by it.
  std::string text;   // Without the mark.
  std::vector<std::string> words;
};

std::vector<Line> ReadScript(const std::filesystem::path& path) {
  std::vector<Line> lines;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    if (text.empty() || text[0] == '#') continue;
    Line line{.said = text[0] == '>', .text = text.substr(2), .words = {}};
    std::istringstream words(line.text);
    for (std::string word; words >> word;) line.words.push_back(word);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> DialectNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(DIALECTS_DIR)) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

uint32_t Number(const std::string& word) {
  return static_cast<uint32_t>(std::strtoul(word.c_str(), nullptr, 10));
}

// A command's information object has a code.
std::string CodeOf(const Command& command) {
  for (const AmfValue& argument : command.arguments) {
    const AmfObject* object = argument.AsObject();
    if (object == nullptr || object->Find("code") == nullptr) continue;
    return " " + *object->Find("code")->AsString();
  }
  return "";
}

// As the scripts write it; empty for what they do not listen to.
std::string Described(const Message& message) {
  const auto number = [&] {
    return std::to_string(ReadControlNumber(message.payload).value_or(0));
  };
  switch (message.header.type) {
    case MessageType::kSetChunkSize:
      return "chunk_size " + number();
    case MessageType::kWindowAckSize:
      return "window_ack_size " + number();
    case MessageType::kSetPeerBandwidth:
      return "peer_bandwidth " + number();
    case MessageType::kUserControl: {
      const auto control = ReadUserControl(message.payload);
      return (control->event == UserControlEvent::kStreamBegin ? "stream_begin "
                                                               : "ping_response ") +
             std::to_string(control->value);
    }
    case MessageType::kDataAmf0:
      return DecodeCommand(kCommand, message.payload)->name;
    default:
      break;
  }
  if (!IsCommand(message.header.type)) return "";
  const auto command = DecodeCommand(message.header.type, message.payload);
  if (!command.ok()) return "unreadable";
  return command->name + " " + std::to_string(static_cast<int>(command->transaction_id)) +
         CodeOf(*command);
}

// Writes a client's lines.
class Encoder {
 public:
  Bytes Write(const std::vector<std::string>& words) {
    const std::string& name = words[0];
    if (name == "chunk_size") {
      Bytes bytes = Control(MessageType::kSetChunkSize, SetChunkSizePayload(Number(words[1])));
      chunk_size_ = Number(words[1]);
      return bytes;
    }
    if (name == "window_ack_size") {
      return Control(MessageType::kWindowAckSize, WindowAckSizePayload(Number(words[1])));
    }
    if (name == "peer_bandwidth") {
      return Control(MessageType::kSetPeerBandwidth,
                     SetPeerBandwidthPayload(Number(words[1]), PeerBandwidthLimit::kDynamic));
    }
    if (name == "ping") {
      return Control(MessageType::kUserControl,
                     UserControlPayload(UserControlEvent::kPingRequest, Number(words[1])));
    }
    if (name == "set_buffer_length") {
      Bytes payload = UserControlPayload(UserControlEvent::kSetBufferLength, Number(words[1]));
      payload += Bytes{0, 0, 3, 232};
      return Control(MessageType::kUserControl, payload);
    }
    if (name == "video") return Media(MessageType::kVideo, Bytes(400, 0x17), 6);
    if (name == "metadata") {
      return Media(MessageType::kDataAmf0, EncodeCommand(kCommand, Named("@setDataFrame", 0, {})),
                   4);
    }
    return Call(words);
  }

 private:
  Bytes Control(MessageType type, const Bytes& payload) const {
    return MessageBytes(type, 0, payload, 2, 0, chunk_size_);
  }
  Bytes Media(MessageType type, const Bytes& payload, uint32_t chunk_stream_id) const {
    return MessageBytes(type, 1, payload, chunk_stream_id, 40, chunk_size_);
  }
  Bytes Connect(const std::vector<std::string>& words) const {
    AmfObject object;
    object.properties = {{"app", "live"}, {"tcUrl", "rtmp://example.com/live"}};
    for (size_t index = 2; index < words.size(); ++index) {
      const size_t split = words[index].find('=');
      object.properties.emplace_back(words[index].substr(0, split), words[index].substr(split + 1));
    }
    return MessageBytes(
        kCommand, 0,
        EncodeCommand(kCommand,
                      Command{"connect", static_cast<double>(Number(words[1])), {object}}),
        3, 0, chunk_size_);
  }
  Bytes Call(const std::vector<std::string>& words) const {
    Command command{words[0], static_cast<double>(Number(words[1])), {}};
    MessageType type = kCommand;
    uint32_t stream_id = 0;
    if (words[0] == "connect") return Connect(words);
    for (size_t index = 2; index < words.size(); ++index) {
      const std::string& word = words[index];
      if (word == "#amf3") {
        type = MessageType::kCommandAmf3;
      } else if (word[0] == '@') {
        stream_id = 1;
      } else if (word == "null") {
        command.arguments.emplace_back(AmfNull{});
      } else if (std::isdigit(static_cast<unsigned char>(word.back())) != 0 &&
                 word.find('?') == std::string::npos) {
        command.arguments.emplace_back(std::strtod(word.c_str(), nullptr));
      } else {
        command.arguments.emplace_back(word);
      }
    }
    return MessageBytes(type, stream_id, EncodeCommand(type, command), stream_id == 0 ? 3 : 8, 0,
                        chunk_size_);
  }

  size_t chunk_size_ = kDefaultChunkSize;
};

// Answers as SRS does.
class ModelOfSrs {
 public:
  Bytes Answer(const Message& message) {
    answer_.clear();
    if (const auto control = ReadUserControl(message.payload);
        message.header.type == MessageType::kUserControl &&
        control->event == UserControlEvent::kPingRequest) {
      Control(MessageType::kUserControl,
              UserControlPayload(UserControlEvent::kPingResponse, control->value));
    }
    if (IsCommand(message.header.type)) {
      OnCall(*DecodeCommand(message.header.type, message.payload));
    }
    return std::move(answer_);
  }

 private:
  enum class Step : uint8_t {
    kAny,
    kSecondCall,
    kCreate,
    kPublish,
    kCreated,
    kFlash,
    kEncoder,
    kPlay
  };

  static bool IsEncoderCall(const Command& call) {
    return call.name == "releaseStream" || call.name == "FCPublish" || call.name == "FCUnpublish";
  }

  void OnCall(const Command& call) {
    if (call.name == "connect") return Greet();
    switch (step_) {
      case Step::kAny:
        return OnAnyCall(call);
      case Step::kSecondCall:
        if (IsEncoderCall(call)) Result(call, AmfUndefined{}, Step::kCreate);
        return;
      case Step::kCreate:
        if (call.name == "createStream") Result(call, 1, Step::kPublish);
        return;
      case Step::kPublish:
        if (call.name == "publish") StartEncoder();
        return;
      case Step::kCreated:
        if (call.name == "play") return StartPlay();
        if (call.name == "publish") return Start("NetStream.Publish.Start", Step::kFlash);
        if (call.name == "createStream") Result(call, 1, Step::kCreated);
        if (IsEncoderCall(call)) Result(call, AmfUndefined{}, Step::kPublish);
        return;
      case Step::kFlash:
        step_ = Step::kAny;
        return;
      case Step::kEncoder:
        if (IsEncoderCall(call)) Unpublish(call);
        return;
      case Step::kPlay:
        if (call.name == "closeStream") {
          step_ = Step::kAny;
        } else if (call.transaction_id > 0) {
          Result(call, AmfNull{}, Step::kPlay);
        }
        return;
    }
  }

  void OnAnyCall(const Command& call) {
    if (call.name == "createStream") return Result(call, 1, Step::kCreated);
    if (call.name == "play") return StartPlay();
    if (IsEncoderCall(call)) return Result(call, AmfUndefined{}, Step::kSecondCall);
    if (call.name != "publish" && call.name != "closeStream") Result(call, AmfNull{}, Step::kAny);
  }

  void Greet() {
    Control(MessageType::kWindowAckSize, WindowAckSizePayload(2'500'000));
    Control(MessageType::kSetPeerBandwidth,
            SetPeerBandwidthPayload(2'500'000, PeerBandwidthLimit::kDynamic));
    Control(MessageType::kSetChunkSize, SetChunkSizePayload(kOriginChunkSize));
    Call(ConnectResult(1, 0), 0);
    Call(Named("onBWDone", 0, {AmfNull{}}), 0);
  }
  void StartEncoder() {
    Call(WithCode("onFCPublish", "NetStream.Publish.Start"), 1);
    Start("NetStream.Publish.Start", Step::kEncoder);
  }
  void StartPlay() {
    Control(MessageType::kUserControl, UserControlPayload(UserControlEvent::kStreamBegin, 1));
    Start("NetStream.Play.Reset", Step::kPlay);
    Start("NetStream.Play.Start", Step::kPlay);
    const Bytes access = EncodeCommand(kCommand, Named("|RtmpSampleAccess", 0, {}));
    answer_ += MessageBytes(MessageType::kDataAmf0, 1, access, 5, 0, kOriginChunkSize);
  }
  void Unpublish(const Command& call) {
    Call(WithCode("onFCUnpublish", "NetStream.Unpublish.Success"), 1);
    Result(call, AmfUndefined{}, Step::kAny);
    Start("NetStream.Unpublish.Success", Step::kAny);
  }
  void Start(std::string_view code, Step next) {
    Call(OnStatus("status", code, "as SRS"), 1);
    step_ = next;
  }
  void Result(const Command& call, AmfValue value, Step next) {
    Call(Command{"_result", call.transaction_id, {AmfNull{}, std::move(value)}}, 0);
    step_ = next;
  }
  static Command WithCode(std::string name, std::string_view code) {
    Command command = OnStatus("status", code, "as SRS");
    command.name = std::move(name);
    return command;
  }
  void Control(MessageType type, const Bytes& payload) {
    answer_ += MessageBytes(type, 0, payload, 2);
  }
  void Call(const Command& command, uint32_t stream_id) {
    answer_ += MessageBytes(kCommand, stream_id, EncodeCommand(kCommand, command),
                            stream_id == 0 ? 3 : 5, 0, kOriginChunkSize);
  }

  Bytes answer_;
  Step step_ = Step::kAny;
};

class Conversation {
 public:
  explicit Conversation(size_t step, size_t first) : peers_(step, first) {
    peers_.HandshakeAsClient();
  }

  void MessageBytes(const std::vector<std::string>& words) {
    peers_.Client(encoder_.Write(words));
    while (Serve()) {
    }
  }

  std::vector<std::string> Received() const {
    std::vector<std::string> received;
    for (const Message& message : peers_.ReceivedByClient()) {
      std::string text = Described(message);
      if (!text.empty()) received.push_back(std::move(text));
    }
    return received;
  }

 private:
  // One step of the driver or the origin; false when there is nothing to do.
  bool Serve() {
    if (peers_.bridge.state() == BridgeState::kSelecting) {
      connected_ ? peers_.Continue() : peers_.ConnectOrigin();
      connected_ = true;
      return true;
    }
    if (!connected_) return false;
    const auto received = peers_.ReceivedByOrigin();
    if (received.size() == answered_) return false;
    peers_.Origin(srs_.Answer(received[answered_++]));
    return true;
  }

  Peers peers_;
  Encoder encoder_;
  ModelOfSrs srs_;
  bool connected_ = false;
  size_t answered_ = 0;
};

class DialectTest : public ::testing::TestWithParam<std::string> {
 protected:
  // Input comes in pieces of `step` bytes, after a first one of `first`.
  void Run(size_t step, size_t first) const {
    SCOPED_TRACE("step " + std::to_string(step) + ", first " + std::to_string(first));
    Conversation conversation(step, first);
    std::vector<std::string> wanted;
    for (const Line& line : script_) {
      if (line.said) {
        conversation.MessageBytes(line.words);
        continue;
      }
      wanted.push_back(line.text);
      const auto received = conversation.Received();
      ASSERT_GE(received.size(), wanted.size()) << "the client waits for " << line.text;
      ASSERT_EQ(received[wanted.size() - 1], line.text);
    }
    EXPECT_EQ(conversation.Received(), wanted);
  }

  const std::vector<Line> script_ =
      ReadScript(std::filesystem::path(DIALECTS_DIR) / (GetParam() + ".txt"));
};

TEST_P(DialectTest, ReceivesWhatSrsSends) { Run(SIZE_MAX, SIZE_MAX); }

TEST_P(DialectTest, ReceivesItByteByByte) { Run(1, 1); }

TEST_P(DialectTest, ReceivesItWhereverTheInputIsCut) {
  // No command is longer. Shorter cuts one by one: they fall into headers and names.
  for (size_t first = 1; first < 320 && !HasFatalFailure(); first += first < 40 ? 1 : 7) {
    Run(SIZE_MAX, first);
  }
}

INSTANTIATE_TEST_SUITE_P(All, DialectTest, ::testing::ValuesIn(DialectNames()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace srsproxy::rtmp
