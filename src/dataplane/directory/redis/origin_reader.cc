#include "dataplane/directory/redis/origin_reader.h"

#include <memory>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/key_replies.h"
#include "dataplane/protocol/redis/go_records.h"

namespace srsproxy::redis {
namespace {

constexpr char kAtOnce[] = "200";
constexpr size_t kGoKeysAtOnce = 200;
constexpr size_t kMaxShown = 100;
// The member of x-origins that says that all others are there (origins.lua).
constexpr char kComplete[] = "complete";
constexpr absl::Duration kDeadline = absl::Seconds(5);

// Of server:, x-origin: and x-server: in one pass over all keys; few others fit, and are told apart
// by their names.
std::string PatternOfAll(const Keys& keys) {
  constexpr std::string_view kTail = "server:*";
  std::string pattern = keys.Pattern(KeyKind::kServer);
  pattern.resize(pattern.size() - kTail.size());
  return pattern + "*[ei][rn]:*";
}

absl::StatusOr<int64_t> IntegerOf(const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) return reply.status();
  return reply->AsInteger();
}

absl::StatusOr<KeptOverrides> OverridesOf(const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) return reply.status();
  const auto values = reply->AsArray();
  if (!values.ok()) return values.status();
  return ReadOverrides(*values);
}

using Parse = absl::StatusOr<KeptRecord> (*)(std::string_view, std::string_view);

absl::StatusOr<KeptRecord> RecordOf(std::string_view id, Parse parse,
                                    const absl::StatusOr<std::string_view>& text) {
  if (!text.ok()) return text.status();
  return parse(id, *text);
}

