#include "dataplane/proxy/http/file_response.h"

#include <algorithm>
#include <utility>

#include "dataplane/protocol/http/static_path.h"
#include "dataplane/proxy/http/content_type.h"

namespace srsproxy {
namespace {

constexpr uint64_t kSliceBytes = 64 * 1024;

}  // namespace

FileResponse::FileResponse(const SessionContext& context, StaticFiles& files, HttpClient& client,
                           http::RequestHead request)
    : context_(context), files_(files), client_(client), request_(std::move(request)) {}

net::Task<bool> FileResponse::Run() {
  auto path = http::StaticPathOf(request_.target);
  if (!path.has_value())
    co_return co_await SendResponse(client_, context_.worker,
                                    ErrorResponse(404, "there is no such file"), request_);
  auto file = co_await files_.Find(context_.executor(), *std::move(path));
  if (client_.scope.cancelled()) co_return false;
  if (absl::IsNotFound(file.status())) {
    co_return co_await SendResponse(client_, context_.worker,
                                    ErrorResponse(404, MessageOf(file.status())), request_);
  }
  if (!file.ok())
    co_return co_await SendResponse(client_, context_.worker,
                                    ErrorResponse(503, MessageOf(file.status())), request_);
  if ((*file)->is_folder())
    co_return co_await SendResponse(client_, context_.worker, Redirect(), request_);
  co_return co_await Send(*std::move(file));
}

net::Task<bool> FileResponse::Send(std::shared_ptr<const StaticFile> file) {
  const http::FileReply reply = http::ReplyTo(request_, file->state());
  std::string text = HeadOf(*file, reply);
  uint64_t at = reply.begin;
  uint64_t left = reply.length;
  do {
    const size_t size = std::min(left, kSliceBytes);
    if (size > 0) {
      const auto slice = co_await files_.Read(context_.executor(), file, at, size);
      // A file that has become shorter is shown by the close.
      if (!slice.ok() || slice->size() < size) co_return false;
      text += *slice;
    }
    const auto sent = co_await SendToClient(client_, context_.worker, text);
    if (client_.scope.cancelled() || !sent.ok()) co_return false;
    text.clear();
    at += size;
    left -= size;
  } while (left > 0);
  co_return request_.keep_alive;
}

http::Response FileResponse::Redirect() const {
  const size_t query = std::min(request_.target.find('?'), request_.target.size());
  http::Response response{.status = 301};
  response.fields.set("Location",
                      request_.target.substr(0, query) + "/" + request_.target.substr(query));
  return response;
}

std::string FileResponse::HeadOf(const StaticFile& file, const http::FileReply& reply) const {
  http::Fields fields = reply.fields;
  fields.set("Server", "srsproxy");
  fields.set("Access-Control-Allow-Origin", "*");
  // Revalidated each time, by its ETag.
  fields.set("Cache-Control", "no-cache");
  if (reply.status == 200 || reply.status == 206) {
    fields.set("Content-Type", std::string(ContentTypeOf(file.name())));
    fields.set("X-Content-Type-Options", "nosniff");
  }
  fields.set("Connection", request_.keep_alive ? "keep-alive" : "close");
  return http::WriteResponseHead(reply.status, "", fields);
}

}  // namespace srsproxy
