#include "dataplane/directory/state_file.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fcntl.h>

#include "dataplane/core/stream_url.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

namespace json = boost::json;

constexpr char kFile[] = "state.json";
constexpr char kNewFile[] = "state.json.new";
// Grows with every field that is added: an older proxy then leaves the file alone.
constexpr int64_t kVersion = 1;
constexpr size_t kMaxServers = 20'000;
constexpr size_t kMaxPins = 100'000;

constexpr AdminState kAdminStates[] = {AdminState::kActive, AdminState::kCordoned,
                                       AdminState::kDraining};

json::string_view ToJson(std::string_view text) { return {text.data(), text.size()}; }
std::string_view FromJson(json::string_view text) { return {text.data(), text.size()}; }

// ---- To JSON

json::string TimeText(absl::Time time) {
  return json::string(absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()));
}

json::object ToJson(const OriginDrain& drain) {
  json::object object{{"start_time", TimeText(drain.started_at)}};
  if (drain.deadline != absl::InfiniteFuture()) {
    object["deadline_time"] = TimeText(drain.deadline);
  }
  return object;
}

json::object ToJson(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [name, value] : texts) object[name] = ToJson(value);
  return object;
}

json::object ToJson(const OriginOverrides& overrides) {
  json::object object;
  if (overrides.admin_state) object["admin_state"] = ToJson(AdminStateName(*overrides.admin_state));
  if (overrides.weight) object["weight"] = *overrides.weight;
  if (overrides.zone) object["zone"] = ToJson(*overrides.zone);
  if (overrides.labels) object["labels"] = ToJson(*overrides.labels);
  if (overrides.capacity) object["capacity"] = *overrides.capacity;
  if (overrides.drain) object["drain"] = ToJson(*overrides.drain);
  return object;
}

// ---- From JSON: nullopt or false for anything that this version would not have written.

std::optional<std::string> ReadText(const json::value& value) {
  const auto* text = value.if_string();
  if (text == nullptr || !IsPrintableUtf8(FromJson(*text))) return std::nullopt;
  return std::string(FromJson(*text));
}

template <typename Number>
std::optional<Number> ReadNumber(const json::value& value) {
  boost::system::error_code error;
  const auto number = value.to_number<Number>(error);
  return error ? std::nullopt : std::optional(number);
}

std::optional<absl::Time> ReadTime(const json::value& value) {
  const auto text = ReadText(value);
  absl::Time time;
  if (!text || !absl::ParseTime(absl::RFC3339_full, *text, &time, nullptr)) return std::nullopt;
  return time;
}

std::optional<AdminState> ReadAdminState(const json::value& value) {
  const auto text = ReadText(value);
  for (const AdminState state : kAdminStates) {
    if (text == AdminStateName(state)) return state;
  }
  return std::nullopt;
}

