#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "dataplane/core/text.h"
#include "dataplane/directory/redis/origin_scripts.h"
#include "dataplane/directory/state_json.h"

namespace srsproxy::redis {
namespace {

namespace json = boost::json;

constexpr std::string_view kRevision = "revision";
constexpr std::array<std::string_view, 8> kFields = {kRevision,     "admin_state",   "weight",
                                                     "zone",        "labels",        "capacity",
                                                     "drain_start", "drain_deadline"};

std::string TimeText(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone());
}

std::optional<absl::Time> ReadTimeText(std::string_view text) {
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &time, nullptr)) return std::nullopt;
  return time;
}

// So that the same number is read.
std::string FormatNumber(double number) {
  char digits[32];
  const auto written = std::to_chars(digits, digits + sizeof digits, number);
  return std::string(digits, written.ptr);
}

std::optional<std::map<std::string, std::string>> ParseLabels(std::string_view text) {
  if (text.size() > kMaxOriginBytes) return std::nullopt;
  boost::system::error_code error;
  const json::value value = json::parse(state_json::ToJson(text), error);
  return error ? std::nullopt : state_json::ReadTexts(value);
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const bool parsed = [&] {
    if constexpr (std::is_floating_point_v<Number>) {
      return absl::SimpleAtod(ToAbsl(text), &number);
    } else {
      return absl::SimpleAtoi(ToAbsl(text), &number);
    }
  }();
  return parsed ? std::optional(number) : std::nullopt;
}

template <typename Value>
bool Set(std::optional<Value> read, std::optional<Value>& into) {
  into = std::move(read);
  return into.has_value();
}

OriginDrain& DrainOf(OriginOverrides& overrides) {
  if (!overrides.drain) overrides.drain = OriginDrain{.started_at = absl::UnixEpoch()};
  return *overrides.drain;
}

// False: nothing that is written here.
bool ReadField(std::string_view name, std::string_view text, OriginOverrides& into) {
  if (name == "admin_state") return Set(FromName<AdminState>(text), into.admin_state);
  if (name == "weight") return Set(ParseNumber<double>(text), into.weight);
  if (name == "zone") return Set(std::optional(std::string(text)), into.zone);
  if (name == "labels") return Set(ParseLabels(text), into.labels);
  if (name == "capacity") return Set(ParseNumber<int64_t>(text), into.capacity);
  const auto time = ReadTimeText(text);
  if (!time.has_value()) return false;
  if (name == "drain_start") DrainOf(into).started_at = *time;
  if (name == "drain_deadline") DrainOf(into).deadline = *time;
  return true;
}

// Each field for itself: what is broken counts as not decided.
void AddField(std::string_view name, std::string_view text, KeptOverrides& into) {
  if (name == kRevision) {
    absl::SimpleAtoi(ToAbsl(text), &into.revision);
    return;
  }
  OriginOverrides alone;
  const bool read = ReadField(name, text, alone);
  alone.drain.reset();
  if (!read || !ValidateOverrides(alone).ok()) {
    into.broken.emplace_back(name);
    return;
  }
  ReadField(name, text, into.overrides);
}

void Settle(OriginOverrides& overrides) {
  if (overrides.admin_state == AdminState::kDraining) {
    DrainOf(overrides);
  } else {
    overrides.drain.reset();
  }
}

template <typename Fields>
KeptOverrides ReadFields(const Fields& fields) {
  KeptOverrides kept;
  for (const auto& [name, value] : fields) {
    for (const std::string_view known : kFields) {
      if (name == known) AddField(name, value, kept);
    }
  }
  Settle(kept.overrides);
  return kept;
}

template <typename Value, typename Format>
void AddChange(std::string_view name, const FieldChange<Value>& change, Format format,
               std::vector<std::string>& into) {
  if (change.leaves()) return;
  into.emplace_back(name);
  into.push_back(change.clears() ? "" : "+" + format(*change.value()));
}

void AddChanges(const OverridesChange& change, std::vector<std::string>& into) {
  const auto as_text = [](const std::string& text) { return text; };
  const auto state = [](AdminState value) { return std::string(ToName(value)); };
  const auto labels = [](const std::map<std::string, std::string>& texts) {
    return json::serialize(state_json::ToJson(texts));
  };
  const auto integer = [](int64_t number) { return absl::StrCat(number); };
  AddChange("admin_state", change.admin_state, state, into);
  AddChange("weight", change.weight, FormatNumber, into);
  AddChange("zone", change.zone, as_text, into);
  AddChange("labels", change.labels, labels, into);
  AddChange("capacity", change.capacity, integer, into);
  AddChange("drain_deadline", change.drain_deadline, TimeText, into);
}

// The change that leads from anything to `decided`.
OverridesChange ToSet(const OriginOverrides& decided) {
  OverridesChange change;
  change.admin_state = decltype(change.admin_state)::To(decided.admin_state);
  change.weight = decltype(change.weight)::To(decided.weight);
  change.zone = decltype(change.zone)::To(decided.zone);
  change.labels = decltype(change.labels)::To(decided.labels);
  change.capacity = decltype(change.capacity)::To(decided.capacity);
  if (decided.drain.has_value()) {
    change.drain_deadline = FieldChange<absl::Time>::Set(decided.drain->deadline);
  }
  return change;
}

}  // namespace

std::span<const std::string_view> OverridesFields() { return kFields; }

absl::StatusOr<KeptOverrides> ReadOverrides(std::span<const Reply> values) {
  std::vector<Reply::Field> fields;
  for (size_t i = 0; i < kFields.size() && i < values.size(); ++i) {
    const auto text = values[i].AsOptionalText();
    if (!text.ok()) return text.status();
    if (text->has_value()) fields.emplace_back(kFields[i], **text);
  }
  return ReadFields(fields);
}

std::vector<std::string> DecideArguments(std::string_view server, const DecisionCopy& copy,
                                         const OverridesChange& change) {
  std::vector<std::string> fields;
  AddChanges(ToSet(copy.kept.overrides), fields);
  if (const auto& drain = copy.kept.overrides.drain; drain.has_value()) {
    AddChange("drain_start", FieldChange<absl::Time>::Set(drain->started_at), TimeText, fields);
  }
  std::vector<std::string> arguments = {std::string(server), TimeText(change.made_at),
                                        absl::StrCat(copy.kept.revision), copy.history,
                                        absl::StrCat(fields.size())};
  std::move(fields.begin(), fields.end(), std::back_inserter(arguments));
  AddChanges(change, arguments);
  return arguments;
}

absl::StatusOr<KeptOverrides> ReadDecideAnswer(const ScriptRunner::Answer& answer) {
  if (answer.rest.size() < 2) {
    return ProxyFailure(absl::StatusCode::kDataLoss, "decide.lua answered too little");
  }
  const auto revision = answer.rest[0].AsText();
  if (!revision.ok()) return revision.status();
  auto fields = answer.rest[1].AsFields();
  if (!fields.ok()) return fields.status();
  fields->emplace_back(kRevision, *revision);
  return ReadFields(*fields);
}

absl::StatusOr<KeptOverrides> ReadFedOverrides(const FeedEntry& entry) {
  if (entry.Get("server").empty() || entry.Get(kRevision).empty()) {
    return ProxyFailure(absl::StatusCode::kDataLoss, "it names no server or no revision");
  }
  return ReadFields(entry.fields);
}

}  // namespace srsproxy::redis
