#include "dataplane/protocol/http/head.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>

namespace srsproxy::http {
namespace {

namespace beast = boost::beast;
namespace bh = boost::beast::http;

constexpr std::string_view kEndOfHead = "\r\n\r\n";

beast::string_view ToBeast(std::string_view text) { return {text.data(), text.size()}; }
std::string_view FromBeast(beast::string_view text) { return {text.data(), text.size()}; }

bool Equal(std::string_view a, std::string_view b) {
  return beast::iequals(ToBeast(a), ToBeast(b));
}

bool HasToken(const Fields& fields, bh::field name, std::string_view token) {
  for (auto [at, end] = fields.equal_range(name); at != end; ++at) {
    if (bh::token_list(at->value()).exists(ToBeast(token))) return true;
  }
  return false;
}

// What Beast forgives and a proxy must not: a bare LF, a folded line, a control character.
// Looks from `from` on; an unfinished head may end within a line's end.
std::optional<HeadError> CheckText(std::string_view head, size_t from, bool finished) {
  size_t lines = 0;
  for (size_t i = from; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (c == '\n') {
      if (i == 0 || head[i - 1] != '\r') return HeadError{400, "a line ends without CR"};
      ++lines;
      if (i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) {
        return HeadError{400, "a field is folded over two lines"};
      }
    } else if (c == '\r') {
      const bool at_end = i + 1 == head.size();
      if (at_end ? finished : head[i + 1] != '\n') return HeadError{400, "a CR without LF"};
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      return HeadError{400, "there is a control character in the head"};
    }
  }
  if (lines > kMaxFields + 2) return HeadError{431, "there are more than 256 fields"};
  return std::nullopt;
}

struct BodyEnd {
  Framing framing = Framing::kNone;
  uint64_t length = 0;
};

// By the fields; nullopt: they have none.
std::variant<std::optional<BodyEnd>, HeadError> ReadBodyEnd(const Fields& fields) {
  const size_t lengths = fields.count(bh::field::content_length);
  const size_t codings = fields.count(bh::field::transfer_encoding);
  if (lengths + codings == 0) return std::nullopt;
  if (lengths + codings > 1) return HeadError{400, "the length of the body is given twice"};
  if (codings == 1) {
    if (!Equal(FromBeast(fields[bh::field::transfer_encoding]), "chunked")) {
      return HeadError{501, "only the transfer coding chunked is known"};
    }
    return BodyEnd{Framing::kChunked, 0};
  }
  const std::string_view text = FromBeast(fields[bh::field::content_length]);
  BodyEnd end{Framing::kLength, 0};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), end.length);
  if (error != std::errc() || stop != text.data() + text.size() || text.empty()) {
    return HeadError{400, "Content-Length is no number"};
  }
  if (end.length == 0) end.framing = Framing::kNone;
  return end;
}

// Parses `head`, which CheckText has seen.
template <bool kIsRequest>
std::variant<bh::message<kIsRequest, bh::empty_body>, HeadError> Parse(std::string_view head,
                                                                       unsigned fault) {
  if (auto wrong = CheckText(head, 0, true))
    return HeadError{fault == 400 ? wrong->status : fault, wrong->message};
  bh::parser<kIsRequest, bh::empty_body> parser;
  parser.header_limit(kMaxHeadBytes);
  parser.body_limit(boost::none);
  beast::error_code error;
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error && error != bh::error::need_more && error != bh::error::unexpected_body) {
    if (error == bh::error::bad_version)
      return HeadError{fault == 400 ? 505u : fault, "only HTTP/1.0 and 1.1 are spoken here"};
    return HeadError{fault, "the head is malformed: " + error.message()};
  }
  if (!parser.is_header_done()) return HeadError{fault, "the head is malformed"};
  return parser.release();
}

// Splits an absolute target into what it requests and of whom.
bool TakeAbsoluteTarget(RequestHead& head) {
  const std::string_view target = head.target;
  const size_t scheme = target.find("://");
  if (scheme == std::string_view::npos || target.starts_with('/')) return false;
  const size_t path = target.find('/', scheme + 3);
  head.host = target.substr(scheme + 3, path == std::string_view::npos ? path : path - scheme - 3);
  head.target = path == std::string_view::npos ? "/" : std::string(target.substr(path));
  return true;
}

void AppendFields(std::string& text, const Fields& fields) {
  for (const auto& field : fields) {
    text.append(FromBeast(field.name_string())).append(": ");
    text.append(FromBeast(field.value())).append("\r\n");
  }
  text.append("\r\n");
}

}  // namespace

std::optional<size_t> FindHeadEnd(std::string_view bytes) {
  const size_t at = bytes.find(kEndOfHead);
  if (at == std::string_view::npos) return std::nullopt;
  return at + kEndOfHead.size();
}

