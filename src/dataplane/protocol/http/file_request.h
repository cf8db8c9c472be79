// What a request for a file gets of it: all, a range, or the word that it has not changed. RFC
// 9110, sections 13 and 14.
#pragma once

#include <cstdint>
#include <string>

#include <absl/time/time.h>

#include "dataplane/protocol/http/head.h"

namespace srsproxy::http {

// Of one version of a file.
struct FileState {
  uint64_t size = 0;
  absl::Time modified;
};

// The answer's head, and which bytes follow it: none in answer to HEAD.
struct FileReply {
  unsigned status = 200;  // 200, 206, 304, 412 or 416.
  uint64_t begin = 0;
  uint64_t length = 0;
  // ETag, Last-Modified, Accept-Ranges; Content-Range and Content-Length where they belong.
  Fields fields{};
};

// To a GET or HEAD. Several ranges are answered with the whole file, as RFC 9110 allows.
FileReply ReplyTo(const RequestHead& request, const FileState& file);

// A strong validator: "size-modified".
std::string EntityTagOf(const FileState& file);

}  // namespace srsproxy::http
