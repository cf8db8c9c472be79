#include "dataplane/protocol/http/message_reader.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/core/status.h"

namespace srsproxy::http {
namespace {

// More answers like 100 Continue are no answer.
constexpr int kMaxInterim = 8;

constexpr std::string_view kEmptyLine = "\r\n";

std::string SizeText(uint64_t bytes) {
  constexpr uint64_t kKib = 1024;
  constexpr uint64_t kMib = kKib * 1024;
  if (bytes >= kMib && bytes % kMib == 0) return absl::StrCat(bytes / kMib, " MiB");
  if (bytes >= kKib && bytes % kKib == 0) return absl::StrCat(bytes / kKib, " KiB");
  return absl::StrCat(bytes, " bytes");
}

}  // namespace

std::span<uint8_t> MessageReader::Prepare(size_t most) {
  const size_t known = bytes_.size();
  prepared_ = std::min(most, rules_.max_head - std::min(known, rules_.max_head));
  bytes_.resize(known + prepared_);
  return std::span(bytes_).subspan(known);
}

void MessageReader::Commit(size_t count) {
  bytes_.resize(bytes_.size() - std::exchange(prepared_, 0) + count);
  if (count > 0) untouched_ = false;
}

void MessageReader::Append(std::span<const uint8_t> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  if (!bytes.empty()) untouched_ = false;
}

std::vector<uint8_t> MessageReader::TakeUnread() {
  body_reader_ = BodyReader();
  return std::exchange(bytes_, {});
}

// Who plays for long holds no buffer.
void MessageReader::Drop(size_t count) {
  bytes_ = std::vector(bytes_.begin() + static_cast<ptrdiff_t>(count), bytes_.end());
}

HeadError MessageReader::Fault(unsigned status, std::string message) const {
  return {of_answer_ ? 502 : status, std::move(message)};
}

template <typename Head, typename Parse>
Read<Head> MessageReader::ReadHead(Parse parse) {
  if (const auto end = FindHeadEnd(AsText(bytes_))) {
    auto parsed = parse(AsText(bytes_).substr(0, *end));
    Drop(*end);
    looked_at_ = empty_lines_ = 0;
    if (auto* error = std::get_if<HeadError>(&parsed)) return std::move(*error);
    return std::get<Head>(std::move(parsed));
  }
  if (auto error = CheckUnfinishedHead(AsText(bytes_), looked_at_)) {
    return Fault(error->status, std::move(error->message));
  }
  looked_at_ = bytes_.size();
  if (bytes_.size() >= rules_.max_head) {
    return Fault(431, absl::StrCat("the head is longer than ", SizeText(rules_.max_head)));
  }
  if (closed_ && !bytes_.empty()) return Fault(400, "the head is cut off");
  return NeedMore();
}

Read<RequestHead> MessageReader::ReadRequest() {
  of_answer_ = false;
  // RFC 9112 section 2.2.
  if (empty_lines_ == 0 && AsText(bytes_).starts_with(kEmptyLine)) {
    Drop(kEmptyLine.size());
    empty_lines_ = 1;
    looked_at_ = 0;
  }
  auto read = ReadHead<RequestHead>([](std::string_view text) { return ParseRequestHead(text); });
  if (const auto* head = std::get_if<RequestHead>(&read)) {
    if (rules_.host_needed && !head->http10 && head->fields.count("Host") == 0) {
      return Fault(400, "Host is missing");
    }
    expects_continue_ = head->expects_continue;
    BeginBody(head->framing, head->length);
  }
  return read;
}

Read<ResponseHead> MessageReader::ReadResponse(std::string_view method) {
  of_answer_ = true;
  const auto parse = [method](std::string_view text) { return ParseResponseHead(text, method); };
  while (true) {
    auto read = ReadHead<ResponseHead>(parse);
    const auto* head = std::get_if<ResponseHead>(&read);
    if (head == nullptr) return read;
    if (head->status / 100 == 1 && head->status != 101) {
      if (++interim_ > kMaxInterim) return Fault(502, "it goes on saying 100 Continue");
      continue;
    }
    interim_ = 0;
    expects_continue_ = false;
    BeginBody(head->framing, head->length);
    return read;
  }
}

void MessageReader::BeginBody(Framing framing, uint64_t length) {
  body_reader_ = BodyReader(framing, length, BodyReader::Chunks::kRemoved);
  announced_length_ = framing == Framing::kLength ? length : 0;
  body_.clear();
}

bool MessageReader::awaits_continue() const {
  return expects_continue_ && !body_reader_.at_end() && bytes_.empty() && body_.empty() &&
         announced_length_ <= rules_.max_body;
}

Read<std::string> MessageReader::ReadBody() {
  BufferSequence buffers;
  const bool too_long = announced_length_ > rules_.max_body;
  const auto taken = too_long ? absl::StatusOr<size_t>(0) : body_reader_.Read(bytes_, buffers);
  if (!taken.ok()) return Fault(400, std::string(MessageOf(taken.status())));
  if (too_long || body_.size() + buffers.total_bytes() > rules_.max_body) {
    return HeadError{413, absl::StrCat("the body is longer than ", SizeText(rules_.max_body))};
  }
  for (const BufferSequence::Buffer& buffer : buffers.list()) body_.append(AsText(buffer));
  Drop(*taken);
  if (body_reader_.at_end() || (closed_ && body_reader_.may_close())) {
    expects_continue_ = false;
    return std::exchange(body_, {});
  }
  if (closed_) return Fault(400, "the body is cut off");
  return NeedMore();
}

}  // namespace srsproxy::http
