// What a new connection to Redis begins with: who this client is, which database, whether the
// server will do, and the scripts.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "dataplane/core/status.h"
#include "dataplane/directory/redis/script.h"
#include "dataplane/protocol/redis/reply.h"
#include "dataplane/protocol/redis/server_info.h"

namespace srsproxy::redis {

struct ClientOptions;

// Made once for each attempt: its commands are sent together, and its replies judged together.
class ServerSetup {
 public:
  // `scripts` are loaded; they outlive the setup.
  ServerSetup(const ClientOptions& options, std::span<const Script> scripts);

  // In their order, as they are sent.
  const std::vector<std::string>& commands() const { return commands_; }

  struct Outcome {
    ServerInfo server;
    // What an operator should know, with what to do; the connection works.
    std::vector<std::string> warnings;
  };
  // `replies`: one for each command, in their order. The status as LinkObserver::OnLost has it: the
  // server cannot be used.
  absl::StatusOr<Outcome> Judge(std::span<const absl::StatusOr<Reply>> replies) const;

 private:
  enum class Step : uint8_t { kAuth, kName, kSelect, kInfo, kRole, kEval, kLoad };

  void Add(Step step, std::initializer_list<std::string_view> command);
  // Not OK: this alone is why the server cannot be used.
  static absl::Status JudgeStep(Step step, const Reply& reply, Outcome& outcome);
  static absl::Status JudgeError(Step step, const Reply& reply, Outcome& outcome);

  std::vector<Step> steps_;
  std::vector<std::string> commands_;
};

}  // namespace srsproxy::redis
