#include "controlplane/access/tokens.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <set>
#include <utility>

#include <absl/cleanup/cleanup.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <yaml-cpp/yaml.h>

#include "dataplane/core/text.h"

namespace srsproxy::control {
namespace {

constexpr size_t kMinLength = 16;
constexpr size_t kMaxLength = 512;
constexpr size_t kMaxFileBytes = 1 << 20;
constexpr mode_t kForOthers = S_IRWXG | S_IRWXO;

template <typename... Parts>
absl::Status Problem(int line, const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", parts...));
}

int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

// What an HTTP header can carry as a bearer token (RFC 6750, section 2.1).
bool IsTokenCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

absl::StatusOr<std::string> Scalar(const YAML::Node& entry, const char* key) {
  const auto node = entry[key];
  if (!node) return std::string();
  if (!node.IsScalar()) return Problem(LineOf(node), "`", key, "` is no text");
  return node.Scalar();
}

absl::StatusOr<std::string> ReadToken(const YAML::Node& entry) {
  auto token = Scalar(entry, "token");
  if (!token.ok()) return token;
  if (token->size() < kMinLength || token->size() > kMaxLength) {
    return Problem(LineOf(entry), "`token` has ", token->size(), " characters; it needs ",
                   kMinLength, " to ", kMaxLength, ". Make one with: openssl rand -hex 32");
  }
  if (!std::all_of(token->begin(), token->end(), IsTokenCharacter)) {
    return Problem(LineOf(entry), "`token` may hold only letters, digits and -._~+/=");
  }
  return token;
}

absl::StatusOr<std::vector<std::string>> ReadServers(const YAML::Node& entry) {
  std::vector<std::string> servers;
  const auto node = entry["servers"];
  if (!node) return servers;
  // An empty list would read as "none" and mean "all".
  if (!node.IsSequence() || node.size() == 0) {
    return Problem(LineOf(node), "`servers` is no list of names; leave it out to allow all");
  }
  for (const auto& server : node) {
    if (!server.IsScalar() || server.Scalar().empty()) {
      return Problem(LineOf(server), "`servers` holds something that is no name");
    }
    servers.push_back(server.Scalar());
  }
  return servers;
}

absl::Status CheckKeys(const YAML::Node& map, std::initializer_list<std::string_view> known) {
  std::set<std::string> seen;
  for (const auto& entry : map) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return Problem(LineOf(entry.first), "there is no key ", Quoted(key), " here");
    }
    if (!seen.insert(key).second) return Problem(LineOf(entry.first), "`", key, "` again");
  }
  return absl::OkStatus();
}

absl::StatusOr<Identity> ReadIdentity(const YAML::Node& entry) {
  const auto role_name = Scalar(entry, "role");
  if (!role_name.ok()) return role_name.status();
  const auto role = FromName<AccessRole>(*role_name);
  if (!role) return Problem(LineOf(entry), "`role` is not one of origin, viewer, admin, peer");
  auto servers = ReadServers(entry);
  if (!servers.ok()) return servers.status();
  if (!servers->empty() && *role != AccessRole::kOrigin) {
    return Problem(LineOf(entry), "`servers` is for the role origin alone");
  }
  const auto name = Scalar(entry, "name");
  if (!name.ok()) return name.status();
  if (!IsPrintableUtf8(*name)) return Problem(LineOf(entry), "`name` cannot be printed");
  return Identity{.role = *role,
                  .name = name->empty() ? absl::StrCat("the token of line ", LineOf(entry))
                                        : absl::StrCat("the token '", *name, "'"),
                  .servers = *std::move(servers)};
}

absl::StatusOr<std::string> ReadWhole(int fd) {
  std::string text;
  char buffer[16 * 1024];
  while (text.size() <= kMaxFileBytes) {
    const ssize_t bytes = read(fd, buffer, sizeof buffer);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return absl::InvalidArgumentError(std::strerror(errno));
    if (bytes == 0) return text;
    text.append(buffer, static_cast<size_t>(bytes));
  }
  return absl::InvalidArgumentError(absl::StrCat("it is larger than ", kMaxFileBytes, " bytes"));
}

