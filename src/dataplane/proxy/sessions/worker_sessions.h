// SessionControl over the tables of all workers, and the sessions that belong to none: each
// question is posted to every worker, and the answers are put together.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/core/session_control.h"
#include "dataplane/net/worker.h"
#include "dataplane/proxy/sessions/session_source.h"
#include "dataplane/proxy/sessions/session_table.h"

namespace srsproxy {

// Thread-safe. Questions are answered as long as the workers run.
class WorkerSessions final : public SessionControl {
 public:
  struct Table {
    net::Worker& worker;
    SessionTable& sessions;
  };

  // Workers, tables and `sources` outlive it. At least one worker.
  WorkerSessions(std::vector<Table> tables, std::vector<SessionSource*> sources)
      : tables_(std::move(tables)), sources_(std::move(sources)) {}

  void List(SessionFilter filter, std::string after, size_t limit, PageCallback done) override;
  void Count(std::vector<StreamKey> keys, CountCallback done) override;
  void Kick(SessionFilter filter, size_t limit, absl::Status why, KickCallback done) override;

 private:
  struct KickRound;

  // From the table of that number on.
  void KickFrom(size_t table, std::shared_ptr<KickRound> round);
  void KickInSources(KickRound& round);

  const std::vector<Table> tables_;
  const std::vector<SessionSource*> sources_;
};

}  // namespace srsproxy
