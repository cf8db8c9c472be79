// StateFolder: the folder of PROXY_STATE_DIR, which one process has for itself.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/core/log.h"
#include "dataplane/core/status.h"

namespace srsproxy {

// Holds the folder's lock as long as it lives. Thread-safe for different files; calls about one
// file wait for each other elsewhere. Every call waits for the disk.
class StateFolder {
 public:
  // FAILED_PRECONDITION, naming PROXY_STATE_DIR: the folder is not there, cannot be read or
  // written, or another process has it.
  static absl::StatusOr<std::shared_ptr<const StateFolder>> Open(const std::string& path);
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;
  ~StateFolder();

  // The content of file `name`; nullopt when there is none. FAILED_PRECONDITION: it cannot be read.
  absl::StatusOr<std::optional<std::string>> Read(const std::string& name) const;

  // Renames a file that cannot be understood, for the reason `why`, to `<name>.damaged-<time>`, and
  // logs it; `lost` begins the line. FAILED_PRECONDITION: it cannot be renamed.
  absl::Status SetAside(const std::string& name, std::string_view lost, std::string_view why,
                        const Logger& logger) const;

  // Replaces the file in one step, readable by the owner only. After UNAVAILABLE the former content
  // stands.
  absl::Status Write(const std::string& name, std::string_view text) const;

  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit StateFolder(const std::string& path);
  absl::Status Take() const;

  const std::string path_;
  const int fd_;
};

}  // namespace srsproxy
