#include "dataplane/core/stream_directory.h"

namespace srsproxy {

bool JoinsOtherVhost(Role role, const StreamMapping& other) {
  return role == Role::kViewer || (other.viewers > 0 && other.publishers == 0);
}

}  // namespace srsproxy
