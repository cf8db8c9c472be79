#include "standard_streams.h"

#include <unistd.h>

#include <cerrno>
#include <initializer_list>

#include <fcntl.h>

namespace srsproxy {

void OpenClosedStandardStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is this one, as those below are open.
    if (::open("/dev/null", O_RDWR) != stream) return;
  }
}

}  // namespace srsproxy
