// Notices when files change.
#pragma once

#include <sys/stat.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <absl/time/time.h>

namespace srsproxy::net {

// Looks at its files every now and then, on a thread of its own.
class FileWatch {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(1);

  // Calls `changed` when one of `files` is another or has changed since the watch began or
  // `changed` was called last, and all have stayed as they are for one interval, so that files
  // which are written one after another are seen together. A missing file counts as a state of its
  // own.
  FileWatch(std::vector<std::string> files, std::function<void()> changed);

  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  ~FileWatch();  // Once it returns, no call is running any more.

 private:
  // What distinguishes one state of a file from another; zeros: there is none.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    absl::Time modified;
    absl::Time status_changed;

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  std::vector<Stamp> Look() const;
  void Run(std::vector<Stamp> reported);

  const std::vector<std::string> files_;
  const std::function<void()> changed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // Guarded by mutex_.
  std::thread thread_;     // Last: it uses the others.
};

}  // namespace srsproxy::net
