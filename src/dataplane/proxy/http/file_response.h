// The answer to one request for a static file, sent in slices.
#pragma once

#include <memory>
#include <string>

#include "dataplane/protocol/http/file_request.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/http/http_exchange.h"
#include "dataplane/proxy/http/http_response.h"
#include "dataplane/proxy/http/http_route.h"
#include "dataplane/proxy/http/static_files.h"
#include "dataplane/proxy/sessions/session_context.h"

namespace srsproxy {

// Used on one worker only.
class FileResponse final : public HttpExchange {
 public:
  // A GET or HEAD, for which nothing has been sent. All outlive it.
  FileResponse(const SessionContext& context, StaticFiles& files, HttpClient& client,
               http::RequestHead request);

  net::Task<bool> Run() override;

 private:
  net::Task<bool> Send(std::shared_ptr<const StaticFile> file);
  // To the same path with a slash at its end.
  http::Response Redirect() const;
  std::string HeadOf(const StaticFile& file, const http::FileReply& reply) const;

  const SessionContext& context_;
  StaticFiles& files_;
  HttpClient& client_;
  const http::RequestHead request_;
};

// Takes every request: what is nothing else may be a file.
class FileRoute final : public HttpRoute {
 public:
  // Both outlive it.
  FileRoute(const SessionContext& context, StaticFiles& files) : context_(context), files_(files) {}

  net::Task<HttpTaken> Take(HttpClient& client, http::RequestHead& request) override {
    co_return std::make_unique<FileResponse>(context_, files_, client, std::move(request));
  }

 private:
  const SessionContext& context_;
  StaticFiles& files_;
};

}  // namespace srsproxy
