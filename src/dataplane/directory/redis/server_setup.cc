#include "dataplane/directory/redis/server_setup.h"

#include <algorithm>

#include "dataplane/directory/redis/client.h"
#include "dataplane/protocol/redis/command.h"
#include "dataplane/protocol/redis/error_reply.h"

namespace srsproxy::redis {
namespace {

// CLIENT SETNAME takes no blanks and no line ends.
std::string ClientName(std::string_view proxy_id) {
  std::string name = "srsproxy-" + std::string(proxy_id);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c <= ' ' || c > '~'; }, '-');
  return name;
}

// These mean the same, whatever they are the answer to.
bool EndsSetup(ErrorKind kind) {
  return kind == ErrorKind::kNoAuth || kind == ErrorKind::kLoading || kind == ErrorKind::kBusy ||
         kind == ErrorKind::kCluster || kind == ErrorKind::kTooManyClients ||
         kind == ErrorKind::kProtectedMode || kind == ErrorKind::kMasterDown ||
         kind == ErrorKind::kReadOnly;
}

absl::Status CheckRole(ServerRole role) {
  if (role != ServerRole::kReplica) return absl::OkStatus();
  return ErrorToStatus("READONLY its role is replica");
}

}  // namespace

ServerSetup::ServerSetup(const ClientOptions& options, std::span<const Script> scripts) {
  if (!options.username.empty()) {
    Add(Step::kAuth, {"AUTH", options.username, options.password});
  } else if (!options.password.empty()) {
    Add(Step::kAuth, {"AUTH", options.password});
  }
  Add(Step::kName, {"CLIENT", "SETNAME", ClientName(options.proxy_id)});
  if (options.db != 0) Add(Step::kSelect, {"SELECT", std::to_string(options.db)});
  Add(Step::kInfo, {"INFO"});
  Add(Step::kRole, {"ROLE"});
  Add(Step::kEval, {"EVAL", "return 1", "0"});
  for (const Script& script : scripts) Add(Step::kLoad, {"SCRIPT", "LOAD", script.source()});
}

void ServerSetup::Add(Step step, std::initializer_list<std::string_view> command) {
  steps_.push_back(step);
  AppendCommand(command, commands_.emplace_back());
}

absl::StatusOr<ServerSetup::Outcome> ServerSetup::Judge(
    std::span<const absl::StatusOr<Reply>> replies) const {
  Outcome outcome;
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (!replies[i].ok()) return replies[i].status();
    const Reply& reply = *replies[i];
    auto status = reply.is_error() ? JudgeError(steps_[i], reply, outcome)
                                   : JudgeStep(steps_[i], reply, outcome);
    if (!status.ok()) return status;
  }
  if (auto warning = EvictionWarning(outcome.server); !warning.empty()) {
    outcome.warnings.push_back(std::move(warning));
  }
  return outcome;
}

absl::Status ServerSetup::JudgeStep(Step step, const Reply& reply, Outcome& outcome) {
  if (step == Step::kInfo) {
    const auto text = reply.AsText();
    if (!text.ok()) return text.status();
    outcome.server = ParseServerInfo(*text);
    if (auto status = CheckServer(outcome.server); !status.ok()) return status;
    return CheckRole(outcome.server.role);
  }
  if (step == Step::kRole && outcome.server.role == ServerRole::kUnknown) {
    const auto items = reply.AsArrayOf(1);
    if (!items.ok()) return items.status();
    const auto role = items->front().AsText();
    if (!role.ok()) return role.status();
    outcome.server.role = ParseServerRole(*role);
    if (auto status = CheckServer(outcome.server); !status.ok()) return status;
    return CheckRole(outcome.server.role);
  }
  return absl::OkStatus();
}

absl::Status ServerSetup::JudgeError(Step step, const Reply& reply, Outcome& outcome) {
  const ErrorKind kind = ClassifyError(reply.error());
  if (EndsSetup(kind)) return reply.ToStatus();
  switch (step) {
    case Step::kAuth:
    case Step::kSelect:
      return reply.ToStatus();
    case Step::kName:
    case Step::kRole:
      return absl::OkStatus();
    case Step::kInfo:
      if (kind != ErrorKind::kNoPermission && kind != ErrorKind::kUnknownCommand) {
        return reply.ToStatus();
      }
      outcome.warnings.push_back(
          "the Redis user may not use INFO, so that neither the server's version nor its mode nor "
          "a change of its data can be seen: allow +info");
      return absl::OkStatus();
    case Step::kLoad:
      // EVAL loads them, too.
      return kind == ErrorKind::kNoPermission ? absl::OkStatus() : reply.ToStatus();
    case Step::kEval:
      break;
  }
  if (kind == ErrorKind::kUnknownCommand) {
    return ProxyFailure(absl::StatusCode::kFailedPrecondition,
                        outcome.server.Name() +
                            " has no EVAL, without which proxies cannot share their state: use a "
                            "server with Lua scripts");
  }
  if (kind == ErrorKind::kNoPermission) {
    return ProxyFailure(absl::StatusCode::kPermissionDenied,
                        "the ACL of the Redis user does not allow scripts: allow +eval +evalsha "
                        "+script (" +
                            std::string(reply.error()) + ")");
  }
  return reply.ToStatus();
}

}  // namespace srsproxy::redis
