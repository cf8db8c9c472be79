// What holds of every stream key, whoever made it.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include <absl/strings/str_replace.h>

#include "dataplane/core/stream_url.h"
#include "dataplane/core/text.h"
#include "dataplane/directory/stream_path.h"

namespace srsproxy {

inline void Require(bool holds) {
  if (!holds) std::abort();
}

// Nothing in it that is a separator, a blank or an extension, nor what would be read differently.
inline void RequireWellFormed(const StreamKey& key) {
  const std::string text = key.ToString();
  Require(!key.vhost.empty() && !key.app.empty() && !key.stream.empty());
  Require(text.size() <= 512 + 2);
  Require(IsPrintableUtf8(text));
  Require(text.find_first_of(" ?#") == text.npos && text.find("//") == text.npos);
  Require(key.stream.find('/') == key.stream.npos && key.vhost.find('/') == key.vhost.npos);
  Require(key.app.front() != '/' && key.app.back() != '/');
  for (const std::string_view extension : {".flv", ".m3u8", ".ts", ".aac", ".mp3"}) {
    Require(!key.stream.ends_with(extension));
  }
}

// It is the same, however it is written down and whoever reads it.
inline void RequireReadsBack(const StreamKey& key, const VhostPolicy& vhosts) {
  const auto is_key = [&](const absl::StatusOr<StreamKey>& read) {
    Require(read.ok() && *read == key);
  };
  RequireWellFormed(key);
  is_key(StreamKeyFromText(key.ToString(), vhosts));
  is_key(Normalised(key));
  is_key(KeyOfStreamPath(StreamPath(key)));
  Require(StreamPathOfText(key.ToString()) == StreamPath(key));

  const std::string vhost = "?vhost=" + key.vhost;
  const std::string path = key.UrlPath();
  for (const char* extension : {"", ".flv", ".m3u8"}) {
    is_key(StreamKeyFromHttp("10.0.0.1:80", path + extension + vhost, vhosts));
  }
  is_key(StreamKeyFromText("rtmp://10.0.0.1" + path + vhost, vhosts));
  is_key(StreamKeyFromRtmp("rtmp://10.0.0.1/" + key.app + vhost, "", key.stream, vhosts));
  is_key(StreamKeyFromRtmp("", key.app, key.stream + vhost, vhosts));
  const size_t slash = path.rfind('/');
  is_key(StreamKeyFromRtmp("rtmp://10.0.0.1" + path.substr(0, slash), "",
                           path.substr(slash + 1) + vhost, vhosts));
  if (key.app == "__defaultApp__") {
    is_key(StreamKeyFromRtmp("rtmp://10.0.0.1", "", key.stream + vhost, vhosts));
  }
  const std::string resource =
      absl::StrReplaceAll(path.substr(1), {{",", "%2C"}, {"&", "%26"}, {";", "%3B"}, {"#", "%23"}});
  const auto srt = StreamKeyFromSrt("#!::h=" + key.vhost + ",r=" + resource, vhosts);
  Require(srt.ok() && srt->key == key);
  if (resource.find("%2F") != resource.npos) return;  // A query's value separates levels by it.
  const size_t name = resource.rfind('/');
  is_key(StreamKeyFromWhip("10.0.0.1",
                           "/rtc/v1/whip/" + vhost + "&app=" + resource.substr(0, name) +
                               "&stream=" + resource.substr(name + 1),
                           vhosts));
}

}  // namespace srsproxy
