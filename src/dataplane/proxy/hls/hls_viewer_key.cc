#include "dataplane/proxy/hls/hls_viewer_key.h"

#include <utility>

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

}  // namespace srsproxy
