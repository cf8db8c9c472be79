// What operators decided, kept over a restart of a proxy that shares nothing: the file `state.json`
// in PROXY_STATE_DIR.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <absl/functional/function_ref.h>

#include "dataplane/core/log.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/overrides_change.h"
#include "dataplane/core/status.h"
#include "dataplane/directory/state_folder.h"

namespace srsproxy {

// Thread-safe. Reading never waits for the disk. Each change waits until the disk has it; changes
// wait for each other. After an error nothing has changed: UNAVAILABLE, the file cannot be written;
// RESOURCE_EXHAUSTED, too many entries; INVALID_ARGUMENT, text that is not printable UTF-8.
class StateFile {
 public:
  using Overrides = std::map<std::string, OriginOverrides, std::less<>>;  // By server.
  using Pins = std::map<std::string, std::string, std::less<>>;           // Stream key → server.

  // Keeps everything in memory alone, for a proxy without PROXY_STATE_DIR.
  StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;
  ~StateFile();

  // The state in `folder`, which this process then has for itself. A file that cannot be understood
  // (damaged, of a newer version, with unknown fields) is renamed to `state.json.damaged-<time>`,
  // with a warning, and the state starts empty. FAILED_PRECONDITION, naming PROXY_STATE_DIR: the
  // folder is not there, cannot be read or written, or another process has it.
  static absl::StatusOr<std::shared_ptr<StateFile>> Open(const std::string& folder,
                                                         const Logger& logger);

  // Where it is kept, for other files beside it. Null: in memory alone.
  const std::shared_ptr<const StateFolder>& folder() const { return folder_; }

  OriginOverrides OverridesOf(std::string_view server) const;
  Overrides AllOverrides() const;
  // Merges, in one step; returns what is in force then. Nothing in force: the server is forgotten.
  absl::StatusOr<OriginOverrides> ChangeOverrides(std::string_view server,
                                                  const OverridesChange& change);

  Pins AllPins() const;
  absl::Status PutPin(std::string_view key, std::string_view server);
  // Also when there is none.
  absl::Status RemovePin(std::string_view key);

 private:
  struct State {
    Overrides overrides;
    Pins pins;
  };

  StateFile(std::shared_ptr<const StateFolder> folder, State state);

  static absl::StatusOr<State> Parse(std::string_view text);
  static std::string Serialize(const State& state);
  absl::Status Change(absl::FunctionRef<absl::Status(State&)> change);

  const std::shared_ptr<const StateFolder> folder_;
  std::mutex write_mutex_;    // Held by a change until it is written.
  mutable std::mutex mutex_;  // Held to read state_ by others, and to replace it.
  State state_;
};

}  // namespace srsproxy