class Reader : public std::enable_shared_from_this<Reader> {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<OriginsRead>)>;

  Reader(Link& link, const Keys& keys, BrokenKeys& broken, Done done)
      : link_(link),
        keys_(keys),
        pattern_(PatternOfAll(keys)),
        index_(keys.Make(KeyKind::kXOrigins)),
        broken_(broken),
        done_(std::move(done)) {}

  void Read() {
    Call({"SISMEMBER", index_, kComplete}, [](Reader& self, const absl::StatusOr<Reply>& reply) {
      self.read_.is_index_new = IntegerOf(reply).value_or(0) == 0;
      self.ReadPage("0");
    });
  }

 private:
  // Of all keys, or of those that the index names.
  void ReadPage(std::string_view cursor) {
    const auto take = [](Reader& self, const absl::StatusOr<Reply>& reply) {
      self.TakePage(reply);
    };
    if (read_.is_index_new) {
      Call({"SCAN", cursor, "MATCH", pattern_, "COUNT", kAtOnce}, take);
    } else {
      Call({"SSCAN", index_, cursor, "COUNT", kAtOnce}, take);
    }
  }

  template <typename Take>
  void Call(std::initializer_list<std::string_view> command, Take take) {
    Call(Arguments(command.begin(), command.size()), std::move(take));
  }
  template <typename Take>
  void Call(Arguments command, Take take) {
    ++open_;
    auto answered = [self = shared_from_this(), take](const absl::StatusOr<Reply>& reply) {
      if (IsUnanswered(reply)) return self->Fail(reply);
      take(*self, reply);
      if (--self->open_ == 0) self->FinishPart();
    };
    link_.Call("scan", command, std::move(answered), kDeadline);
  }

  // What srsproxy has not written is looked for when all is read that it has.
  void FinishPart() {
    if (done_ == nullptr) return;
    const bool asks_for_list = !std::exchange(list_asked_, true) && !read_.is_index_new;
    if (asks_for_list) {
      return Call(
          {"GETRANGE", keys_.Make(KeyKind::kAllServers), "0", absl::StrCat(kMaxGoServerListBytes)},
          [](Reader& self, const absl::StatusOr<Reply>& reply) { self.TakeList(reply); });
    }
    if (go_keys_.empty() && history_asked_) return Finish(absl::OkStatus());
    if (go_keys_.empty()) return ReadHistory();
    for (size_t i = 0; i < kGoKeysAtOnce && !go_keys_.empty(); ++i) {
      const std::string key = std::move(go_keys_.back());
      go_keys_.pop_back();
      ReadKeyOf(key);
    }
  }

  // At last: had another one begun meanwhile, what was read of the former would be all there is.
  void ReadHistory() {
    history_asked_ = true;
    Call({"HGET", keys_.Make(KeyKind::kXHistory), "token"},
         [](Reader& self, const absl::StatusOr<Reply>& reply) {
           self.read_.history = TextOf(reply).value_or("");
         });
  }

  // One that is broken is reported, and written anew, by who drives.
  void TakeList(const absl::StatusOr<Reply>& reply) {
    const auto text = TextOf(reply);
    auto listed = text.ok() ? ParseGoServerList(*text)
                            : absl::StatusOr<std::vector<std::string>>(text.status());
    if (!listed.ok()) return;
    go_keys_ = *std::move(listed);
    std::erase_if(go_keys_, [this](const std::string& key) {
      const auto id = keys_.NameIn(KeyKind::kServer, key);
      return !id.has_value() || read_.origins.contains(*id);
    });
  }

  void Finish(const absl::Status& status) {
    if (done_ == nullptr) return;
    auto done = std::exchange(done_, nullptr);
    if (!status.ok()) return done(status);
    for (auto& [id, record] : of_go_) read_.origins.try_emplace(id, std::move(record));
    done(std::move(read_));
  }

  void Fail(const absl::StatusOr<Reply>& reply) {
    const absl::Status why = reply.status();
    Finish(why);
  }

  void TakePage(const absl::StatusOr<Reply>& reply) {
    if (!reply.ok()) return Fail(reply);
    const auto parts = reply->AsArrayOf(2);
    if (!parts.ok()) return Finish(parts.status());
    const auto next = (*parts)[0].AsText();
    const auto found = (*parts)[1].AsArray();
    if (!next.ok()) return Finish(next.status());
    if (!found.ok()) return Finish(found.status());
    for (const Reply& item : *found) {
      if (const auto key = item.AsText(); key.ok()) {
        ReadKeyOf(*key);
      } else if (!read_.is_index_new) {
        broken_.Report(index_, MessageOf(key.status()), "remove that member with redis-cli: srem");
      }
    }
    if (*next != "0") ReadPage(*next);
  }

  void ReadKeyOf(std::string_view key) {
    const auto parsed = keys_.Parse(key);
    if (!parsed.has_value()) return PassOver(key);
    const std::string name(parsed->name);
    if (read_.is_index_new && parsed->kind != KeyKind::kServer) read_.indexed.emplace_back(key);
    switch (parsed->kind) {
      case KeyKind::kServer:
        return ReadText(name, std::string(key), &ReadGoOrigin, of_go_);
      case KeyKind::kXOrigin:
        return ReadText(name, std::string(key), &ReadOriginRecord, read_.origins);
      case KeyKind::kXServer:
        return MeasureOverrides(name, std::string(key));
      default:
        return;
    }
  }

  // A pattern may find a few that are none of ours.
  void PassOver(std::string_view key) {
    if (read_.is_index_new || key == kComplete) return;
    broken_.Report(absl::StrCat(index_, " ", ToAbsl(key.substr(0, kMaxShown))),
                   "it is the key of no registration and no decision",
                   "remove it with redis-cli: srem");
  }

  using Records = std::map<std::string, KeptRecord, std::less<>>;

  void ReadText(const std::string& id, const std::string& key, Parse parse, Records& into) {
    Call({"GETRANGE", key, "0", absl::StrCat(kMaxOriginBytes)},
         [id, key, parse, &into](Reader& self, const absl::StatusOr<Reply>& reply) {
           const auto text = TextOf(reply);
           if (text.ok() && text->empty()) return self.NoteGone(key);
           auto record = RecordOf(id, parse, text);
           if (record.ok()) {
             into.insert_or_assign(id, *std::move(record));
           } else {
             self.broken_.Report(key, MessageOf(record.status()), kRemoveRemedy);
           }
         });
  }

  // A huge value would break the connection, and be read again on the next.
  void MeasureOverrides(const std::string& server, const std::string& key) {
    auto largest = std::make_shared<absl::StatusOr<int64_t>>(0);
    for (const std::string_view field : OverridesFields()) {
      const bool last = field == OverridesFields().back();
      Call({"HSTRLEN", key, field},
           [server, key, largest, last](Reader& self, const absl::StatusOr<Reply>& reply) {
             const auto bytes = IntegerOf(reply);
             if (largest->ok() && (!bytes.ok() || **largest < *bytes)) *largest = bytes;
             if (!last) return;
             if (largest->ok() && **largest > static_cast<int64_t>(kMaxOriginBytes)) {
               *largest = absl::DataLossError("a field of it is huge");
             }
             if (largest->ok()) return self.ReadHash(server, key);
             self.broken_.Report(key, MessageOf(largest->status()), kDecideRemedy);
           });
    }
  }

  void ReadHash(const std::string& server, const std::string& key) {
    std::vector<std::string_view> command = {"HMGET", key};
    command.insert(command.end(), OverridesFields().begin(), OverridesFields().end());
    Call(Arguments(command), [server, key](Reader& self, const absl::StatusOr<Reply>& reply) {
      auto kept = OverridesOf(reply);
      if (!kept.ok()) {
        return self.broken_.Report(key, MessageOf(kept.status()), kDecideRemedy);
      }
      for (const std::string& field : kept->broken) {
        self.broken_.Report(absl::StrCat(key, " ", field), "its value is not understood",
                            kDecideRemedy);
      }
      // What was cleared has a revision for a time.
      if (kept->revision == 0) return self.NoteGone(key);
      if (kept->overrides != OriginOverrides{}) {
        self.read_.overrides.insert_or_assign(server, *std::move(kept));
      }
    });
  }

  // Its time is over, or it was removed meanwhile.
  void NoteGone(const std::string& key) {
    if (!read_.is_index_new) read_.indexed.push_back(key);
  }

  Link& link_;
  const Keys& keys_;
  const std::string pattern_;
  const std::string index_;
  BrokenKeys& broken_;
  Done done_;
  size_t open_ = 0;
  bool list_asked_ = false;
  bool history_asked_ = false;
  std::vector<std::string> go_keys_;  // Of it, still to be read.
  OriginsRead read_;
  Records of_go_;
};

