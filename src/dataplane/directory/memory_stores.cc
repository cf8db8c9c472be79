#include "dataplane/directory/memory_stores.h"

#include <utility>

#include "dataplane/directory/lone_proxy.h"
#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/directory/memory_session_index.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "dataplane/directory/state_file.h"

namespace srsproxy {
namespace {

absl::StatusOr<std::shared_ptr<StateFile>> OpenState(const Config& config, const Logger& logger) {
  if (config.state_dir.empty()) return std::make_shared<StateFile>();
  return StateFile::Open(config.state_dir, logger);
}

}  // namespace

absl::StatusOr<Stores> MakeMemoryStores(const Config& config, const Clock& clock,
                                        const Logger& logger) {
  auto state = OpenState(config, logger);
  if (!state.ok()) return state.status();
  auto origins = MemoryOriginStore::Open(*state, clock, logger);
  if (!origins.ok()) return origins.status();
  Stores stores;
  stores.streams = std::make_shared<MemoryStreamDirectory>(clock, config.max_streams, *state);
  stores.origins = *std::move(origins);
  stores.sessions = std::make_unique<MemorySessionIndex>(clock);
  stores.fleet = std::make_unique<LoneProxy>(config.id);
  return stores;
}

}  // namespace srsproxy
