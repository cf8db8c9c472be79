// Sessions that a test makes, each holding its claim in a real directory.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// Answers inline, unless it is set otherwise.
class FakeSessions final : public SessionControl {
 public:
  explicit FakeSessions(StreamClaims& streams) : streams_(streams) {}

  // A session that claims `key`, on `wanted` when it is not mapped. Returns its id.
  std::string Connect(const StreamKey& key, Role role, const std::string& wanted = "a") {
    SessionInfo session;
    session.id = absl::StrCat("s", ++last_id_);
    session.key = key;
    session.role = role;
    streams_.Claim({key, wanted, role}, [&](absl::StatusOr<ClaimOutcome> outcome) {
      session.origin_id = outcome.value().mapping.origin_id;
      holds_[session.id] = std::move(outcome->hold);
    });
    holds_[session.id]->MarkLive();
    sessions.push_back(session);
    return session.id;
  }
  // The client leaves.
  void End(const std::string& id) {
    const auto at = std::find_if(sessions.begin(), sessions.end(),
                                 [&](const SessionInfo& session) { return session.id == id; });
    ASSERT_NE(at, sessions.end()) << id;
    sessions.erase(at);
    holds_.erase(id);
  }
  size_t CountOn(std::string_view origin_id) const {
    return static_cast<size_t>(
        std::count_if(sessions.begin(), sessions.end(),
                      [&](const SessionInfo& session) { return session.origin_id == origin_id; }));
  }

  void List(SessionFilter filter, std::string after, size_t limit, PageCallback done) override {
    ++questions;
    Page page;
    for (const SessionInfo& session : sessions) {
      if (page.sessions.size() == limit) break;
      if (session.id > after && filter.Matches(session)) page.sessions.push_back(session);
    }
    if (!hold_lists) return done(std::move(page));
    held_.push_back([page = std::move(page), done = std::move(done)]() mutable { done(page); });
  }
  // What was seen when the lists were asked for.
  void AnswerLists() {
    hold_lists = false;
    for (auto& answer : std::exchange(held_, {})) answer();
  }
  void Count(std::vector<StreamKey>, CountCallback) override { FAIL() << "nobody asks that"; }
  void Kick(SessionFilter filter, size_t limit, absl::Status why, KickCallback done) override {
    ++questions;
    EXPECT_TRUE(absl::IsAborted(why)) << why;
    std::vector<SessionInfo> kicked;
    for (const SessionInfo& session : sessions) {
      if (kicked.size() == limit) break;
      if (filter.Matches(session)) kicked.push_back(session);
    }
    for (const SessionInfo& session : kicked) End(session.id);
    kicks.insert(kicks.end(), kicked.begin(), kicked.end());
    done(std::move(kicked));
  }

  std::vector<SessionInfo> sessions;
  std::vector<SessionInfo> kicks;
  size_t questions = 0;
  bool hold_lists = false;  // Lists are answered by AnswerLists.

 private:
  StreamClaims& streams_;
  std::map<std::string, std::unique_ptr<StreamHold>> holds_;  // By session.
  std::vector<absl::AnyInvocable<void()>> held_;
  int last_id_ = 0;
};

}  // namespace srsproxy