// `key`, else what `otherwise` does.
void ReadKey(Link& link, BrokenKeys& broken, const std::string& id, const std::string& key,
             absl::StatusOr<KeptRecord> (*parse)(std::string_view, std::string_view),
             OneOriginDone done, std::function<void(OneOriginDone)> otherwise) {
  const std::string last = absl::StrCat(kMaxOriginBytes);
  const std::string_view command[] = {"GETRANGE", key, "0", last};
  auto answered = [&broken, id, key, parse, done = std::move(done),
                   otherwise = std::move(otherwise)](absl::StatusOr<Reply> reply) mutable {
    if (IsUnanswered(reply)) return done(std::nullopt);
    const auto text = TextOf(reply);
    if (text.ok() && text->empty()) {
      return otherwise != nullptr ? otherwise(std::move(done)) : done(std::nullopt);
    }
    auto record = RecordOf(id, parse, text);
    if (record.ok()) return done(*std::move(record));
    broken.Report(key, MessageOf(record.status()), kRemoveRemedy);
    done(std::nullopt);
  };
  link.Call("get", command, std::move(answered));
}

}  // namespace

void ReadAllOrigins(Link& link, const Keys& keys, BrokenKeys& broken,
                    absl::AnyInvocable<void(absl::StatusOr<OriginsRead>)> done) {
  std::make_shared<Reader>(link, keys, broken, std::move(done))->Read();
}

void ReadOneOrigin(Link& link, const Keys& keys, BrokenKeys& broken, const std::string& id,
                   OneOriginDone done) {
  auto as_go_has_it = [&link, &broken, id,
                       key = keys.Make(KeyKind::kServer, id)](OneOriginDone then) {
    ReadKey(link, broken, id, key, &ReadGoOrigin, std::move(then), nullptr);
  };
  ReadKey(link, broken, id, keys.Make(KeyKind::kXOrigin, id), &ReadOriginRecord, std::move(done),
          std::move(as_go_has_it));
}

}  // namespace srsproxy::redis
