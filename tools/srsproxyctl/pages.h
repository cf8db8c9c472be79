// Lists come in pages; this asks for one after another.
#pragma once

#include <cstddef>
#include <string_view>

#include <absl/status/status.h>

#include "tools/srsproxyctl/client.h"
#include "tools/srsproxyctl/command.h"

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

// Says on the side that a list is empty: none was received, or none of them matched a filter.
inline void NoteEmptyList(Context& context, std::string_view noun, size_t received, size_t shown) {
  if (shown != 0) return;
  context.err << "Note: no " << noun << (received == 0 ? " is known" : " matches the filter")
              << '\n';
}

}  // namespace srsproxy::ctl
