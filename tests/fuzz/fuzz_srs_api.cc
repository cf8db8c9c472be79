// SRS's HTTP API: whatever a client asks, and whatever an origin answers, what is asked of origins
// stays within the API, and what is told to clients is JSON.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>

#include "dataplane/protocol/srs_api/answer.h"
#include "dataplane/protocol/srs_api/json_text.h"
#include "dataplane/protocol/srs_api/list_page.h"
#include "dataplane/protocol/srs_api/list_text.h"
#include "dataplane/protocol/srs_api/merge.h"
#include "dataplane/protocol/srs_api/request.h"

namespace {

using namespace srsproxy::srs_api;

constexpr Responder kSelf{"1.2.3", 1};

void MustBeJson(const std::string& text) {
  json::error_code error;
  (void)json::parse(text, error);
  if (error) std::abort();
}

void MustBeJson(const json::object& body) { MustBeJson(WriteJson(body)); }

Resource Requested(std::string_view target) {
  const auto request = ParseRequest("GET", target);
  if (!request.ok()) return Resource::kStreams;
  if (request->count == 0 || request->count > kMaxCount) std::abort();
  const std::string asked = request->id.empty()
                                ? ListTarget(request->resource, request->start, request->count)
                                : ItemTarget(request->resource, request->id);
  if (asked.find("..") != std::string::npos || asked.find('%') != std::string::npos) std::abort();
  if (request->callback.find_first_of("()<>'\"/;=") != std::string::npos) std::abort();
  return request->resource;
}

void Merge(Resource resource, std::string_view answer) {
  if (auto list = ReadList(resource, answer); list.ok()) {
    const std::vector<size_t> sizes = {list->size()};
    const std::vector<std::string> parts = {
        WriteItems("a", *std::move(list), PageRanges(sizes, 1, 2).front())};
    MustBeJson(WriteList(Envelope(kSelf), resource, parts, {{"more", false}}));
  }
  if (auto item = ReadItem(resource, answer); item.ok() && item->has_value()) {
    MustBeJson(MarkedItem(kSelf, resource, {"a", **std::move(item)}));
  }
  if (auto data = ReadData(answer); data.ok()) {
    std::vector<Tagged<json::object>> both = {{"a", *data}, {"b", *data}};
    MustBeJson(MergeSummaries(kSelf, both));
    MustBeJson(MergeVersions(kSelf, std::move(both)));
  }
}

}  // namespace

// The first line is what the client asks, the rest an origin's answer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = text.substr(0, text.find('\n'));
  Merge(Requested(target), text.substr(std::min(target.size() + 1, text.size())));
  return 0;
}
