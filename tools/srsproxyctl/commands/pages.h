// Lists come in pages; this requests one after another.
#pragma once

#include <cstddef>
#include <string_view>

#include <absl/status/status.h>

#include "tools/srsproxyctl/client/client.h"
#include "tools/srsproxyctl/commands/command.h"
#include "tools/srsproxyctl/output/filter.h"
#include "tools/srsproxyctl/output/printer.h"

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

// Notes on the side that a list is empty: none was received, or none of them matched a filter.
inline void NoteEmptyList(Context& context, std::string_view noun, size_t received, size_t shown) {
  if (shown != 0) return;
  context.err << "Note: no " << noun << (received == 0 ? " is known" : " matches the filter")
              << '\n';
}

// Shows the one list that the list call `method` returns in its field `field`, page by page.
template <typename Service, typename Request, typename Response, typename Message, typename Field>
absl::Status ShowList(Context& context,
                      grpc::Status (Service::StubInterface::*method)(grpc::ClientContext*,
                                                                     const Request&, Response*),
                      const Request& request, const View<Message>& view,
                      const Filter<Message>& filter, Field (Response::*field)(),
                      std::string_view noun) {
  size_t received = 0;
  size_t shown = 0;
  const auto show = [&](Response& page) {
    auto& messages = *(page.*field)();
    received += messages.size();
    filter.Apply(messages);
    shown += messages.size();
    context.printer.Page(view, messages);
  };
  context.printer.BeginList(view);
  absl::Status listed = ForEachPage<Service>(context.client, method, request, show);
  if (!listed.ok()) return listed;
  context.printer.EndLists();
  NoteEmptyList(context, noun, received, shown);
  return absl::OkStatus();
}

}  // namespace srsproxy::ctl
