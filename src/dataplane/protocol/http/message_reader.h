// Reads HTTP/1.x messages off one connection: heads, and bodies that are small enough to be held.
// RFC 9112. The one place that decides where a message ends, for clients, origins and the System
// API alike.
//
//   MessageReader reader(rules);
//   while (true) {
//     auto read = reader.ReadRequest();                  // or ReadResponse, then ReadBody
//     if (auto* head = std::get_if<RequestHead>(&read)) ...
//     if (auto* error = std::get_if<HeadError>(&read)) ...
//     const size_t got = <read some bytes into reader.Prepare(4096)>;
//     reader.Commit(got);                                // or Close(), when there are no more
//   }
//
// Sans-IO. Bytes that come behind a message stay for the next one. Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dataplane/protocol/http/body_reader.h"
#include "dataplane/protocol/http/head.h"

namespace srsproxy::http {

// It is not known yet.
struct NeedMore {};

// After an error nothing more is to be read.
template <typename T>
using Read = std::variant<NeedMore, T, HeadError>;

class MessageReader {
 public:
  struct Rules {
    size_t max_head = kMaxHeadBytes;
    uint64_t max_body = 64 * 1024;
    bool host_needed = true;  // By a request of HTTP/1.1. RFC 9112 section 3.2.
  };

  MessageReader() = default;
  explicit MessageReader(const Rules& rules) : rules_(rules) {}

  // Where the next bytes go, `most` at most; empty only when a head is as long as it may be.
  std::span<uint8_t> Prepare(size_t most);
  // As many of them have come.
  void Commit(size_t count);
  // No more will come. What has begun and is not whole is an error then.
  void Close() { closed_ = true; }

  // The head of the next request. An empty line before it is ignored. 431: too long; 400 also: cut
  // off; else as ParseRequestHead.
  Read<RequestHead> ReadRequest();
  // The head of the answer to a request by `method`; 100 Continue and its kind are skipped. 502.
  Read<ResponseHead> ReadResponse(std::string_view method);
  // All of the body that belongs to the head which was read last, without chunks. 413: longer than
  // max_body; 400: broken or cut off, of an answer 502.
  Read<std::string> ReadBody();

  // Between two messages: nothing of the next one has come.
  bool idle() const { return bytes_.empty() && body_reader_.at_end(); }
  // Nothing has come at all.
  bool untouched() const { return untouched_; }
  // The client waits for 100 Continue before it sends the body, which is not too long.
  bool awaits_continue() const;

  // For whoever follows a body itself: hands out what has come behind the head, and takes what of
  // the next message came meanwhile.
  std::vector<uint8_t> TakeUnread();
  void Append(std::span<const uint8_t> bytes);
  size_t unread() const { return bytes_.size(); }

 private:
  template <typename Head, typename Parse>
  Read<Head> ReadHead(Parse parse);
  void BeginBody(Framing framing, uint64_t length);
  HeadError Fault(unsigned status, std::string message) const;
  void Drop(size_t count);

  Rules rules_;
  std::vector<uint8_t> bytes_;  // That have come and were not read.
  size_t prepared_ = 0;         // At the end of bytes_, not committed.
  size_t looked_at_ = 0;        // Of an unfinished head.
  size_t empty_lines_ = 0;      // Before the head.
  int interim_ = 0;             // Answers of the kind of 100 Continue.
  bool untouched_ = true;
  bool closed_ = false;
  bool of_answer_ = false;
  bool expects_continue_ = false;
  BodyReader body_reader_;
  uint64_t announced_length_ = 0;
  std::string body_;
};

}  // namespace srsproxy::http
