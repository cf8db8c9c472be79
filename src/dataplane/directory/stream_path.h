// Stream keys as texts whose order is that of listings: by app, then stream, then vhost.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/core/stream_url.h"

namespace srsproxy {

// `app NUL stream NUL`: what the same app/stream of every vhost has in common.
std::string StreamPathPrefix(const StreamKey& key);

// `app NUL stream NUL vhost`.
std::string StreamPath(const StreamKey& key);
StreamKey KeyOfStreamPath(std::string_view path);

// The path of a key that StreamKey::ToString wrote; "" for "".
std::string StreamPathOfText(std::string_view text);

}  // namespace srsproxy
