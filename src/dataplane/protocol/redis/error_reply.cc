#include "dataplane/protocol/redis/error_reply.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "dataplane/core/text.h"

namespace srsproxy::redis {
namespace {

constexpr size_t kMaxShown = 200;

struct Code {
  std::string_view word;
  ErrorKind kind;
};

// The first word of an error.
constexpr Code kCodes[] = {
    {"NOSCRIPT", ErrorKind::kNoScript},
    {"READONLY", ErrorKind::kReadOnly},
    {"OOM", ErrorKind::kOutOfMemory},
    {"LOADING", ErrorKind::kLoading},
    {"BUSY", ErrorKind::kBusy},
    {"MASTERDOWN", ErrorKind::kMasterDown},
    {"NOREPLICAS", ErrorKind::kTooFewReplicas},
    {"MISCONF", ErrorKind::kCannotPersist},
    {"NOAUTH", ErrorKind::kNoAuth},
    {"WRONGPASS", ErrorKind::kWrongPassword},
    {"NOPERM", ErrorKind::kNoPermission},
    {"DENIED", ErrorKind::kProtectedMode},
    {"CLUSTERDOWN", ErrorKind::kCluster},
    {"MOVED", ErrorKind::kCluster},
    {"ASK", ErrorKind::kCluster},
    {"CROSSSLOT", ErrorKind::kCluster},
    {"TRYAGAIN", ErrorKind::kCluster},
    {"WRONGTYPE", ErrorKind::kWrongType},
    {kTooLongCode, ErrorKind::kTooLong},
};

// Errors whose code is only "ERR", by words within.
constexpr Code kWords[] = {
    {"unknown command", ErrorKind::kUnknownCommand},
    {"Unknown Redis command called from", ErrorKind::kUnknownCommand},
    {"max number of clients", ErrorKind::kTooManyClients},
    {"invalid password", ErrorKind::kWrongPassword},
    {"without any password configured", ErrorKind::kNoPasswordSet},
    {"but no password is set", ErrorKind::kNoPasswordSet},
    {"DB index is out of range", ErrorKind::kNoSuchDatabase},
    {"SELECT is not allowed in cluster mode", ErrorKind::kCluster},
    {"can't run this command or subcommand", ErrorKind::kNoPermission},
    {"can't access at least one of the keys", ErrorKind::kNoPermission},
};

struct Meaning {
  ErrorKind kind;
  absl::StatusCode code;
  std::string_view words;
};

constexpr Meaning kMeanings[] = {
    {ErrorKind::kUnknown, absl::StatusCode::kInternal, "Redis refused a command"},
    {ErrorKind::kNoScript, absl::StatusCode::kNotFound, "Redis does not have the script loaded"},
    {ErrorKind::kReadOnly, absl::StatusCode::kUnavailable,
     "the Redis server is a read-only replica: point PROXY_REDIS_HOST at the master, or set "
     "PROXY_REDIS_SENTINELS so that failovers are followed"},
    {ErrorKind::kOutOfMemory, absl::StatusCode::kResourceExhausted,
     "Redis is out of memory and refuses writes: raise its maxmemory, or remove what else it "
     "holds"},
    {ErrorKind::kLoading, absl::StatusCode::kUnavailable,
     "Redis is still reading its data from disk: the proxy waits for it"},
    {ErrorKind::kBusy, absl::StatusCode::kUnavailable,
     "Redis runs a script for too long: see its SLOWLOG, end it by SCRIPT KILL"},
    {ErrorKind::kMasterDown, absl::StatusCode::kUnavailable,
     "the Redis server is a replica that has lost its master: check the master, or set "
     "PROXY_REDIS_SENTINELS"},
    {ErrorKind::kTooFewReplicas, absl::StatusCode::kUnavailable,
     "Redis refuses writes as too few replicas follow it (min-replicas-to-write): bring them back"},
    {ErrorKind::kCannotPersist, absl::StatusCode::kUnavailable,
     "Redis refuses writes as it cannot save its data: look for space and rights of its folder, "
     "or set stop-writes-on-bgsave-error no"},
    {ErrorKind::kTooManyClients, absl::StatusCode::kUnavailable,
     "Redis has no room for another client: raise its maxclients"},
    {ErrorKind::kNoAuth, absl::StatusCode::kUnauthenticated,
     "Redis wants a password: set PROXY_REDIS_PASSWORD (and PROXY_REDIS_USERNAME)"},
    {ErrorKind::kWrongPassword, absl::StatusCode::kUnauthenticated,
     "Redis refuses the user or the password: check PROXY_REDIS_USERNAME and "
     "PROXY_REDIS_PASSWORD"},
    {ErrorKind::kNoPasswordSet, absl::StatusCode::kUnauthenticated,
     "Redis has no password: leave PROXY_REDIS_PASSWORD unset, or set requirepass there"},
    {ErrorKind::kNoPermission, absl::StatusCode::kPermissionDenied,
     "the ACL of the Redis user does not allow this: see ACL SETUSER"},
    {ErrorKind::kProtectedMode, absl::StatusCode::kPermissionDenied,
     "Redis runs in protected mode and takes no clients of other machines: give it a password, "
     "or set protected-mode no"},
    {ErrorKind::kCluster, absl::StatusCode::kFailedPrecondition,
     "the server belongs to a Redis Cluster, which is not supported: use a single master, with "
     "Sentinel if it is to be replaced when it fails"},
    {ErrorKind::kWrongType, absl::StatusCode::kDataLoss,
     "a key in Redis holds a value of another type: somebody else writes to it; remove it, or "
     "choose another PROXY_REDIS_DB or PROXY_REDIS_KEY_PREFIX"},
    {ErrorKind::kUnknownCommand, absl::StatusCode::kUnimplemented,
     "the Redis server does not know a command: it is too old, or the command was renamed"},
    {ErrorKind::kNoSuchDatabase, absl::StatusCode::kFailedPrecondition,
     "Redis has no such database: set PROXY_REDIS_DB below its `databases`"},
    {ErrorKind::kTooLong, absl::StatusCode::kDataLoss,
     "a value in Redis is too long to be read: somebody else writes to it; remove it, or choose "
     "another PROXY_REDIS_DB or PROXY_REDIS_KEY_PREFIX"},
};
static_assert(std::size(kMeanings) == kEnumSize<ErrorKind>);

std::string_view FirstWord(std::string_view text) { return text.substr(0, text.find(' ')); }

ErrorKind KindOfCode(std::string_view message) {
  const std::string_view word = FirstWord(message);
  for (const Code& code : kCodes) {
    if (word == code.word) return code.kind;
  }
  return ErrorKind::kUnknown;
}

// Redis 6: "ERR Error running script (call to f_...): @user_script:1: ... -OOM command not ..."
std::string_view ErrorOfScript(std::string_view message) {
  if (!message.starts_with("ERR Error running script")) return {};
  const size_t at = message.find(": -");
  return at == std::string_view::npos ? std::string_view() : message.substr(at + 3);
}

}  // namespace

ErrorKind ClassifyError(std::string_view message) {
  if (const auto kind = KindOfCode(message); kind != ErrorKind::kUnknown) return kind;
  if (const auto kind = KindOfCode(ErrorOfScript(message)); kind != ErrorKind::kUnknown) {
    return kind;
  }
  if (!message.starts_with("ERR ")) return ErrorKind::kUnknown;
  for (const Code& code : kWords) {
    if (message.find(code.word) != std::string_view::npos) return code.kind;
  }
  return ErrorKind::kUnknown;
}

absl::Status ErrorToStatus(std::string_view message) {
  const Meaning& meaning = kMeanings[ToIndex(ClassifyError(message))];
  // An unknown command is quoted with its arguments: with the password, when it is AUTH.
  const std::string_view shown =
      message.substr(0, std::min(message.find(", with args"), kMaxShown));
  return ProxyFailure(meaning.code,
                      std::string(meaning.words) + " (" +
                          (IsPrintableUtf8(shown) ? std::string(shown) : Quoted(shown)) + ")");
}

}  // namespace srsproxy::redis
