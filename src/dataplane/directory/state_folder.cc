#include "dataplane/directory/state_folder.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <fcntl.h>

namespace srsproxy {
namespace {

absl::Status SystemError(absl::StatusCode code, std::string_view path, std::string_view what) {
  return ProxyFailure(
      code, absl::StrCat("PROXY_STATE_DIR: ", ToAbsl(path), ": cannot ", ToAbsl(what), ": ",
                         std::generic_category().message(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  const int fd_;
};

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool ReadAll(int fd, std::string& text) {
  char buffer[65536];
  while (true) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    text.append(buffer, static_cast<size_t>(got));
  }
}

}  // namespace

StateFolder::StateFolder(const std::string& path)
    : path_(path), fd_(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

StateFolder::~StateFolder() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<std::shared_ptr<const StateFolder>> StateFolder::Open(const std::string& path) {
  std::shared_ptr<const StateFolder> folder(new StateFolder(path));
  if (auto status = folder->Take(); !status.ok()) return status;
  return folder;
}

absl::Status StateFolder::Take() const {
  constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;
  if (fd_ < 0) return SystemError(kFailed, path_, "open the folder");
  if (faccessat(fd_, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
    return SystemError(kFailed, path_, "write in the folder");
  }
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    return ProxyFailure(kFailed, absl::StrCat("PROXY_STATE_DIR: ", path_,
                                              " is in use by another srsproxy: give each a "
                                              "folder of its own"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> StateFolder::Read(const std::string& name) const {
  // Looked at first: to open a pipe of this name would wait for a writer, unnoticed. O_NONBLOCK
  // would not, but fails when another process holds a lease on the file.
  struct stat about {};
  if (fstatat(fd_, name.c_str(), &about, 0) == 0 && !S_ISREG(about.st_mode)) {
    return ProxyFailure(absl::StatusCode::kFailedPrecondition,
                        absl::StrCat("PROXY_STATE_DIR: ", PathOf(name), " is no file"));
  }
  const Descriptor file(openat(fd_, name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok() && errno == ENOENT) return std::nullopt;
  std::string text;
  if (!file.ok() || !ReadAll(file.get(), text)) {
    return SystemError(absl::StatusCode::kFailedPrecondition, PathOf(name), "read it");
  }
  return text;
}

absl::Status StateFolder::SetAside(const std::string& name, std::string_view lost,
                                   std::string_view why, const Logger& logger) const {
  const std::string kept_as = absl::StrCat(
      name, ".damaged-", absl::FormatTime("%Y%m%dT%H%M%SZ", absl::Now(), absl::UTCTimeZone()));
  if (renameat(fd_, name.c_str(), fd_, kept_as.c_str()) != 0) {
    return SystemError(absl::StatusCode::kFailedPrecondition, PathOf(name), "rename it");
  }
  logger.Warn(absl::StrCat(ToAbsl(lost), ": the state file was set aside"),
              {{"file", PathOf(name)}, {"why", why}, {"kept_as", PathOf(kept_as)}});
  return absl::OkStatus();
}

absl::Status StateFolder::Write(const std::string& name, std::string_view text) const {
  constexpr auto kFailed = absl::StatusCode::kUnavailable;
  const std::string next = name + ".new";
  {
    const Descriptor file(
        openat(fd_, next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.ok() || !WriteAll(file.get(), text) || fsync(file.get()) != 0) {
      return SystemError(kFailed, PathOf(name), "write it");
    }
  }
  if (renameat(fd_, next.c_str(), fd_, name.c_str()) != 0 || fsync(fd_) != 0) {
    return SystemError(kFailed, PathOf(name), "replace it");
  }
  return absl::OkStatus();
}

}  // namespace srsproxy
