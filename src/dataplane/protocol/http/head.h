// Heads of HTTP/1.x messages: read, checked and written without IO. RFC 9110, RFC 9112.
//
// Boost.Beast reads fields; what is checked here is what a proxy has to be strict about, for a
// neighbour that reads the same bytes otherwise could be fooled (request smuggling).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/beast/http/fields.hpp>

namespace srsproxy::http {

using Fields = boost::beast::http::fields;

inline constexpr size_t kMaxHeadBytes = 64 * 1024;
inline constexpr size_t kMaxFields = 256;

// How the end of a body is found. RFC 9112 section 6.3.
enum class Framing : uint8_t {
  kNone,        // There is no body.
  kLength,      // Content-Length.
  kChunked,     // Transfer-Encoding: chunked.
  kUntilClose,  // Of an answer alone.
};

struct RequestHead {
  std::string method;  // As sent: methods are case-sensitive.
  std::string target;  // Path and query; of an absolute target too.
  std::string host;    // Host, or that of an absolute target; with its port, where one was sent.
  bool http10 = false;
  bool keep_alive = true;
  bool upgrade = false;  // To a WebSocket.
  bool expects_continue = false;
  Framing framing = Framing::kNone;
  uint64_t length = 0;  // Of the body, with kLength.
  Fields fields;        // All, as sent.
};

struct ResponseHead {
  unsigned status = 0;
  std::string reason;
  bool keep_alive = true;
  Framing framing = Framing::kUntilClose;
  uint64_t length = 0;  // Of the body, with kLength.
  Fields fields;        // All, as sent.
};

// Why a message is refused. For an answer of an origin `status` is 502.
struct HeadError {
  unsigned status = 400;
  std::string message;
};

// Bytes as the text that a head is.
inline std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A target without its query.
inline std::string_view PathOf(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// Where the head at the start of `bytes` ends, just after its empty line; nullopt: not yet.
std::optional<size_t> FindHeadEnd(std::string_view bytes);

// What is known of a head whose end has not come: nullopt, or that it never will be one. The
// first `seen` bytes were looked at before.
std::optional<HeadError> CheckUnfinishedHead(std::string_view bytes, size_t seen);

// `head` ends with its empty line. 400: it is malformed, or gives in two ways where its body ends;
// 431: too many fields; 501: a transfer coding other than chunked; 505: not HTTP/1.
std::variant<RequestHead, HeadError> ParseRequestHead(std::string_view head);

// `method`: of the request that is answered.
std::variant<ResponseHead, HeadError> ParseResponseHead(std::string_view head,
                                                        std::string_view method);

// Fields that end at the next hop are left out: those that Connection names, and the ones that
// RFC 9110 section 7.6.1 lists.
Fields EndToEnd(const Fields& fields);

// The first value of a field, or "".
std::string_view ValueOf(const Fields& fields, std::string_view name);

// "METHOD target HTTP/1.1", the fields in order, the empty line.
std::string WriteRequestHead(std::string_view method, std::string_view target,
                             const Fields& fields);
// The same for an answer. `reason` may be empty.
std::string WriteResponseHead(unsigned status, std::string_view reason, const Fields& fields);

}  // namespace srsproxy::http
