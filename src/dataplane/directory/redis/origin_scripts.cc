#include "dataplane/directory/redis/origin_scripts.h"

#include <utility>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "dataplane/core/text.h"
#include "dataplane/directory/origin_json.h"
#include "dataplane/directory/state_json.h"
#include "dataplane/protocol/redis/go_records.h"

namespace srsproxy::redis {
namespace {

namespace json = boost::json;

absl::Status Wrong(std::string_view problem) {
  return ProxyFailure(absl::StatusCode::kDataLoss, std::string(problem));
}

absl::StatusOr<json::object> ParseObject(std::string_view text) {
  if (text.size() > kMaxOriginBytes) {
    return Wrong(absl::StrCat("it has more than ", kMaxOriginBytes, " bytes"));
  }
  boost::system::error_code error;
  json::value value = json::parse(state_json::ToJson(text), error);
  if (error) return Wrong(absl::StrCat("it is no JSON: ", error.message()));
  if (!value.is_object()) return Wrong("it is no JSON object");
  return std::move(value.get_object());
}

absl::Status CheckRecord(std::string_view id, const OriginRecord& record) {
  if (auto status = ValidateRegistration(record.registration); !status.ok()) {
    return Wrong(MessageOf(status));
  }
  if (record.registration.Id() != id) return Wrong("it is the registration of another origin");
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ReadRevision(std::string_view text) {
  uint64_t revision = 0;
  if (!absl::SimpleAtoi(ToAbsl(text), &revision)) return Wrong("its revision is no number");
  return revision;
}

}  // namespace

absl::StatusOr<KeptRecord> ReadOriginRecord(std::string_view id, std::string_view value) {
  auto object = ParseObject(value);
  if (!object.ok()) return object.status();
  const auto* revision = object->if_contains("revision");
  const auto number =
      revision != nullptr ? state_json::ReadNumber<uint64_t>(*revision) : std::nullopt;
  const auto* origin = object->if_contains("origin");
  if (!number.has_value() || origin == nullptr || !origin->is_object()) {
    return Wrong("it has no revision or no origin");
  }
  auto record = origin_json::FromJson(origin->get_object(), origin_json::UnknownFields::kIgnored);
  if (!record.ok()) return Wrong(MessageOf(record.status()));
  if (auto status = CheckRecord(id, *record); !status.ok()) return status;
  return KeptRecord{*std::move(record), *number};
}

absl::StatusOr<KeptRecord> ReadGoOrigin(std::string_view id, std::string_view value) {
  const auto server = ParseGoServer(value);
  if (!server.ok()) return server.status();
  auto registration = ToRegistration(*server);
  if (!registration.ok()) return Wrong(MessageOf(registration.status()));
  KeptRecord kept;
  kept.record.registration = *std::move(registration);
  kept.record.source = "a Go proxy";
  kept.record.registered_at = server->updated_at;
  if (auto status = CheckRecord(id, kept.record); !status.ok()) return status;
  return kept;
}

std::vector<std::string> PutArguments(const OriginRecord& record, absl::Duration ttl,
                                      absl::Time now, std::optional<uint64_t> expected) {
  const std::string go = IsOfGo(record) ? "" : FormatGoServer(ToGoServer(record.registration, now));
  return {record.registration.Id(),
          json::serialize(origin_json::ToJson(record)),
          go,
          absl::StrCat(absl::ToInt64Milliseconds(ttl)),
          expected.has_value() ? absl::StrCat(*expected) : "",
          "",
          ""};
}

std::vector<std::string> EndArguments(std::string_view id, const OriginEnd& end,
                                      std::optional<uint64_t> expected) {
  return {std::string(id),
          "",
          "",
          "",
          expected.has_value() ? absl::StrCat(*expected) : "",
          end.at_once ? "1" : "0",
          end.successor};
}

absl::StatusOr<RegisterAnswer> ReadRegisterAnswer(const ScriptRunner::Answer& answer) {
  if (answer.rest.empty()) return Wrong("register.lua answered no revision");
  const auto text = answer.rest[0].AsText();
  if (!text.ok()) return text.status();
  const auto revision = ReadRevision(*text);
  if (!revision.ok()) return revision.status();
  return RegisterAnswer{.newer = answer.what == "newer", .revision = *revision};
}

absl::StatusOr<FedOrigin> ReadFedOrigin(const FeedEntry& entry) {
  FedOrigin fed;
  fed.id = std::string(entry.Get("id"));
  if (fed.id.empty()) return Wrong("it names no origin");
  const auto revision = ReadRevision(entry.Get("revision"));
  if (!revision.ok()) return revision.status();
  fed.revision = *revision;
  if (entry.Get("removed") == "1") {
    fed.end = {.at_once = entry.Get("at_once") == "1",
               .successor = std::string(entry.Get("successor"))};
    return fed;
  }
  auto kept = ReadOriginRecord(fed.id, entry.Get("record"));
  if (!kept.ok()) return kept.status();
  fed.record = std::move(kept->record);
  return fed;
}

}  // namespace srsproxy::redis
