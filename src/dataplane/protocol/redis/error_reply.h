// Error replies of Redis: a code in capitals, a blank and words
// (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors). Which of them
// there are is Redis' source alone (server.c, createSharedObjects; script.c).
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/status.h"

namespace srsproxy::redis {

enum class ErrorKind : uint8_t {
  kUnknown,         // None of those below.
  kNoScript,        // EVALSHA of a script that is not loaded (any more).
  kReadOnly,        // The server is a replica: after a failover, above all.
  kOutOfMemory,     // maxmemory is reached.
  kLoading,         // It reads its data set from disk.
  kBusy,            // A script runs for too long.
  kMasterDown,      // A replica without its master.
  kTooFewReplicas,  // min-replicas-to-write.
  kCannotPersist,   // It cannot save to disk, and refuses writes until it can.
  kTooManyClients,  // maxclients.
  kNoAuth,          // A password is needed.
  kWrongPassword,   // The user or the password is wrong, or the user is disabled.
  kNoPasswordSet,   // A password was sent, and the server has none.
  kNoPermission,    // The user's ACL does not allow the command, or the key.
  kProtectedMode,   // It takes no clients of other machines.
  kCluster,         // It belongs to a Redis Cluster.
  kWrongType,       // The key holds a value of another type.
  kUnknownCommand,  // It has no such command, or it was renamed.
  kNoSuchDatabase,  // SELECT of a database that it does not have.
  kTooLong,         // None of Redis': kTooLongCode.
};

// What stands in place of a string or an array that is too long to be read, in an error as Redis
// would have it (reply_reader.h).
inline constexpr std::string_view kTooLongCode = "TOOLONG";

constexpr auto NamesOf(ErrorKind) {
  return EnumNames<ErrorKind>({{ErrorKind::kUnknown, "unknown"},
                               {ErrorKind::kNoScript, "no_script"},
                               {ErrorKind::kReadOnly, "read_only"},
                               {ErrorKind::kOutOfMemory, "out_of_memory"},
                               {ErrorKind::kLoading, "loading"},
                               {ErrorKind::kBusy, "busy"},
                               {ErrorKind::kMasterDown, "master_down"},
                               {ErrorKind::kTooFewReplicas, "too_few_replicas"},
                               {ErrorKind::kCannotPersist, "cannot_persist"},
                               {ErrorKind::kTooManyClients, "too_many_clients"},
                               {ErrorKind::kNoAuth, "no_auth"},
                               {ErrorKind::kWrongPassword, "wrong_password"},
                               {ErrorKind::kNoPasswordSet, "no_password_set"},
                               {ErrorKind::kNoPermission, "no_permission"},
                               {ErrorKind::kProtectedMode, "protected_mode"},
                               {ErrorKind::kCluster, "cluster"},
                               {ErrorKind::kWrongType, "wrong_type"},
                               {ErrorKind::kUnknownCommand, "unknown_command"},
                               {ErrorKind::kNoSuchDatabase, "no_such_database"},
                               {ErrorKind::kTooLong, "too_long"}});
}

// `message`: the error without its '-'. Also of an error within a script, which Redis 6 wraps.
ErrorKind ClassifyError(std::string_view message);

// What happened and what to do about it, for an operator; it ends with the words of Redis, at
// most 200 bytes of them, without the arguments of a command. The code:
//   UNAVAILABLE          it may pass: kReadOnly, kLoading, kBusy, kMasterDown, kTooFewReplicas,
//                        kCannotPersist, kTooManyClients
//   RESOURCE_EXHAUSTED   kOutOfMemory
//   UNAUTHENTICATED      kNoAuth, kWrongPassword, kNoPasswordSet
//   PERMISSION_DENIED    kNoPermission, kProtectedMode
//   FAILED_PRECONDITION  kCluster, kNoSuchDatabase
//   UNIMPLEMENTED        kUnknownCommand
//   DATA_LOSS            kWrongType, kTooLong
//   NOT_FOUND            kNoScript
//   INTERNAL             kUnknown
absl::Status ErrorToStatus(std::string_view message);

}  // namespace srsproxy::redis
