#include "dataplane/directory/redis/record_reader.h"

#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/stream_scripts.h"

namespace srsproxy::redis {
namespace {

// A page with its scores, which Redis writes as text, takes some 150 µs.
constexpr char kAtOnce[] = "100";
constexpr absl::Duration kDeadline = absl::Seconds(5);
constexpr size_t kMaxShown = 100;
constexpr char kRemedy[] = "remove it with redis-cli: who uses the stream writes it anew";

// Redis is away, or the client stops: no use to go on.
bool IsFinal(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsCancelled(status);
}

class Reader : public std::enable_shared_from_this<Reader> {
 public:
  Reader(Link& link, const Keys& keys, BrokenKeys& broken, RecordSink sink,
         absl::AnyInvocable<void(absl::StatusOr<std::string>)> done)
      : link_(link), keys_(keys), broken_(broken), sink_(std::move(sink)), done_(std::move(done)) {}

  void ScanStreams(std::string_view cursor) {
    Call({"ZSCAN", keys_.Make(KeyKind::kXStreams), cursor, "COUNT", kAtOnce},
         [](Reader& self, const Reply& reply) { self.TakeStreams(reply); });
  }

 private:
  using Take = void (*)(Reader&, const Reply&);

  void Call(std::initializer_list<std::string_view> command, Take take) {
    link_.Call(
        "scan", Arguments(command.begin(), command.size()),
        [self = shared_from_this(), take](absl::StatusOr<Reply> reply) {
          if (!reply.ok()) return self->Finish(reply.status());
          take(*self, *reply);
        },
        kDeadline);
  }

  void Finish(absl::StatusOr<std::string> history) {
    if (done_ != nullptr) std::exchange(done_, nullptr)(std::move(history));
  }

  // Of SCAN's kind: the next cursor, and names with values. What is too long is passed over.
  bool ReadPage(KeyKind kind, const Reply& reply, std::string& cursor,
                std::vector<Reply::Field>& fields) {
    const auto parts = reply.AsArrayOf(2);
    if (!parts.ok()) return Fail(parts.status());
    const auto next = (*parts)[0].AsText();
    if (!next.ok()) return Fail(next.status());
    const auto items = (*parts)[1].AsArray();
    if (!items.ok()) return Fail(items.status());
    cursor = std::string(*next);
    for (size_t i = 0; i + 1 < items->size(); i += 2) {
      const auto name = (*items)[i].AsText();
      const auto value = (*items)[i + 1].AsText();
      if (!name.ok()) {
        PassOver(keys_.Make(kind), name.status());
      } else if (!value.ok()) {
        PassOver(keys_.Make(kind), value.status());
      } else {
        fields.emplace_back(*name, *value);
      }
    }
    return true;
  }
  bool Fail(const absl::Status& status) {
    Finish(status);
    return false;
  }

  void TakeStreams(const Reply& reply) {
    std::string cursor;
    std::vector<Reply::Field> members;
    if (!ReadPage(KeyKind::kXStreams, reply, cursor, members)) return;
    // The next page is asked for before the records of this one: so Redis has always something to
    // do, and what it is asked is two pages at most. Answers come in order.
    if (cursor != "0") ScanStreams(cursor);
    for (const auto& [name, score] : members) ReadStream(name);
    if (cursor == "0") ScanPins("0");
  }

  void ReadStream(std::string_view name) {
    const auto key = ReadStreamKey(name);
    if (!key.has_value()) return PassOverMember(KeyKind::kXStreams, name);
    const std::string hash = keys_.Make(KeyKind::kXUrl, name);
    std::vector<std::string_view> command = {"HMGET", hash};
    command.insert(command.end(), RecordFields().begin(), RecordFields().end());
    link_.Call(
        "scan", command,
        [self = shared_from_this(), key = *key](const absl::StatusOr<Reply>& reply) {
          self->TakeRecord(key, reply);
        },
        kDeadline);
  }

  void TakeRecord(const StreamKey& key, const absl::StatusOr<Reply>& reply) {
    if (!reply.ok() && IsFinal(reply.status())) return Finish(reply.status());
    const auto record = reply.ok() ? ReadRecord(key, *reply)
                                   : absl::StatusOr<std::optional<StreamRecord>>(reply.status());
    if (!record.ok()) {
      return PassOver(keys_.Make(KeyKind::kXUrl, key.ToString()), record.status());
    }
    if (record->has_value() && done_ != nullptr) sink_.record(**record);
  }

  void ScanPins(std::string_view cursor) {
    Call({"HSCAN", keys_.Make(KeyKind::kXPins), cursor, "COUNT", kAtOnce},
         [](Reader& self, const Reply& reply) { self.TakePins(reply); });
  }

  void TakePins(const Reply& reply) {
    std::string cursor;
    std::vector<Reply::Field> pins;
    if (!ReadPage(KeyKind::kXPins, reply, cursor, pins)) return;
    for (const auto& [name, server] : pins) {
      const auto key = ReadStreamKey(name);
      if (!key.has_value()) {
        PassOverMember(KeyKind::kXPins, name);
      } else if (done_ != nullptr) {
        sink_.pin(*key, ReadKeptPin(server));
      }
    }
    if (cursor != "0") return ScanPins(cursor);
    ReadHistory();
  }

  // At last: had another one begun meanwhile, what was read of the former would be all there is.
  void ReadHistory() {
    Call({"HGET", keys_.Make(KeyKind::kXHistory), "token"}, [](Reader& self, const Reply& reply) {
      const auto token = reply.AsOptionalText();
      if (!token.ok()) return self.Finish(token.status());
      self.Finish(std::string(token->value_or("")));
    });
  }

  // `name`: of a key, or of what it holds.
  void PassOver(const std::string& name, const absl::Status& why) {
    broken_.Report(name, MessageOf(why), kRemedy);
  }

  void PassOverMember(KeyKind kind, std::string_view name) {
    PassOver(absl::StrCat(keys_.Make(kind), " ", ToAbsl(name.substr(0, kMaxShown))),
             absl::DataLossError("it is no stream's key"));
  }

  Link& link_;
  const Keys& keys_;
  BrokenKeys& broken_;
  RecordSink sink_;
  absl::AnyInvocable<void(absl::StatusOr<std::string>)> done_;
};

}  // namespace

void ReadAllRecords(Link& link, const Keys& keys, BrokenKeys& broken, RecordSink sink,
                    absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  std::make_shared<Reader>(link, keys, broken, std::move(sink), std::move(done))->ScanStreams("0");
}

}  // namespace srsproxy::redis
