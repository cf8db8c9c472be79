#include "dataplane/directory/redis/stream_scripts.h"

#include <algorithm>
#include <array>
#include <utility>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include "dataplane/core/enum_names.h"

namespace srsproxy::redis {
namespace {

// The words that scripts and records have for reasons: shorter than those for people, and kept.
struct Reasons {
  StreamEventReason reason;
  std::string_view word;
};
constexpr Reasons kReasons[] = {
    {StreamEventReason::kToBePublished, "to be published"},
    {StreamEventReason::kToBeViewed, "to be viewed"},
    {StreamEventReason::kPublisherLive, "publisher live"},
    {StreamEventReason::kMediaFlows, "media flows"},
    {StreamEventReason::kPublisherEnded, "publisher ended"},
    {StreamEventReason::kMoved, "moved"},
    {StreamEventReason::kMovedAtPublishersEnd, "moved at its end"},
    {StreamEventReason::kMoveWaits, "waits"},
    {StreamEventReason::kMoveTakenBack, "taken back"},
    {StreamEventReason::kSuperseded, "superseded"},
    {StreamEventReason::kUnusable, "unusable"},
    {StreamEventReason::kPublisherElsewhere, "publisher elsewhere"},
    {StreamEventReason::kLastSessionEnded, "last session"},
    {StreamEventReason::kEvicted, "evicted"},
    {StreamEventReason::kReleased, "released"},
    {StreamEventReason::kDrained, "drained"},
    {StreamEventReason::kForeign, "foreign"},
};

// nullopt: a change that nobody is notified of ("used", "idle"), or one of a later version.
std::optional<StreamEventReason> ReasonOf(std::string_view word) {
  for (const Reasons& known : kReasons) {
    if (known.word == word) return known.reason;
  }
  return std::nullopt;
}

std::string_view WordOf(StreamEventReason reason) {
  for (const Reasons& known : kReasons) {
    if (known.reason == reason) return known.word;
  }
  return "";
}

constexpr std::array<std::string_view, 14> kRecordFields = {
    "origin", "version", "revision", "placed", "claimed",  "stays", "flows",
    "fed",    "live",    "used",     "to",     "deadline", "cause", "rank"};

absl::Status Broken(const StreamKey& key, std::string_view field) {
  return absl::DataLossError(
      absl::StrCat("the record of stream ", key.ToString(), " has a broken ", ToAbsl(field)));
}

// `values`: in the order of kRecordFields.
template <typename Values>
absl::StatusOr<StreamRecord> RecordOf(const StreamKey& key, const Values& values) {
  StreamRecord record;
  record.key = key;
  record.origin_id = std::string(values[0]);
  if (record.origin_id.empty()) return Broken(key, "origin");
  int64_t claimed_ms = 0;
  const auto number = [&](size_t field, auto& value) {
    return absl::SimpleAtoi(ToAbsl(std::string_view(values[field])), &value);
  };
  if (!number(1, record.version)) return Broken(key, "version");
  if (!number(2, record.revision)) return Broken(key, "revision");
  if (!number(3, record.placed_version)) return Broken(key, "placed version");
  if (!number(4, claimed_ms)) return Broken(key, "time of its claim");
  record.claimed_at = absl::FromUnixMillis(claimed_ms);
  record.retain_when_idle = values[5] == "1";
  record.flows = values[6] == "1";
  record.fed = values[7] == "1";
  record.live = values[8] == "1";
  record.used = values[9] == "1";
  if (!number(13, record.rank)) record.rank = record.version;
  if (values[10].empty()) return record;
  PendingMove pending;
  pending.origin_id = std::string(values[10]);
  int64_t deadline_ms = 0;
  if (number(11, deadline_ms)) pending.deadline = absl::FromUnixMillis(deadline_ms);
  pending.cause = FromName<MoveCause>(values[12]).value_or(MoveCause::kOperator);
  record.pending = std::move(pending);
  return record;
}

std::string Flag(bool value) { return value ? "1" : "0"; }

void AppendUse(const StreamUse& use, std::vector<std::string>& arguments) {
  arguments.push_back(absl::StrCat(use.publishers));
  arguments.push_back(absl::StrCat(use.live_publishers));
  arguments.push_back(absl::StrCat(use.sessions));
  arguments.push_back(use.live_origin);
}

}  // namespace

absl::StatusOr<RecordAnswer> ReadRecordAnswer(const StreamKey& key,
                                              const ScriptRunner::Answer& answer) {
  RecordAnswer read;
  const auto step = FromName<RecordStep>(answer.what);
  if (!step.has_value()) {
    return absl::DataLossError(absl::StrCat("a script answered ", ToAbsl(answer.what)));
  }
  read.step = *step;
  if (*step == RecordStep::kMissing || *step == RecordStep::kFull) return read;
  if (answer.rest.size() < 4) return absl::DataLossError("a script's answer is too short");
  const auto values = answer.rest[0].AsTexts();
  if (!values.ok()) return values.status();
  if (values->size() < kRecordFields.size() + 3) return Broken(key, "number of fields");
  auto record = RecordOf(key, *values);
  if (!record.ok()) return record.status();
  read.record = *std::move(record);
  (void)absl::SimpleAtoi(ToAbsl((*values)[kRecordFields.size()]), &read.publishers);
  (void)absl::SimpleAtoi(ToAbsl((*values)[kRecordFields.size() + 1]), &read.sessions);
  read.rival = (*values)[kRecordFields.size() + 2] == "1";
  std::string_view words[3];
  for (size_t i = 0; i < 3; ++i) {
    const auto word = answer.rest[i + 1].AsText();
    if (!word.ok()) return word.status();
    words[i] = *word;
  }
  read.change.former_origin_id = std::string(words[0]);
  read.change.reason = ReasonOf(words[1]);
  read.change.cause = FromName<MoveCause>(words[2]);
  read.change.removed = *step == RecordStep::kRemoved;
  return read;
}

absl::StatusOr<RecordAnswer> ReadRecordAnswer(const StreamKey& key,
                                              const absl::StatusOr<ScriptRunner::Answer>& answer) {
  if (!answer.ok()) return answer.status();
  return ReadRecordAnswer(key, *answer);
}

absl::StatusOr<FedRecord> ReadFedRecord(const FeedEntry& entry) {
  const auto key = ReadStreamKey(entry.Get("key"));
  if (!key.has_value()) return absl::DataLossError("an entry of the feed has no stream's key");
  std::array<std::string_view, kRecordFields.size()> values;
  std::transform(kRecordFields.begin(), kRecordFields.end(), values.begin(),
                 [&](std::string_view field) { return entry.Get(field); });
  auto record = RecordOf(*key, values);
  if (!record.ok()) return record.status();
  return FedRecord{.record = *std::move(record),
                   .change = {.reason = ReasonOf(entry.Get("reason")),
                              .cause = FromName<MoveCause>(entry.Get("moved")),
                              .former_origin_id = std::string(entry.Get("former")),
                              .removed = entry.Get("removed") == "1",
                              .here = entry.here}};
}

std::span<const std::string_view> RecordFields() { return kRecordFields; }

absl::StatusOr<std::optional<StreamRecord>> ReadRecord(const StreamKey& key, const Reply& reply) {
  const auto items = reply.AsArrayOf(kRecordFields.size());
  if (!items.ok()) return items.status();
  std::array<std::string_view, kRecordFields.size()> values;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto value = (*items)[i].AsOptionalText();
    if (!value.ok()) return value.status();
    if (i == 0 && !value->has_value()) return std::nullopt;
    values[i] = value->value_or("");
  }
  auto record = RecordOf(key, values);
  if (!record.ok()) return record.status();
  return *std::move(record);
}

