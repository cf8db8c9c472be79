#include "dataplane/proxy/upstream/origin_fetch.h"

#include <utility>

#include "dataplane/net/timeout.h"

namespace srsproxy {
namespace {

std::string RequestText(const OriginRequest& request) {
  http::Fields fields = http::EndToEnd(request.fields);
  fields.set("Connection", "keep-alive");
  if (!request.body.empty() || request.method == "POST") {
    fields.set("Content-Length", std::to_string(request.body.size()));
  }
  return http::WriteRequestHead(request.method, request.target, fields) + request.body;
}

}  // namespace

OriginFetch::OriginFetch(net::Worker& worker, OriginConnections& connections,
                         const net::DialRules& rules)
    : worker_(worker),
      connections_(connections),
      dialer_(worker.io().get_executor(), rules),
      call_(worker) {}

net::Task<absl::StatusOr<OriginAnswer>> OriginFetch::Run(OriginRequest request) {
  bool late = false;
  auto expired = [this, &late] {
    late = true;
    Cancel();
  };
  const net::Deadline deadline(worker_.io().get_executor(), request.timeout, std::move(expired));
  auto answer = co_await Fetch(request);
  if (late && absl::IsCancelled(answer.status())) {
    co_return OriginFailure(absl::StatusCode::kDeadlineExceeded, "the origin took too long");
  }
  co_return answer;
}

void OriginFetch::Cancel() {
  dialer_.Cancel();
  call_.Cancel();
}

net::Task<absl::StatusOr<OriginAnswer>> OriginFetch::Fetch(const OriginRequest& request) {
  auto head = co_await Ask(request);
  if (!head.ok()) co_return head.status();
  auto body = co_await call_.ReadBody(*head, request.max_answer, request.timeout);
  if (!body.ok()) co_return body.status();
  if (auto connection = call_.TakeReusable()) {
    connections_.Keep(request.origin, *std::move(connection));
  }
  co_return OriginAnswer{head->status, std::move(head->fields), *std::move(body)};
}

net::Task<absl::StatusOr<http::ResponseHead>> OriginFetch::Ask(const OriginRequest& request) {
  const std::string text = RequestText(request);
  const OriginCall::Timeouts timeouts{request.timeout, request.timeout};
  if (request.method != "POST") {
    if (auto kept = connections_.Take(request.origin)) {
      auto head = co_await call_.Ask(*std::move(kept), text, request.method, timeouts);
      if (head.ok() || !call_.unheard()) co_return head;
    }
  }
  auto dialled = co_await dialer_.Dial(request.origin.host, request.origin.port, request.timeout);
  if (!dialled.socket.ok()) co_return dialled.socket.status();
  net::TcpStream connection(*std::move(dialled.socket), Side::kOrigin);
  connection.Tune(request.timeout);
  co_return co_await call_.Ask(std::move(connection), text, request.method, timeouts);
}

}  // namespace srsproxy
