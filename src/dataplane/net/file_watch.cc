#include "dataplane/net/file_watch.h"

#include <utility>

#include <pthread.h>

namespace srsproxy::net {

FileWatch::FileWatch(std::vector<std::string> files, std::function<void()> changed)
    : files_(std::move(files)),
      changed_(std::move(changed)),
      thread_([this, reported = Look()] { Run(reported); }) {}

FileWatch::~FileWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::vector<FileWatch::Stamp> FileWatch::Look() const {
  std::vector<Stamp> stamps;
  for (const auto& file : files_) {
    struct stat status;
    if (stat(file.c_str(), &status) != 0) {
      stamps.emplace_back();
      continue;
    }
    stamps.push_back({.device = status.st_dev,
                      .inode = status.st_ino,
                      .size = status.st_size,
                      .modified = absl::TimeFromTimespec(status.st_mtim),
                      .status_changed = absl::TimeFromTimespec(status.st_ctim)});
  }
  return stamps;
}

void FileWatch::Run(std::vector<Stamp> reported) {
  pthread_setname_np(pthread_self(), "file-watch");
  auto last = reported;
  std::unique_lock lock(mutex_);
  while (
      !wake_.wait_for(lock, absl::ToChronoNanoseconds(kInterval), [this] { return stopping_; })) {
    lock.unlock();
    const auto now = Look();
    if (now != reported && now == last) {
      reported = now;
      changed_();
    }
    last = now;
    lock.lock();
  }
}

}  // namespace srsproxy::net
