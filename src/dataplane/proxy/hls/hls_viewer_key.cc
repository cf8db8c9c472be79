#include "dataplane/proxy/hls/hls_viewer_key.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/protocol/hls/uri.h"
#include "dataplane/proxy/http/forwarded.h"

namespace srsproxy {

HlsViewerKey HlsViewerKeyOf(const http::RequestHead& request, const HttpClient& client,
                            StreamKey key) {
  return {.client = client.address,
          .host = ViewerHost(request, client),
          .key = std::move(key),
          .context = std::string(hls::ContextOf(request.target).value_or("")),
          .user_agent = std::string(http::ValueOf(request.fields, "User-Agent"))};
}

std::string_view Shortened(std::string_view text) {
  constexpr size_t kMaxTextBytes = 256;
  return text.substr(0, kMaxTextBytes);
}

// Parts are separated by a byte that is in none of them.
std::string NameOf(const HlsViewerKey& viewer, std::string_view context) {
  const bool by_context = !context.empty();
  return absl::StrCat(viewer.host, "\n", viewer.key.ToString(), by_context ? "\nc" : "\nu",
                      ToAbsl(Shortened(by_context ? context : viewer.user_agent)));
}

}  // namespace srsproxy
