// Which origin a caller means: MatchOrigins, with the errors that the calls answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "controlplane/services/origin_names.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// NOT_FOUND with ORIGIN_NOT_FOUND.
absl::Status OriginNotFound(std::string_view origin_id);

// The server that `text` names: a server, device_id, origin id or a unique prefix of one.
// `field` is where the caller wrote it. INVALID_ARGUMENT with INVALID_FIELD: it is empty or not
// printable. NOT_FOUND with ORIGIN_NOT_FOUND. FAILED_PRECONDITION with AMBIGUOUS_ORIGIN.
absl::StatusOr<std::string> FindServer(const OriginRegistry& origins, std::string_view field,
                                       std::string_view text);

// The same, with the origin where `text` names one.
absl::StatusOr<OriginName> FindOrigin(const OriginRegistry& origins, std::string_view field,
                                      std::string_view text);

// The one registered origin that `text` names. AMBIGUOUS_ORIGIN also where its server has several.
absl::StatusOr<std::shared_ptr<const Origin>> FindRegistered(OriginRegistry& origins,
                                                             std::string_view field,
                                                             std::string_view text);

}  // namespace srsproxy::control
