#include "dataplane/protocol/redis/reply_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <absl/strings/str_cat.h>
#include <hiredis/read.h>

#include "dataplane/protocol/redis/error_reply.h"

namespace srsproxy::redis {
namespace {

// As many as a stream's record has.
constexpr size_t kReserved = 16;

}  // namespace

// hiredis' object functions: what it reads becomes a Reply in its place in the tree. Only the root
// is owned by hiredis. Arrays grow as their items come; a child is complete before the next one is
// appended, so that no pointer to a reply under way is lost. What belongs to an array that is left
// out is given the place of that one, an error.
class ReplyBuilder {
 public:
  explicit ReplyBuilder(const ReplyLimits& limits) : limits_(limits) {}

  // A new reply begins.
  void Restart() { items_ = bytes_ = 0; }

  static redisReplyObjectFunctions Functions() {
    return {.createString = CreateString,
            .createArray = CreateArray,
            .createInteger = CreateInteger,
            .createNil = [](const redisReadTask* task) { return Place(task, Reply()); },
            .freeObject = [](void* object) { delete static_cast<Reply*>(object); }};
  }

 private:
  // The array that a value belongs to; null: none, or one that is left out.
  static Reply::Array* ParentOf(const redisReadTask* task) {
    if (task->parent == nullptr) return nullptr;
    return std::get_if<Reply::Array>(&static_cast<Reply*>(task->parent->obj)->value_);
  }
  static bool IsLeftOut(const redisReadTask* task) {
    return task->parent != nullptr && ParentOf(task) == nullptr;
  }

  static void* Place(const redisReadTask* task, Reply reply) {
    if (task->parent == nullptr) return new Reply(std::move(reply));
    if (IsLeftOut(task)) return task->parent->obj;
    return &ParentOf(task)->emplace_back(std::move(reply));
  }

  static Reply TooLong(size_t count, std::string_view of_what) {
    return Reply::Error(
        absl::StrCat(ToAbsl(kTooLongCode), " a reply with ", count, " more ", ToAbsl(of_what)));
  }

  static void* CreateString(const redisReadTask* task, char* text, size_t size) {
    auto& builder = *static_cast<ReplyBuilder*>(task->privdata);
    if (IsLeftOut(task)) return task->parent->obj;
    // Errors count for nothing: what stands for that which is left out is one.
    if (task->type == REDIS_REPLY_ERROR) return Place(task, Reply::Error({text, size}));
    if (builder.bytes_ + size > builder.limits_.bytes) return Place(task, TooLong(size, "bytes"));
    builder.bytes_ += size;
    std::string copy(text, size);
    if (task->type == REDIS_REPLY_STATUS) return Place(task, Reply::Status(std::move(copy)));
    return Place(task, Reply::String(std::move(copy)));
  }

  static void* CreateInteger(const redisReadTask* task, long long value) {
    return Place(task, Reply::Integer(value));
  }

  static void* CreateArray(const redisReadTask* task, int items) {
    auto& builder = *static_cast<ReplyBuilder*>(task->privdata);
    if (IsLeftOut(task)) return task->parent->obj;
    const auto count = static_cast<size_t>(items);
    if (builder.items_ + count > builder.limits_.items) return Place(task, TooLong(count, "items"));
    builder.items_ += count;
    Reply::Array array;
    array.reserve(std::min(count, kReserved));
    return Place(task, Reply::ArrayOf(std::move(array)));
  }

  const ReplyLimits limits_;
  size_t items_ = 0;  // Announced by the arrays of this reply.
  size_t bytes_ = 0;  // Of its texts.
};

struct ReplyReader::Parser {
  struct Free {
    void operator()(redisReader* used) const { redisReaderFree(used); }
  };

  explicit Parser(const ReplyLimits& limits)
      : functions(ReplyBuilder::Functions()),
        builder(limits),
        reader(redisReaderCreateWithFunctions(&functions)) {
    reader->privdata = &builder;
  }

  size_t unread() const { return reader->len - reader->pos; }

  redisReplyObjectFunctions functions;
  ReplyBuilder builder;
  std::unique_ptr<redisReader, Free> reader;  // Last: it uses the others.
};

ReplyReader::ReplyReader(const ReplyLimits& limits)
    : cutter_(limits.bytes), parser_(std::make_unique<Parser>(limits)) {}

ReplyReader::~ReplyReader() = default;

void ReplyReader::Feed(std::string_view bytes) {
  if (parser_ == nullptr) return;
  cutter_.Cut(bytes, [this](std::string_view part) {
    redisReaderFeed(parser_->reader.get(), part.data(), part.size());
  });
}

bool ReplyReader::incomplete() const {
  if (parser_ == nullptr) return false;
  // rstack: where hiredis is in the tree of a reply; ridx: how deep.
  const redisReader& reader = *parser_->reader;
  const bool has_begun = reader.ridx > 0 || (reader.ridx == 0 && reader.rstack[0].type >= 0);
  return cutter_.busy() || parser_->unread() > 0 || has_begun;
}

absl::StatusOr<std::optional<Reply>> ReplyReader::Next() {
  if (parser_ == nullptr) return failed_;
  void* object = nullptr;
  if (redisReaderGetReply(parser_->reader.get(), &object) != REDIS_OK) {
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
  return std::optional<Reply>(std::move(*reply));
}

absl::Status ReplyReader::CheckIncomplete() const {
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
  return failed_;
}

}  // namespace srsproxy::redis
