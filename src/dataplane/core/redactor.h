// Takes secrets out of text that is about to be logged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>

namespace srsproxy {

// Immutable, thread-safe.
class Redactor {
 public:
  // `keys`: names of query parameters (and of log fields) whose values are secret, in any case.
  explicit Redactor(const std::vector<std::string>& keys);

  // `text` with `***` for the value of every `key=value` whose key is secret (up to the next `&`,
  // `,`, `;`, `#`, quote or space), and for the password in `scheme://user:password@host`.
  std::string Redact(std::string_view text) const;

  bool IsSecret(std::string_view key) const;

 private:
  absl::flat_hash_set<std::string> keys_;  // In lower case.
};

}  // namespace srsproxy
