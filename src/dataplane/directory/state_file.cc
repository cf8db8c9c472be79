#include "dataplane/directory/state_file.h"

#include <optional>
#include <utility>

#include <absl/strings/str_cat.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "dataplane/core/stream_url.h"
#include "dataplane/core/text.h"
#include "dataplane/directory/state_json.h"

namespace srsproxy {
namespace {

namespace json = boost::json;
using state_json::FromJson;
using state_json::NotUnderstood;
using state_json::ReadNumber;
using state_json::ReadText;
using state_json::ReadTexts;
using state_json::ReadTime;
using state_json::ReadVersioned;
using state_json::ToJson;

constexpr char kFile[] = "state.json";
// Grows with every field that is added: an older proxy then leaves the file alone.
constexpr int64_t kVersion = 1;
constexpr size_t kMaxServers = 20'000;
constexpr size_t kMaxPins = 100'000;

// ---- To JSON

json::object ToJson(const OriginDrain& drain) {
  json::object object{{"start_time", ToJson(drain.started_at)}};
  if (drain.deadline != absl::InfiniteFuture()) {
    object["deadline_time"] = ToJson(drain.deadline);
  }
  return object;
}

json::object ToJson(const OriginOverrides& overrides) {
  json::object object;
  if (overrides.admin_state) object["admin_state"] = ToJson(ToName(*overrides.admin_state));
  if (overrides.weight) object["weight"] = *overrides.weight;
  if (overrides.zone) object["zone"] = ToJson(*overrides.zone);
  if (overrides.labels) object["labels"] = ToJson(*overrides.labels);
  if (overrides.capacity) object["capacity"] = *overrides.capacity;
  if (overrides.drain) object["drain"] = ToJson(*overrides.drain);
  return object;
}

// ---- From JSON: nullopt or false for anything that this version would not have written.

std::optional<AdminState> ReadAdminState(const json::value& value) {
  const auto text = ReadText(value);
  return text.has_value() ? FromName<AdminState>(*text) : std::nullopt;
}

std::optional<OriginDrain> ReadDrain(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  OriginDrain drain{.started_at = absl::InfinitePast()};
  for (const auto& [name, field] : *object) {
    const auto time = ReadTime(field);
    if (!time) return std::nullopt;
    if (name == "start_time") {
      drain.started_at = *time;
    } else if (name == "deadline_time") {
      drain.deadline = *time;
    } else {
      return std::nullopt;
    }
  }
  if (drain.started_at == absl::InfinitePast()) return std::nullopt;
  return drain;
}

template <typename Value>
bool Store(std::optional<Value> read, std::optional<Value>& into) {
  into = std::move(read);
  return into.has_value();
}

bool ReadOverride(std::string_view name, const json::value& value, OriginOverrides& into) {
  if (name == "admin_state") return Store(ReadAdminState(value), into.admin_state);
  if (name == "weight") return Store(ReadNumber<double>(value), into.weight);
  if (name == "zone") return Store(ReadText(value), into.zone);
  if (name == "labels") return Store(ReadTexts(value), into.labels);
  if (name == "capacity") return Store(ReadNumber<int64_t>(value), into.capacity);
  if (name == "drain") return Store(ReadDrain(value), into.drain);
  return false;
}

absl::StatusOr<StateFile::Overrides> ReadServers(const json::value& value) {
  const auto* servers = value.if_object();
  if (servers == nullptr) return NotUnderstood("servers");
  StateFile::Overrides all;
  for (const auto& [server, fields] : *servers) {
    const std::string where = absl::StrCat("servers: ", Quoted(FromJson(server)));
    const auto* object = fields.if_object();
    if (object == nullptr) return NotUnderstood(where);
    OriginOverrides overrides;
    for (const auto& [name, field] : *object) {
      if (!ReadOverride(FromJson(name), field, overrides)) {
        return NotUnderstood(absl::StrCat(where, ": ", Quoted(FromJson(name))));
      }
    }
    const bool draining = overrides.admin_state == AdminState::kDraining;
    if (!ValidateServer(FromJson(server)).ok() || !ValidateOverrides(overrides).ok() ||
        draining != overrides.drain.has_value()) {
      return NotUnderstood(where);
    }
    all.emplace(FromJson(server), std::move(overrides));
  }
  return all;
}

}  // namespace

StateFile::StateFile() = default;
StateFile::~StateFile() = default;
StateFile::StateFile(std::shared_ptr<const StateFolder> folder, State state)
    : folder_(std::move(folder)), state_(std::move(state)) {}

absl::StatusOr<std::shared_ptr<StateFile>> StateFile::Open(const std::string& path,
                                                           const Logger& logger) {
  auto folder = StateFolder::Open(path);
  if (!folder.ok()) return folder.status();
  const auto text = (*folder)->Read(kFile);
  if (!text.ok()) return text.status();
  State state;
  if (text->has_value()) {
    auto parsed = Parse(**text);
    if (parsed.ok()) {
      state = *std::move(parsed);
    } else {
      auto status = (*folder)->SetAside(kFile, "operators' decisions are lost",
                                        MessageOf(parsed.status()), logger);
      if (!status.ok()) return status;
    }
  }
  return std::shared_ptr<StateFile>(new StateFile(*std::move(folder), std::move(state)));
}

OriginOverrides StateFile::OverridesOf(std::string_view server) const {
  const std::lock_guard lock(mutex_);
  const auto at = state_.overrides.find(server);
  return at != state_.overrides.end() ? at->second : OriginOverrides{};
}

StateFile::Overrides StateFile::AllOverrides() const {
  const std::lock_guard lock(mutex_);
  return state_.overrides;
}

absl::StatusOr<OriginOverrides> StateFile::ChangeOverrides(std::string_view server,
                                                           const OverridesChange& change) {
  if (auto status = ValidateServer(server); !status.ok()) return status;
  OriginOverrides changed;
  auto status = Change([&](State& state) -> absl::Status {
    const auto at = state.overrides.find(server);
    auto merged = Merge(at != state.overrides.end() ? at->second : OriginOverrides{}, change);
    if (!merged.ok()) return merged.status();
    changed = *std::move(merged);
    if (at != state.overrides.end()) state.overrides.erase(at);
    if (changed == OriginOverrides{}) return absl::OkStatus();
    if (state.overrides.size() >= kMaxServers) {
      return absl::ResourceExhaustedError(absl::StrCat("operators have decided about ", kMaxServers,
                                                       " servers: clear what is not needed"));
    }
    state.overrides.emplace(server, changed);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return changed;
}

StateFile::Pins StateFile::AllPins() const {
  const std::lock_guard lock(mutex_);
  return state_.pins;
}

absl::Status StateFile::PutPin(std::string_view key, std::string_view server) {
  if (auto status = ValidateServer(server); !status.ok()) return status;
  if (!IsPrintableUtf8(key)) {
    return absl::InvalidArgumentError("stream: not UTF-8 text without control characters");
  }
  return Change([&](State& state) -> absl::Status {
    state.pins.erase(std::string(key));
    if (state.pins.size() >= kMaxPins) {
      return absl::ResourceExhaustedError(
          absl::StrCat(kMaxPins, " streams are pinned: unpin what is not needed"));
    }
    state.pins.emplace(key, server);
    return absl::OkStatus();
  });
}

absl::Status StateFile::RemovePin(std::string_view key) {
  return Change([&](State& state) {
    state.pins.erase(std::string(key));
    return absl::OkStatus();
  });
}

absl::StatusOr<StateFile::State> StateFile::Parse(std::string_view text) {
  const auto object = ReadVersioned(text, kVersion);
  if (!object.ok()) return object.status();
  State state;
  for (const auto& [name, value] : *object) {
    if (name == "servers") {
      auto servers = ReadServers(value);
      if (!servers.ok()) return servers.status();
      state.overrides = *std::move(servers);
    } else if (name == "pins") {
      auto pins = ReadTexts(value);
      if (!pins) return NotUnderstood("pins");
      for (const auto& [written, server] : *pins) {
        // Under the key as it is made now, whoever wrote the file; what is no key names no stream.
        const auto key = StreamKeyFromText(written, VhostPolicy());
        if (key.ok()) state.pins.emplace(key->ToString(), server);
      }
    } else if (name != "version") {
      return NotUnderstood(Quoted(FromJson(name)));
    }
  }
  return state;
}

std::string StateFile::Serialize(const State& state) {
  json::object servers;
  for (const auto& [server, overrides] : state.overrides) servers[server] = ToJson(overrides);
  json::object pins;
  for (const auto& [key, server] : state.pins) pins[key] = ToJson(server);
  return json::serialize(json::object{
      {"version", kVersion}, {"servers", std::move(servers)}, {"pins", std::move(pins)}});
}

absl::Status StateFile::Change(absl::FunctionRef<absl::Status(State&)> change) {
  const std::lock_guard writing(write_mutex_);
  State changed = state_;  // Only written under write_mutex_.
  if (auto status = change(changed); !status.ok()) return status;
  if (folder_ != nullptr) {
    if (auto status = folder_->Write(kFile, Serialize(changed)); !status.ok()) return status;
  }
  const std::lock_guard lock(mutex_);
  state_ = std::move(changed);
  return absl::OkStatus();
}

}  // namespace srsproxy
