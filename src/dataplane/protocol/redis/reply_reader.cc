#include "dataplane/protocol/redis/reply_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <hiredis/read.h>

#include "dataplane/core/text.h"

namespace srsproxy::redis {
namespace {

// As many as a stream's record has.
constexpr size_t kReserved = 16;

}  // namespace

// hiredis' object functions: what it reads becomes a Reply in its place in the tree. Only the root
// is owned by hiredis. Arrays grow as their items come; a child is complete before the next one is
// appended, so that no pointer to a reply under way is lost.
class ReplyBuilder {
 public:
  explicit ReplyBuilder(size_t max_items) : max_items_(max_items) {}

  // Why an object was refused; OK: none was.
  const absl::Status& refused() const { return refused_; }
  // A new reply begins.
  void Restart() { items_ = 0; }

  static redisReplyObjectFunctions Functions() {
    return {.createString = CreateString,
            .createArray = CreateArray,
            .createInteger = CreateInteger,
            .createNil = [](const redisReadTask* task) { return Place(task, Reply()); },
            .freeObject = [](void* object) { delete static_cast<Reply*>(object); }};
  }

 private:
  static void* Place(const redisReadTask* task, Reply reply) {
    if (task->parent == nullptr) return new Reply(std::move(reply));
    auto& items = std::get<Reply::Array>(static_cast<Reply*>(task->parent->obj)->value_);
    return &items.emplace_back(std::move(reply));
  }

  static void* CreateString(const redisReadTask* task, char* text, size_t size) {
    std::string copy(text, size);
    if (task->type == REDIS_REPLY_ERROR) return Place(task, Reply::Error(std::move(copy)));
    if (task->type == REDIS_REPLY_STATUS) return Place(task, Reply::Status(std::move(copy)));
    return Place(task, Reply::String(std::move(copy)));
  }

  static void* CreateInteger(const redisReadTask* task, long long value) {
    return Place(task, Reply::Integer(value));
  }

  static void* CreateArray(const redisReadTask* task, int items) {
    auto& builder = *static_cast<ReplyBuilder*>(task->privdata);
    builder.items_ += static_cast<size_t>(items);
    if (builder.items_ > builder.max_items_) {
      builder.refused_ = ProxyFailure(absl::StatusCode::kResourceExhausted,
                                      "a reply of Redis has " + std::to_string(builder.items_) +
                                          " items or more; at most " +
                                          std::to_string(builder.max_items_) + " are read");
      return nullptr;
    }
    Reply::Array array;
    array.reserve(std::min<size_t>(static_cast<size_t>(items), kReserved));
    return Place(task, Reply::ArrayOf(std::move(array)));
  }

  const size_t max_items_;
  size_t items_ = 0;  // Announced by the arrays of this reply.
  absl::Status refused_;
};

struct ReplyReader::Parser {
  struct Free {
    void operator()(redisReader* used) const { redisReaderFree(used); }
  };

  explicit Parser(size_t max_items)
      : functions(ReplyBuilder::Functions()),
        builder(max_items),
        reader(redisReaderCreateWithFunctions(&functions)) {
    reader->privdata = &builder;
  }

  size_t unread() const { return reader->len - reader->pos; }

  redisReplyObjectFunctions functions;
  ReplyBuilder builder;
  std::unique_ptr<redisReader, Free> reader;  // Last: it uses the others.
};

ReplyReader::ReplyReader(const ReplyLimits& limits)
    : limits_(limits), parser_(std::make_unique<Parser>(limits.items)) {}

ReplyReader::~ReplyReader() = default;

void ReplyReader::Feed(std::string_view bytes) {
  if (parser_ == nullptr || bytes.empty()) return;
  bytes_ += bytes.size();
  redisReaderFeed(parser_->reader.get(), bytes.data(), bytes.size());
}

absl::StatusOr<std::optional<Reply>> ReplyReader::Next() {
  if (parser_ == nullptr) return failed_;
  void* object = nullptr;
  if (redisReaderGetReply(parser_->reader.get(), &object) != REDIS_OK) {
    if (!parser_->builder.refused().ok()) return Fail(parser_->builder.refused());
    return Fail(ProxyFailure(
        absl::StatusCode::kDataLoss,
        "what came is not the protocol of Redis: " + std::string(parser_->reader->errstr)));
  }
  if (object == nullptr) {
    if (auto status = CheckIncomplete(); !status.ok()) return Fail(std::move(status));
    return std::optional<Reply>();
  }
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(object));
  parser_->builder.Restart();
  const size_t size = std::exchange(bytes_, parser_->unread()) - parser_->unread();
  if (size > limits_.bytes) {
    return Fail(ProxyFailure(absl::StatusCode::kResourceExhausted,
                             "a reply of Redis has " + std::to_string(size) + " bytes; at most " +
                                 std::to_string(limits_.bytes) + " are read"));
  }
  return std::optional<Reply>(std::move(*reply));
}

absl::Status ReplyReader::CheckIncomplete() const {
  if (bytes_ > limits_.bytes) {
    return ProxyFailure(absl::StatusCode::kResourceExhausted,
                        "a reply of Redis has more than " + std::to_string(limits_.bytes) +
                            " bytes, which are all that is read");
  }
  // hiredis would look through all of it again each time.
  const redisReader& reader = *parser_->reader;
  if (parser_->unread() > kMaxLine &&
      std::memchr(reader.buf + reader.pos, '\n', kMaxLine) == nullptr) {
    return ProxyFailure(absl::StatusCode::kDataLoss,
                        "what came is not the protocol of Redis: a line does not end");
  }
  return absl::OkStatus();
}

absl::Status ReplyReader::Fail(absl::Status status) {
  failed_ = std::move(status);
  parser_.reset();
  bytes_ = 0;
  return failed_;
}

}  // namespace srsproxy::redis
