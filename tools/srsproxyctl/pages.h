// Lists come in pages; this asks for one after another.
#pragma once

#include <absl/status/status.h>

#include "tools/srsproxyctl/client.h"

namespace srsproxy::ctl {

inline constexpr int kPageSize = 1000;  // The most that a proxy puts into one page.

// Calls the list call `method` until its last page, and `consume` with each answer.
template <typename Service, typename Request, typename Response, typename Consume>
absl::Status ForEachPage(Client& client,
                         grpc::Status (Service::StubInterface::*method)(grpc::ClientContext*,
                                                                        const Request&, Response*),
                         Request request, Consume consume) {
  request.set_page_size(kPageSize);
  do {
    absl::StatusOr<Response> page = client.Call<Service>(method, request);
    if (!page.ok()) return page.status();
    consume(*page);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace srsproxy::ctl
