#include "dataplane/proxy/http/static_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include <fcntl.h>

namespace srsproxy {
namespace {

constexpr size_t kReaders = 2;
constexpr size_t kMaxWaiting = 1024;
constexpr std::string_view kIndex = "index.html";

absl::Status NotFound() {
  return ClientFailure(absl::StatusCode::kNotFound, "there is no such file");
}

// Where an open file lies, without symbolic links; "" when that is unknown.
std::string PathOf(int fd) {
  std::string path(PATH_MAX, '\0');
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  path.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return path;
}

}  // namespace

StaticFile::~StaticFile() { ::close(fd_); }

absl::StatusOr<std::unique_ptr<StaticFiles>> StaticFiles::Open(const std::string& folder) {
  const int root = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const auto path = root < 0 ? std::string() : PathOf(root);
  if (root < 0 || path.empty()) {
    const int error = errno;
    if (root >= 0) ::close(root);
    return ProxyFailure(absl::StatusCode::kNotFound,
                        "cannot open the folder " + folder + ": " + std::strerror(error));
  }
  return std::unique_ptr<StaticFiles>(new StaticFiles(root, path));
}

StaticFiles::StaticFiles(int root, std::string root_path)
    : root_(root), root_path_(std::move(root_path)), readers_(kReaders, kMaxWaiting) {}

StaticFiles::~StaticFiles() {
  Stop();
  ::close(root_);
}

net::Task<absl::StatusOr<std::shared_ptr<const StaticFile>>> StaticFiles::Find(
    net::asio::any_io_executor executor, std::string path) {
  auto find = [this, path = std::move(path)] { return FindNow(path); };
  co_return co_await readers_.Run(executor, std::move(find));
}

absl::StatusOr<std::shared_ptr<const StaticFile>> StaticFiles::FindNow(
    const std::string& path) const {
  const bool index = path.empty() || path.ends_with('/');
  const std::string name = index ? path + std::string(kIndex) : path;
  // Without waiting: a pipe would.
  const int fd = ::openat(root_, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return NotFound();
  struct stat about {};
  const bool known = ::fstat(fd, &about) == 0;
  const bool folder = known && S_ISDIR(about.st_mode) && !index;
  const http::FileState state{.size = static_cast<uint64_t>(about.st_size),
                              .modified = absl::TimeFromTimespec(about.st_mtim)};
  auto file = std::make_shared<const StaticFile>(fd, folder, state, name);
  // What was opened is looked at, so that links may change meanwhile.
  const bool inside = PathOf(fd).starts_with(root_path_ == "/" ? "/" : root_path_ + "/");
  if (!known || !inside || !(folder || S_ISREG(about.st_mode))) return NotFound();
  return file;
}

net::Task<absl::StatusOr<std::string>> StaticFiles::Read(net::asio::any_io_executor executor,
                                                         std::shared_ptr<const StaticFile> file,
                                                         uint64_t begin, size_t size) {
  auto read = [file = std::move(file), begin, size]() -> absl::StatusOr<std::string> {
    std::string bytes(size, '\0');
    size_t known = 0;
    while (known < size) {
      const ssize_t got = ::pread(file->fd(), bytes.data() + known, size - known,
                                  static_cast<off_t>(begin + known));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ProxyFailure(absl::StatusCode::kInternal, "the file cannot be read");
      if (got == 0) break;
      known += static_cast<size_t>(got);
    }
    bytes.resize(known);
    return bytes;
  };
  co_return co_await readers_.Run(executor, std::move(read));
}

}  // namespace srsproxy
