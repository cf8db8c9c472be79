#include "dataplane/net/descriptors.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include <absl/strings/str_cat.h>
#include <fcntl.h>

namespace srsproxy {
namespace {

constexpr uint64_t kReserved = 256;
constexpr uint64_t kPerSession = 2;

}  // namespace

uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

uint64_t SessionLimitFor(uint64_t descriptors, uint64_t wanted) {
  const uint64_t fit = std::max<uint64_t>(descriptors, kReserved + kPerSession) - kReserved;
  return wanted == 0 ? fit / kPerSession : std::min(wanted, fit / kPerSession);
}

absl::Status CheckDescriptorsLeft(size_t count) {
  std::vector<int> opened;
  while (opened.size() < count) {
    const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) break;
    opened.push_back(descriptor);
  }
  for (const int descriptor : opened) ::close(descriptor);
  if (opened.size() == count) return absl::OkStatus();
  return ProxyFailure(absl::StatusCode::kResourceExhausted,
                      absl::StrCat("too few open files are allowed (ulimit -n): ", opened.size(),
                                   " are left of the ", count, " that it takes to start"));
}

}  // namespace srsproxy
