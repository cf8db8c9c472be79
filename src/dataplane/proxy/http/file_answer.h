// The answer to one request for a static file, sent in slices.
#pragma once

#include <memory>
#include <string>

#include "dataplane/protocol/http/file_request.h"
#include "dataplane/proxy/http/http_answer.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/http/http_exchange.h"
#include "dataplane/proxy/http/static_files.h"
#include "dataplane/proxy/session_services.h"

namespace srsproxy {

// Used on one worker only.
class FileAnswer final : public HttpExchange {
 public:
  // A GET or HEAD, for which nothing has been sent. All outlive it.
  FileAnswer(SessionServices& services, StaticFiles& files, HttpClient& client,
             http::RequestHead request);

  net::Task<bool> Run() override;
  void End(Side side, absl::Status why) override;

 private:
  net::Task<bool> Send(std::shared_ptr<const StaticFile> file);
  net::Task<bool> Reply(HttpAnswer answer);
  // To the same path with a slash at its end.
  HttpAnswer Redirect() const;
  std::string HeadOf(const StaticFile& file, const http::FileReply& reply) const;

  SessionServices& services_;
  StaticFiles& files_;
  HttpClient& client_;
  const http::RequestHead request_;
  bool ended_ = false;
};

}  // namespace srsproxy