std::optional<HeadError> CheckUnfinishedHead(std::string_view bytes, size_t seen) {
  // What a last CR or LF means, the byte after it shows.
  return CheckText(bytes, seen > 0 ? seen - 1 : 0, false);
}

std::variant<RequestHead, HeadError> ParseRequestHead(std::string_view text) {
  auto parsed = Parse<true>(text, 400);
  if (auto* error = std::get_if<HeadError>(&parsed)) return std::move(*error);
  auto& message = std::get<0>(parsed);
  RequestHead head;
  head.method = FromBeast(message.method_string());
  head.target = FromBeast(message.target());
  head.http10 = message.version() < 11;
  head.keep_alive = message.keep_alive();
  head.fields = std::move(static_cast<Fields&>(message));
  const Fields& fields = head.fields;
  if (fields.count(bh::field::host) > 1) return HeadError{400, "there are two Host fields"};
  if (!TakeAbsoluteTarget(head)) head.host = FromBeast(fields[bh::field::host]);
  if (!head.target.starts_with('/') && head.target != "*") {
    return HeadError{400, "the target is no path"};
  }
  auto end = ReadBodyEnd(fields);
  if (auto* error = std::get_if<HeadError>(&end)) return std::move(*error);
  if (const auto& found = std::get<0>(end)) {
    if (head.http10 && found->framing == Framing::kChunked) {
      return HeadError{400, "HTTP/1.0 has no transfer codings"};
    }
    head.framing = found->framing;
    head.length = found->length;
  }
  head.upgrade = !head.http10 && HasToken(fields, bh::field::connection, "upgrade") &&
                 HasToken(fields, bh::field::upgrade, "websocket");
  head.expects_continue = Equal(FromBeast(fields[bh::field::expect]), "100-continue");
  return head;
}

std::variant<ResponseHead, HeadError> ParseResponseHead(std::string_view text,
                                                        std::string_view method) {
  auto parsed = Parse<false>(text, 502);
  if (auto* error = std::get_if<HeadError>(&parsed)) return std::move(*error);
  auto& message = std::get<0>(parsed);
  ResponseHead head;
  head.status = message.result_int();
  if (head.status < 100 || head.status > 599) return HeadError{502, "the status is none"};
  head.reason = FromBeast(message.reason());
  head.keep_alive = message.keep_alive();
  const bool http10 = message.version() < 11;
  head.fields = std::move(static_cast<Fields&>(message));
  auto end = ReadBodyEnd(head.fields);
  if (auto* error = std::get_if<HeadError>(&end)) return HeadError{502, std::move(error->message)};
  const auto& found = std::get<0>(end);
  if (found && http10 && found->framing == Framing::kChunked) {
    return HeadError{502, "HTTP/1.0 has no transfer codings"};
  }
  const bool no_body =
      method == "HEAD" || head.status / 100 == 1 || head.status == 204 || head.status == 304;
  if (no_body) {
    head.framing = Framing::kNone;
  } else if (found) {
    head.framing = found->framing;
    head.length = found->length;
  }
  return head;
}

Fields EndToEnd(const Fields& fields) {
  static constexpr std::string_view kHopByHop[] = {
      "Connection",
      "Keep-Alive",
      "Proxy-Connection",
      "Proxy-Authenticate",
      "Proxy-Authorization",
      "TE",
      "Trailer",
      "Transfer-Encoding",
      "Upgrade",
  };
  Fields kept;
  for (const auto& field : fields) {
    const std::string_view name = FromBeast(field.name_string());
    const bool listed = std::any_of(std::begin(kHopByHop), std::end(kHopByHop),
                                    [name](std::string_view hop) { return Equal(hop, name); });
    // Without these a message means another one: no Connection takes them away.
    const bool essential = Equal(name, "Content-Length") || Equal(name, "Host");
    if (listed || (!essential && HasToken(fields, bh::field::connection, name))) continue;
    kept.insert(field.name_string(), field.value());
  }
  return kept;
}

std::string_view ValueOf(const Fields& fields, std::string_view name) {
  return FromBeast(fields[ToBeast(name)]);
}

std::string WriteRequestHead(std::string_view method, std::string_view target,
                             const Fields& fields) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\n");
  AppendFields(text, fields);
  return text;
}

std::string WriteResponseHead(unsigned status, std::string_view reason, const Fields& fields) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(reason.empty() ? FromBeast(bh::obsolete_reason(bh::int_to_status(status))) : reason);
  text.append("\r\n");
  AppendFields(text, fields);
  return text;
}

}  // namespace srsproxy::http
