// The tokens that gRPC clients prove themselves with: PROXY_TOKENS_FILE.
//
//   tokens:
//     - token: "<16 to 512 characters>"
//       role: origin              # or viewer, admin, peer
//       name: edge agents         # for the log; the line when left out
//       servers: [edge-1, vid-*]  # role origin only: which servers it may register; all when left
//                                 # out
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/access/identity.h"
#include "controlplane/access/secret.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// The tokens of one file, kept as digests. Immutable.
class TokenTable {
 public:
  static constexpr size_t kMaxTokens = 1000;

  // INVALID_ARGUMENT names what is wrong in which line, never a token.
  static absl::StatusOr<TokenTable> Parse(const std::string& yaml);

  // Null: nobody has this token. Compares with every one, in constant time for each.
  std::shared_ptr<const Identity> Find(std::string_view token) const;

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    SecretDigest digest;
    std::shared_ptr<const Identity> identity;
    int line;
  };

  std::vector<Entry> entries_;
};

// INVALID_ARGUMENT: the file cannot be read, is wrong, or others than this process's user may read
// it; the message names the file, and the command that mends its mode.
absl::StatusOr<TokenTable> LoadTokens(const std::string& path);

// The tokens in force. Thread-safe.
class TokenStore {
 public:
  // Knows no token before the first Reload that succeeds.
  explicit TokenStore(std::string path);

  // As TokenTable::Find.
  std::shared_ptr<const Identity> Find(std::string_view token) const;

  // Reads the file. On an error, as of LoadTokens, the former tokens stay. Returns how many there
  // are.
  absl::StatusOr<size_t> Reload();

 private:
  std::shared_ptr<const TokenTable> table() const;

  const std::string path_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TokenTable> table_;  // Guarded by mutex_.
};

}  // namespace srsproxy::control
