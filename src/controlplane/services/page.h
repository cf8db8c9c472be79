// Paging by a position: what page_size and page_token mean in every list call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"

namespace srsproxy::control {

// The wanted page: at most `size` items after the position `after`; empty: from the start.
struct PageRequest {
  size_t size = 0;
  std::string after;
};

// INVALID_ARGUMENT: with INVALID_FIELD for a negative size, with INVALID_PAGE_TOKEN for a token
// that MakePageToken did not make.
absl::StatusOr<PageRequest> ParsePage(int32_t page_size, std::string_view page_token);

// INVALID_ARGUMENT with INVALID_PAGE_TOKEN.
absl::Status InvalidPageToken();

// The token of the page after the position `last`. URL-safe text.
std::string MakePageToken(std::string_view last);

}  // namespace srsproxy::control
