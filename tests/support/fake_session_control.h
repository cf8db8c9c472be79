// Sessions that exist only in a list.
#pragma once

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "dataplane/core/session_control.h"

namespace srsproxy {

// Thread-safe; answers inline. A kicked session is gone at once.
class FakeSessionControl final : public SessionControl {
 public:
  void Add(SessionInfo session) {
    const std::lock_guard lock(mutex_);
    sessions_.push_back(std::move(session));
    std::sort(sessions_.begin(), sessions_.end(),
              [](const SessionInfo& a, const SessionInfo& b) { return a.id < b.id; });
  }

  std::vector<SessionInfo> sessions() const {
    const std::lock_guard lock(mutex_);
    return sessions_;
  }

  void List(SessionFilter filter, std::string after, size_t limit, PageCallback done) override {
    Page page;
    {
      const std::lock_guard lock(mutex_);
      for (const SessionInfo& session : sessions_) {
        if (session.id <= after || !filter.Matches(session)) continue;
        if (page.sessions.size() == limit) {
          page.next = page.sessions.back().id;
          break;
        }
        page.sessions.push_back(session);
      }
    }
    done(std::move(page));
  }

  void Count(std::vector<StreamKey> keys, CountCallback done) override {
    std::vector<StreamAudience> audiences(keys.size());
    {
      const std::lock_guard lock(mutex_);
      for (size_t i = 0; i < keys.size(); ++i) {
        for (const SessionInfo& session : sessions_) {
          if (session.key == keys[i]) audiences[i].Add(session);
        }
      }
    }
    done(std::move(audiences));
  }

  void Kick(SessionFilter filter, size_t limit, absl::Status, KickCallback done) override {
    std::vector<SessionInfo> kicked;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(sessions_, [&](const SessionInfo& session) {
        if (kicked.size() >= limit || !filter.Matches(session)) return false;
        kicked.push_back(session);
        return true;
      });
    }
    done(std::move(kicked));
  }

 private:
  mutable std::mutex mutex_;
  std::vector<SessionInfo> sessions_;  // Sorted by id.
};

}  // namespace srsproxy