std::optional<std::map<std::string, std::string>> ReadTexts(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  std::map<std::string, std::string> texts;
  for (const auto& [name, field] : *object) {
    auto text = ReadText(field);
    if (!text || !IsPrintableUtf8(FromJson(name))) return std::nullopt;
    texts.emplace(FromJson(name), *std::move(text));
  }
  return texts;
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

absl::Status NotUnderstood(std::string_view where) {
  return absl::DataLossError(absl::StrCat(ToAbsl(where), " is not understood"));
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

absl::Status SystemError(absl::StatusCode code, std::string_view path, std::string_view what) {
  return ProxyFailure(
      code, absl::StrCat("PROXY_STATE_DIR: ", ToAbsl(path), ": cannot ", ToAbsl(what), ": ",
                         std::generic_category().message(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  const int fd_;
};

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool ReadAll(int fd, std::string& text) {
  char buffer[65536];
  while (true) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    text.append(buffer, static_cast<size_t>(got));
  }
}

}  // namespace

// The folder, locked for as long as this lives.
class StateFile::Folder {
 public:
  explicit Folder(const std::string& path)
      : path_(path), fd_(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  absl::Status Take() const {
    constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;
    if (!fd_.ok()) return SystemError(kFailed, path_, "open the folder");
    if (faccessat(fd_.get(), ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
      return SystemError(kFailed, path_, "write in the folder");
    }
    if (flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
      return ProxyFailure(kFailed, absl::StrCat("PROXY_STATE_DIR: ", path_,
                                                " is in use by another srsproxy: give each a "
                                                "folder of its own"));
    }
    return absl::OkStatus();
  }

  // The file's content; nullopt when there is none.
  absl::StatusOr<std::optional<std::string>> Read() const {
    const Descriptor file(openat(fd_.get(), kFile, O_RDONLY | O_CLOEXEC));
    if (!file.ok() && errno == ENOENT) return std::nullopt;
    std::string text;
    if (!file.ok() || !ReadAll(file.get(), text)) {
      return SystemError(absl::StatusCode::kFailedPrecondition, FilePath(), "read it");
    }
    return text;
  }

  // Returns the name under which the file is kept.
  absl::StatusOr<std::string> SetAside() const {
    const std::string name = absl::StrCat(
        kFile, ".damaged-", absl::FormatTime("%Y%m%dT%H%M%SZ", absl::Now(), absl::UTCTimeZone()));
    if (renameat(fd_.get(), kFile, fd_.get(), name.c_str()) != 0) {
      return SystemError(absl::StatusCode::kFailedPrecondition, FilePath(), "rename it");
    }
    return absl::StrCat(path_, "/", name);
  }

  absl::Status Write(std::string_view text) const {
    constexpr auto kFailed = absl::StatusCode::kUnavailable;
    {
      const Descriptor file(
          openat(fd_.get(), kNewFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
      if (!file.ok() || !WriteAll(file.get(), text) || fsync(file.get()) != 0) {
        return SystemError(kFailed, FilePath(), "write it");
      }
    }
    if (renameat(fd_.get(), kNewFile, fd_.get(), kFile) != 0 || fsync(fd_.get()) != 0) {
      return SystemError(kFailed, FilePath(), "replace it");
    }
    return absl::OkStatus();
  }

  std::string FilePath() const { return absl::StrCat(path_, "/", kFile); }

 private:
  const std::string path_;
  const Descriptor fd_;
};

StateFile::StateFile() = default;
StateFile::~StateFile() = default;
StateFile::StateFile(std::unique_ptr<Folder> folder, State state)
    : folder_(std::move(folder)), state_(std::move(state)) {}

absl::StatusOr<std::shared_ptr<StateFile>> StateFile::Open(const std::string& path,
                                                           const Logger& logger) {
  auto folder = std::make_unique<Folder>(path);
  if (auto status = folder->Take(); !status.ok()) return status;
  const auto text = folder->Read();
  if (!text.ok()) return text.status();
  State state;
  if (text->has_value()) {
    auto parsed = Parse(**text);
    if (parsed.ok()) {
      state = *std::move(parsed);
    } else {
      const auto kept_as = folder->SetAside();
      if (!kept_as.ok()) return kept_as.status();
      logger.Warn("operators' decisions are lost: the state file was set aside",
                  {{"file", folder->FilePath()},
                   {"why", MessageOf(parsed.status())},
                   {"kept_as", *kept_as}});
    }
  }
  return std::shared_ptr<StateFile>(new StateFile(std::move(folder), std::move(state)));
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

absl::Status StateFile::SetOverrides(std::string_view server, const OriginOverrides& overrides) {
  if (auto status = ValidateServer(server); !status.ok()) return status;
  if (auto status = ValidateOverrides(overrides); !status.ok()) return status;
  return Change([&](State& state) -> absl::Status {
    state.overrides.erase(std::string(server));
    if (overrides == OriginOverrides{}) return absl::OkStatus();
    if (state.overrides.size() >= kMaxServers) {
      return absl::ResourceExhaustedError(absl::StrCat("operators have decided about ", kMaxServers,
                                                       " servers: clear what is not needed"));
    }
    state.overrides.emplace(server, overrides);
    return absl::OkStatus();
  });
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
  boost::system::error_code error;
  const json::value root = json::parse(ToJson(text), error);
  if (error) return absl::DataLossError(absl::StrCat("it is no JSON: ", error.message()));
  const auto* object = root.if_object();
  const auto* version = object != nullptr ? object->if_contains("version") : nullptr;
  const auto number = version != nullptr ? ReadNumber<int64_t>(*version) : std::nullopt;
  if (!number) return absl::DataLossError("it has no version");
  if (*number != kVersion) {
    return absl::DataLossError(
        absl::StrCat("its version is ", *number, "; this srsproxy knows ", kVersion));
  }
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
    if (auto status = folder_->Write(Serialize(changed)); !status.ok()) return status;
  }
  const std::lock_guard lock(mutex_);
  state_ = std::move(changed);
  return absl::OkStatus();
}

}  // namespace srsproxy