std::vector<std::string> ClaimArguments(const ClaimRequest& request, const StreamUse& use,
                                        size_t max_streams,
                                        const std::optional<LocalPlacement>& restores) {
  std::vector<std::string> arguments = {
      request.key.ToString(),
      request.origin_id,
      request.role == Role::kPublisher ? "publisher" : "viewer",
      absl::StrCat(request.replaces_version),
      Flag(request.inherits),
      Flag(request.unless_live),
      request.other_vhost_origin.has_value() ? "=" + *request.other_vhost_origin : "",
      absl::StrCat(max_streams)};
  AppendUse(use, arguments);
  if (restores.has_value()) {
    arguments.push_back(absl::StrCat(restores->rank));
    arguments.push_back(absl::StrCat(absl::ToUnixMillis(restores->claimed_at)));
    arguments.push_back(Flag(restores->flows));
    arguments.push_back(Flag(restores->retain_when_idle));
  } else {
    arguments.insert(arguments.end(), {"", "", "", ""});
  }
  return arguments;
}

std::vector<std::string> UseArguments(const StreamKey& key, const StreamUse& use,
                                      const std::optional<Acceptance>& asks, size_t max_streams) {
  std::vector<std::string> arguments = {key.ToString()};
  AppendUse(use, arguments);
  if (asks.has_value()) {
    arguments.emplace_back(asks->role == Role::kPublisher ? "publisher" : "viewer");
    arguments.push_back(absl::StrCat(asks->claimed_version));
    arguments.push_back(asks->claimed_origin);
  } else {
    arguments.insert(arguments.end(), {"", "0", ""});
  }
  arguments.push_back(absl::StrCat(max_streams));
  return arguments;
}

std::vector<std::string> MoveArguments(const MoveRequest& request) {
  return {request.key.ToString(),
          request.origin_id,
          absl::StrCat(request.expected_version),
          request.deadline == absl::InfiniteFuture()
              ? ""
              : absl::StrCat(absl::ToUnixMillis(request.deadline)),
          std::string(ToName(request.cause)),
          Flag(request.to_publisher),
          Flag(request.validate_only)};
}

std::vector<std::string> ReleaseArguments(const ReleaseRequest& request) {
  return {request.key.ToString(), absl::StrCat(request.expected_version), Flag(request.force),
          std::string(WordOf(request.reason))};
}

std::optional<StreamKey> ReadStreamKey(std::string_view text) {
  const size_t first = text.find('/');
  const size_t last = text.rfind('/');
  if (first == last || first == 0 || last + 1 == text.size() || last == first + 1) {
    return std::nullopt;
  }
  return StreamKey{.vhost = std::string(text.substr(0, first)),
                   .app = std::string(text.substr(first + 1, last - first - 1)),
                   .stream = std::string(text.substr(last + 1))};
}

}  // namespace srsproxy::redis
