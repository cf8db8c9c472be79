// The JSON that SRS posts to /api/v1/srs/register, as requests of OriginService.
//
// Fields: ip, server, service, pid, device_id (texts) and rtmp, http, api, srt, rtc (lists of
// texts); each text may also be an integer. Others are ignored, as is null. `summaries` is what SRS
// sends when its heartbeat section has `summaries on`: summaries.data.system.
#pragma once

#include <string_view>

#include "dataplane/core/status.h"
#include "srsproxy/v1/origin.pb.h"

namespace srsproxy::control {

struct RegisterBody {
  v1::OriginRegistration registration;
  v1::LoadReport load;
};

// INVALID_ARGUMENT with INVALID_FIELD: `json` is no JSON object, or a field has the wrong type.
// Whether the values make sense is for RegisterOrigin to say. Odd summaries are left out, never
// refused: an origin is worth more than its figures.
absl::StatusOr<RegisterBody> ParseRegisterBody(std::string_view json);

}  // namespace srsproxy::control
