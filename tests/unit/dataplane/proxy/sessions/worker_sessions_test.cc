// Questions to the session tables of two running workers.

#include "dataplane/proxy/sessions/worker_sessions.h"

#include <future>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using testing::ElementsAre;

struct ListedSession : SessionTable::Session {
  ListedSession(SessionTable& table, std::string id, std::string stream) : place(table, *this) {
    reported.id = std::move(id);
    reported.key = {"v", "live", std::move(stream)};
    reported.client = "10.0.0.1:1";
    place.List();
  }
  void Kick(absl::Status why) override { kicked = std::move(why); }
  const SessionInfo& info() const override { return reported; }

  SessionInfo reported;
  absl::Status kicked;
  SessionTable::Place place;
};

// One that belongs to no worker.
class ListedSource final : public SessionSource {
 public:
  SessionTable::Page List(const SessionFilter& filter, std::string_view after,
                          size_t limit) const override {
    return table_.List(filter, after, limit);
  }
  StreamAudience AudienceOf(const StreamKey& key) const override { return table_.AudienceOf(key); }
  std::vector<SessionInfo> Kick(const SessionFilter& filter, size_t limit,
                                const absl::Status& why) override {
    return table_.Kick(filter, limit, why);
  }

  void Add(const std::string& id, const std::string& stream) {
    sessions_.push_back(std::make_unique<ListedSession>(table_, id, stream));
  }

 private:
  SessionTable table_{net::asio::any_io_executor()};
  std::vector<std::unique_ptr<ListedSession>> sessions_;
};

class WorkerSessionsTest : public testing::Test {
 protected:
  WorkerSessionsTest() {
    for (const auto& worker : workers_) worker->Start();
  }
  ~WorkerSessionsTest() override {
    // On its worker, as a session leaves.
    for (auto& [worker, session] : listed_) {
      OnWorker(worker, [&session = session] { session.reset(); });
    }
  }

  void OnWorker(size_t worker, const std::function<void()>& run) {
    std::promise<void> done;
    net::asio::post(workers_[worker]->io(), [&] {
      run();
      done.set_value();
    });
    done.get_future().wait();
  }
  void Add(size_t worker, const std::string& id, const std::string& stream) {
    OnWorker(worker, [&] {
      listed_.emplace_back(worker, std::make_unique<ListedSession>(tables_[worker], id, stream));
    });
  }
  SessionControl::Page List(const SessionFilter& filter, const std::string& after, size_t limit) {
    std::promise<SessionControl::Page> page;
    sessions_.List(filter, after, limit,
                   [&](SessionControl::Page found) { page.set_value(std::move(found)); });
    return page.get_future().get();
  }
  std::vector<std::string> Kick(const SessionFilter& filter, size_t limit) {
    std::promise<std::vector<std::string>> ids;
    sessions_.Kick(filter, limit, absl::AbortedError("moved"),
                   [&](const std::vector<SessionInfo>& kicked) {
                     std::vector<std::string> found;
                     for (const SessionInfo& session : kicked) found.push_back(session.id);
                     ids.set_value(std::move(found));
                   });
    return ids.get_future().get();
  }
  static std::vector<std::string> Ids(const SessionControl::Page& page) {
    std::vector<std::string> ids;
    for (const SessionInfo& session : page.sessions) ids.push_back(session.id);
    return ids;
  }

  net::Workers workers_ = net::MakeWorkers(2);
  SessionTable tables_[2] = {SessionTable(workers_[0]->io().get_executor()),
                             SessionTable(workers_[1]->io().get_executor())};
  ListedSource source_;
  WorkerSessions sessions_{{{*workers_[0], tables_[0]}, {*workers_[1], tables_[1]}}, {&source_}};
  std::vector<std::pair<size_t, std::unique_ptr<ListedSession>>> listed_;
};

TEST_F(WorkerSessionsTest, MergesWhatTheWorkersHave) {
  Add(0, "a", "one");
  Add(1, "b", "one");
  Add(0, "c", "two");
  EXPECT_THAT(Ids(List({}, "", 10)), ElementsAre("a", "b", "c"));
  SessionFilter one;
  one.key = StreamKey{"v", "live", "one"};
  EXPECT_THAT(Ids(List(one, "", 10)), ElementsAre("a", "b"));
}

