// A folder whose files are served beside streams. Nothing outside of it is reached, neither by the
// words of a path nor by symbolic links; files whose name begins with a dot do not exist.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/net/blocking_pool.h"
#include "dataplane/net/task.h"
#include "dataplane/protocol/http/file_request.h"

namespace srsproxy {

// A file or folder that was found. Closed with its last owner.
class StaticFile {
 public:
  // Owns `fd`.
  StaticFile(int fd, bool folder, http::FileState state, std::string name)
      : fd_(fd), folder_(folder), state_(state), name_(std::move(name)) {}
  StaticFile(const StaticFile&) = delete;
  StaticFile& operator=(const StaticFile&) = delete;
  ~StaticFile();

  int fd() const { return fd_; }
  // A folder that is to be asked for with a slash at its end.
  bool is_folder() const { return folder_; }
  const http::FileState& state() const { return state_; }
  const std::string& name() const { return name_; }  // Path below the root.

 private:
  const int fd_;
  const bool folder_;
  const http::FileState state_;
  const std::string name_;
};

// Thread-safe. Files are read by threads of its own.
class StaticFiles {
 public:
  // NOT_FOUND, the proxy at fault: `folder` is not there or cannot be read. Blocks.
  static absl::StatusOr<std::unique_ptr<StaticFiles>> Open(const std::string& folder);
  StaticFiles(const StaticFiles&) = delete;
  StaticFiles& operator=(const StaticFiles&) = delete;
  ~StaticFiles();

  // `path` as from http::StaticPathOf. Of a folder with a slash at its end, and of the root,
  // index.html. NOT_FOUND: there is none, or it is nothing to be served. The coroutine goes on on
  // `executor`.
  net::Task<absl::StatusOr<std::shared_ptr<const StaticFile>>> Find(
      net::asio::any_io_executor executor, std::string path);

  // At most `size` bytes from `begin`; fewer at the end of the file.
  net::Task<absl::StatusOr<std::string>> Read(net::asio::any_io_executor executor,
                                              std::shared_ptr<const StaticFile> file,
                                              uint64_t begin, size_t size);

  // Returns when no file is being read; later calls fail with CANCELLED. Blocks.
  void Stop() { readers_.Stop(); }

 private:
  StaticFiles(int root, std::string root_path);

  absl::StatusOr<std::shared_ptr<const StaticFile>> FindNow(const std::string& path) const;

  const int root_;
  const std::string root_path_;  // Without symbolic links.
  net::BlockingPool readers_;
};

}  // namespace srsproxy
