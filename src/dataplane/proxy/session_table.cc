#include "dataplane/proxy/session_table.h"

#include <absl/cleanup/cleanup.h>

namespace srsproxy {

SessionTable::Place::Place(SessionTable& table, Session& session)
    : table_(table), position_(table.sessions_.insert(table.sessions_.end(), &session)) {}

SessionTable::Place::~Place() {
  table_.sessions_.erase(position_);
  if (table_.sessions_.empty() && table_.left_ != nullptr) table_.left_->Notify();
}

void SessionTable::KickAll(const absl::Status& why) {
  for (Session* session : sessions_) session->Kick(why);
}

net::Task<void> SessionTable::Empty() {
  net::Event left(executor_);
  left_ = &left;
  const absl::Cleanup forget = [this] { left_ = nullptr; };
  while (!sessions_.empty()) co_await left.Wait();
}

}  // namespace srsproxy