TEST_F(WorkerSessionsTest, ASourceIsListedCountedAndKickedAsTheWorkersAre) {
  Add(1, "b", "one");
  source_.Add("a", "one");
  source_.Add("c", "one");
  EXPECT_THAT(Ids(List({}, "", 10)), ElementsAre("a", "b", "c"));
  std::promise<std::vector<StreamAudience>> counted;
  sessions_.Count({{"v", "live", "one"}},
                  [&](std::vector<StreamAudience> found) { counted.set_value(std::move(found)); });
  EXPECT_THAT(counted.get_future().get().at(0).viewers, ElementsAre(3, 0, 0, 0, 0));
  EXPECT_THAT(Kick({}, 2), ElementsAre("a", "b")) << "the workers' first, then up to the limit";
}

TEST_F(WorkerSessionsTest, CountsTheAudienceOfStreams) {
  const auto change = [this](size_t index, auto edit) {
    auto& [worker, session] = listed_[index];
    OnWorker(worker, [&] {
      session->place.Unlist();
      edit(session->reported);
      session->place.List();
    });
  };
  Add(0, "viewer", "one");
  Add(1, "hls", "one");
  Add(1, "publisher", "one");
  Add(0, "silent", "one");
  Add(0, "other", "two");
  change(1, [](SessionInfo& reported) { reported.protocol = Protocol::kHls; });
  change(2, [](SessionInfo& reported) {
    reported.role = Role::kPublisher;
    reported.media_flows = true;
    reported.bytes_in = 1000;
    reported.started_at = absl::FromUnixSeconds(5);
  });
  change(3, [](SessionInfo& reported) { reported.role = Role::kPublisher; });

  std::promise<std::vector<StreamAudience>> counted;
  sessions_.Count({{"v", "live", "one"}, {"v", "live", "none"}, {"v", "live", "two"}},
                  [&](std::vector<StreamAudience> found) { counted.set_value(std::move(found)); });
  const auto found = counted.get_future().get();
  ASSERT_EQ(found.size(), 3);
  EXPECT_THAT(found[0].viewers, ElementsAre(1, 0, 1, 0, 0));
  EXPECT_EQ(found[0].publishers, 1) << "one of them has sent nothing yet";
  EXPECT_EQ(found[0].bytes_in, 1000);
  EXPECT_EQ(found[0].since, absl::FromUnixSeconds(5));
  EXPECT_THAT(found[1].viewers, ElementsAre(0, 0, 0, 0, 0));
  EXPECT_EQ(found[1].publishers, 0);
  EXPECT_EQ(found[1].since, absl::InfiniteFuture());
  EXPECT_THAT(found[2].viewers, ElementsAre(1, 0, 0, 0, 0));
}

TEST_F(WorkerSessionsTest, PagesMissNoneAndListNoneTwice) {
  std::set<std::string> all;
  for (int i = 0; i < 5'000; ++i) {
    const std::string id = "s" + std::to_string(10'000 + i);
    all.insert(id);
    Add(i % 7 == 0 ? 1 : 0, id, "one");
  }
  std::set<std::string> reported;
  std::string after;
  int pages = 0;
  do {
    const auto page = List({}, after, 300);
    EXPECT_LE(page.sessions.size(), 300);
    for (const std::string& id : Ids(page)) EXPECT_TRUE(reported.insert(id).second) << id;
    after = page.next;
    ASSERT_LT(++pages, 100);
  } while (!after.empty());
  EXPECT_EQ(reported, all);
}

TEST_F(WorkerSessionsTest, AFilterThatFitsFewStillReachesTheEnd) {
  for (int i = 0; i < 3'000; ++i) Add(0, "s" + std::to_string(10'000 + i), "one");
  Add(1, "z", "one");
  SessionFilter publishers;
  publishers.role = Role::kPublisher;
  std::string after;
  int pages = 0;
  do {
    const auto page = List(publishers, after, 300);
    EXPECT_TRUE(page.sessions.empty());
    after = page.next;
    ASSERT_LT(++pages, 100);
  } while (!after.empty());
  EXPECT_GT(pages, 1) << "no worker looks at all of its sessions at once";
}

TEST_F(WorkerSessionsTest, KicksUpToTheLimitOverAllWorkers) {
  Add(0, "a", "one");
  Add(0, "b", "one");
  Add(1, "c", "one");
  Add(1, "d", "one");
  EXPECT_THAT(Kick({}, 3), ElementsAre("a", "b", "c"));
  SessionFilter named;
  named.ids = {"d", "nobody"};
  EXPECT_THAT(Kick(named, 10), ElementsAre("d"));
  OnWorker(1, [&] { EXPECT_TRUE(absl::IsAborted(listed_[3].second->kicked)); });
}

}  // namespace
}  // namespace srsproxy