// Whether this process's user alone may read what `fd` is open on.
absl::Status CheckMode(int fd, const std::string& path) {
  struct stat status;
  if (fstat(fd, &status) != 0) return absl::InvalidArgumentError(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return absl::InvalidArgumentError("it is no file");
  if (status.st_uid != geteuid()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "it belongs to the user %d; run: chown %d '%s'", status.st_uid, geteuid(), path));
  }
  if ((status.st_mode & kForOthers) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("others may read or change it (mode %04o); run: chmod 600 '%s'",
                        status.st_mode & 07777, path));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return absl::InvalidArgumentError(std::strerror(errno));
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (auto status = CheckMode(fd, path); !status.ok()) return status;
  return ReadWhole(fd);
}

}  // namespace

absl::StatusOr<TokenTable> TokenTable::Parse(const std::string& yaml) {
  YAML::Node root;
  try {  // yaml-cpp reports by exceptions what is no YAML.
    root = YAML::Load(yaml);
  } catch (const YAML::Exception& error) {
    return Problem(error.mark.line + 1, error.msg);
  }
  if (!root.IsMap() || !root["tokens"].IsSequence()) {
    return absl::InvalidArgumentError("it holds no list `tokens:`");
  }
  if (auto status = CheckKeys(root, {"tokens"}); !status.ok()) return status;

  TokenTable table;
  for (const auto& entry : root["tokens"]) {
    if (!entry.IsMap()) return Problem(LineOf(entry), "a token needs `token:` and `role:`");
    auto status = CheckKeys(entry, {"token", "role", "name", "servers"});
    if (!status.ok()) return status;
    const auto token = ReadToken(entry);
    if (!token.ok()) return token.status();
    auto identity = ReadIdentity(entry);
    if (!identity.ok()) return identity.status();
    if (table.entries_.size() == kMaxTokens) {
      return Problem(LineOf(entry), "there are more than ", kMaxTokens, " tokens");
    }
    const SecretDigest digest(*token);
    for (const auto& earlier : table.entries_) {
      if (!earlier.digest.Matches(digest)) continue;
      return Problem(LineOf(entry), "the token of line ", earlier.line, " again");
    }
    table.entries_.push_back(
        {digest, std::make_shared<const Identity>(*std::move(identity)), LineOf(entry)});
  }
  if (table.entries_.empty()) return absl::InvalidArgumentError("it holds no token");
  return table;
}

std::shared_ptr<const Identity> TokenTable::Find(std::string_view token) const {
  const SecretDigest digest(token);
  std::shared_ptr<const Identity> found;
  for (const auto& entry : entries_) {
    if (entry.digest.Matches(digest)) found = entry.identity;
  }
  return found;
}

absl::StatusOr<TokenTable> LoadTokens(const std::string& path) {
  const auto explain = [&path](const absl::Status& status) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", status.message()));
  };
  const auto text = ReadPrivateFile(path);
  if (!text.ok()) return explain(text.status());
  auto table = TokenTable::Parse(*text);
  if (!table.ok()) return explain(table.status());
  return table;
}

TokenStore::TokenStore(std::string path)
    : path_(std::move(path)), table_(std::make_shared<const TokenTable>()) {}

std::shared_ptr<const TokenTable> TokenStore::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

std::shared_ptr<const Identity> TokenStore::Find(std::string_view token) const {
  return table()->Find(token);
}

absl::StatusOr<size_t> TokenStore::Reload() {
  auto loaded = LoadTokens(path_);
  if (!loaded.ok()) return loaded.status();
  const auto table = std::make_shared<const TokenTable>(*std::move(loaded));
  const std::lock_guard lock(mutex_);
  table_ = table;
  return table->size();
}

}  // namespace srsproxy::control
