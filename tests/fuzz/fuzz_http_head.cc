// Heads and bodies of HTTP messages: whatever comes, and however it is cut, nothing breaks, a body
// is read the same way, a connection's requests too, and no more of a file is sent than there is.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dataplane/protocol/http/body_reader.h"
#include "dataplane/protocol/http/file_request.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/protocol/http/message_reader.h"

namespace {

using srsproxy::BufferSequence;
using srsproxy::http::BodyReader;

// What of `body` is passed, read in parts of `part` bytes.
std::vector<uint8_t> ReadBody(BodyReader reader, std::span<const uint8_t> body, size_t part) {
  std::vector<uint8_t> passed;
  while (!body.empty() && !reader.at_end()) {
    BufferSequence out;
    const auto in = body.first(std::min(part, body.size()));
    const auto taken = reader.Read(in, out);
    out.CopyTo(passed);
    if (!taken.ok()) break;
    if (*taken > in.size() || (*taken < in.size() && !reader.at_end())) std::abort();
    body = body.subspan(*taken);
  }
  return passed;
}

void CheckBody(srsproxy::http::Framing framing, uint64_t length, std::span<const uint8_t> body) {
  for (const auto chunks : {BodyReader::Chunks::kKept, BodyReader::Chunks::kRemoved}) {
    const BodyReader reader(framing, length, chunks);
    if (ReadBody(reader, body, body.size()) != ReadBody(reader, body, 1)) std::abort();
  }
}

// What a connection's requests are read as, fed `part` bytes at a time.
std::string ReadRequests(std::span<const uint8_t> wire, size_t part) {
  using srsproxy::http::HeadError;
  using srsproxy::http::MessageReader;
  using srsproxy::http::RequestHead;
  MessageReader reader({.max_head = 1024, .max_body = 256});
  std::string read;
  bool in_body = false;
  const auto next = [&] {
    if (!in_body) {
      const auto head = reader.ReadRequest();
      if (const auto* error = std::get_if<HeadError>(&head)) {
        read += std::to_string(error->status);
      } else if (const auto* request = std::get_if<RequestHead>(&head)) {
        read += request->method + " " + request->target + "\n";
        in_body = true;
        return true;
      }
      return false;
    }
    const auto body = reader.ReadBody();
    if (const auto* error = std::get_if<HeadError>(&body)) read += std::to_string(error->status);
    const auto* content = std::get_if<std::string>(&body);
    if (content == nullptr) return false;
    read += *content + "\n";
    in_body = false;
    return true;
  };
  const auto failed = [&] { return !read.empty() && read.back() != '\n'; };
  while (!wire.empty() && !failed()) {
    const auto into = reader.Prepare(std::min(part, wire.size()));
    if (into.empty()) std::abort();  // Or it waits for ever.
    std::copy_n(wire.begin(), into.size(), into.begin());
    reader.Commit(into.size());
    wire = wire.subspan(into.size());
    while (!failed() && next()) {
    }
  }
  reader.Close();
  if (!failed()) next();
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::span<const uint8_t> wire(data, size);
  if (ReadRequests(wire, 1) != ReadRequests(wire, 100)) std::abort();
  const auto end = srsproxy::http::FindHeadEnd(text);
  if (!end.has_value()) return 0;
  const std::span body(data + *end, size - *end);
  const auto request = srsproxy::http::ParseRequestHead(text.substr(0, *end));
  if (const auto* head = std::get_if<srsproxy::http::RequestHead>(&request)) {
    if (head->target.empty()) std::abort();
    (void)srsproxy::http::EndToEnd(head->fields);
    CheckBody(head->framing, head->length, body);
    const auto reply =
        srsproxy::http::ReplyTo(*head, {.size = 1000, .modified = absl::UnixEpoch()});
    if (reply.begin > 1000 || reply.length > 1000 - reply.begin) std::abort();
  }
  const auto response = srsproxy::http::ParseResponseHead(text.substr(0, *end), "GET");
  if (const auto* head = std::get_if<srsproxy::http::ResponseHead>(&response)) {
    CheckBody(head->framing, head->length, body);
  }
  return 0;
}
