#include "dataplane/proxy/http/cluster_api.h"

#include <algorithm>
#include <string>
#include <utility>

#include <absl/cleanup/cleanup.h>

#include "dataplane/protocol/srs_api/answer.h"
#include "dataplane/protocol/srs_api/list_text.h"
#include "dataplane/proxy/http/cluster_access.h"
#include "dataplane/proxy/http/cluster_response.h"

namespace srsproxy {
namespace {

namespace json = boost::json;

// How many items are requested of an origin at once: SRS serves nobody else while it writes them,
// and a worker while it reads them.
constexpr size_t kItemsAtOnce = 500;
// Up to so many items of all origins are fetched although most may not be on the page.
constexpr size_t kItemsInVain = 2000;
// SRS's answer where its own settings may not be read.
constexpr int64_t kRawApiIsOff = 1061;

}  // namespace

ClusterApi::ClusterApi(const ClusterApiNeeds& needs, HttpClient& client, http::RequestHead head)
    : needs_(needs),
      context_(needs.upstream.context),
      client_(client),
      head_(std::move(head)),
      fan_out_(needs.upstream, needs.timeouts) {}

net::Task<bool> ClusterApi::Run() {
  auto response = co_await Answer();
  co_return co_await SendResponse(client_, context_.worker, std::move(response), head_);
}

net::Task<http::Response> ClusterApi::Answer() {
  auto parsed = srs_api::ParseRequest(head_.method, head_.target);
  if (!parsed.ok()) co_return Refusal(parsed.status());
  request_ = *std::move(parsed);
  if (const auto looped = needs_.upstream.hop_guard.Check(HopsOf(head_.fields), client_.address);
      !looped.ok()) {
    co_return ClusterFailure(request_, HttpStatusOf(looped), MessageOf(looped));
  }
  if (request_.resource == Resource::kVersions) co_return co_await Versions();
  if (!client_.config->cluster_api) {
    co_return ClusterFailure(request_, 404,
                             "the API of the cluster is off; the proxy's operator turns it on by "
                             "PROXY_CLUSTER_API=on");
  }
  switch (request_.resource) {
    case Resource::kRoot:
    case Resource::kApi:
    case Resource::kV1:
      co_return ClusterResponse(request_, 200, srs_api::Index(ThisProxy(), request_.resource));
    case Resource::kRaw:
      co_return ClusterResponse(request_, 200, srs_api::Envelope(ThisProxy(), kRawApiIsOff));
    default:
      break;
  }
  if (const auto status = Authorize(); !status.ok()) co_return Refusal(status);
  if (!needs_.requests.Take()) {
    context_.metrics.limit_rejections.Increment(LimitReason::kClusterRequests);
    auto response =
        ClusterFailure(request_, 503, "too many ask for the whole cluster at once; try again soon");
    response.fields.set("Retry-After", "1");
    co_return response;
  }
  const absl::Cleanup give = [this] { needs_.requests.Give(); };
  co_return co_await QueryOrigins();
}

// Always answers; the origins are listed for those who may know.
net::Task<http::Response> ClusterApi::Versions() {
  const bool open = !needs_.authorizer.enforced();
  const bool may = client_.config->cluster_api &&
                   (open || head_.fields.count("Authorization") > 0) && Authorize().ok();
  if (!may || !needs_.requests.Take())
    co_return ClusterResponse(request_, 200, srs_api::Versions(ThisProxy()));
  const absl::Cleanup give = [this] { needs_.requests.Give(); };
  fan_out_.Begin(HopsOf(head_.fields));
  co_await EachOrigin(&ClusterApi::FetchData);
  co_return Merged(srs_api::MergeVersions(ThisProxy(), TakeData()));
}

net::Task<http::Response> ClusterApi::QueryOrigins() {
  fan_out_.Begin(HopsOf(head_.fields));
  if (request_.resource == Resource::kSummaries) co_return co_await Summaries();
  if (request_.id.empty()) co_return co_await List();
  if (request_.remove) co_return co_await RemoveClient();
  co_return co_await Item();
}

net::Task<http::Response> ClusterApi::Summaries() {
  co_await EachOrigin(&ClusterApi::FetchData);
  if (auto nobody = NobodyAnswered()) co_return *std::move(nobody);
  co_return Merged(srs_api::MergeSummaries(ThisProxy(), TakeData()));
}

net::Task<http::Response> ClusterApi::List() {
  const bool short_lists = window() <= kItemsAtOnce && window() * fan_out_.size() <= kItemsInVain;
  if (short_lists || request_.resource == Resource::kVhosts) {
    co_await EachOrigin(&ClusterApi::FetchListHead);
    PlanPage();
    WriteListHeads();
  } else {
    co_await EachOrigin(&ClusterApi::FetchListSize);
    PlanPage();
    co_await EachOrigin(&ClusterApi::FetchListRange);
  }
  if (auto nobody = NobodyAnswered()) co_return *std::move(nobody);

  std::vector<std::string> parts;
  for (size_t i = 0; i < fan_out_.size(); ++i) {
    if (!fan_out_.failed(i)) parts.push_back(std::move(results_[i].text));
  }
  Body tail{{"more", srs_api::HasMore(ListSizes(), request_.start, request_.count)}};
  srs_api::SetMissing(tail, fan_out_.missing());
  co_return ClusterResponse(
      request_, 200,
      srs_api::WriteList(srs_api::Envelope(ThisProxy()), request_.resource, parts, tail));
}

net::Task<http::Response> ClusterApi::Item() {
  co_await EachOrigin(&ClusterApi::FetchItem);
  if (auto nobody = NobodyAnswered()) co_return *std::move(nobody);
  const auto owner = Owner();
  if (!owner.has_value()) co_return NotKnown();
  srs_api::Tagged<Body> item{fan_out_.server(*owner), *std::move(results_[*owner].found)};
  co_return Merged(srs_api::MarkedItem(ThisProxy(), request_.resource, std::move(item)));
}

net::Task<http::Response> ClusterApi::RemoveClient() {
  co_await EachOrigin(&ClusterApi::FetchItem);
  if (auto nobody = NobodyAnswered()) co_return *std::move(nobody);
  const auto owner = Owner();
  if (!owner.has_value()) co_return NotKnown();
  const std::string& server = fan_out_.server(*owner);
  const auto text = co_await fan_out_.Fetch(*owner, "DELETE",
                                            srs_api::ItemTarget(request_.resource, request_.id));
  const auto code = text.ok() ? srs_api::ReadCode(*text) : text.status();
  if (!code.ok()) {
    co_return ClusterFailure(request_, HttpStatusOf(code.status()),
                             "the client's origin gave no answer");
  }
  context_.logger.Info(
      "an origin was requested to end a client",
      {{"by", client_.address}, {"origin", server}, {"client_id", request_.id}, {"code", *code}});
  auto body = srs_api::Envelope(ThisProxy(), *code);
  body["origin"] = server;
  co_return Merged(std::move(body));
}

absl::Status ClusterApi::Authorize() const {
  return CheckClusterAccess(needs_.authorizer, request_, head_.fields, client_.host);
}

// ---- Fetching

net::Task<void> ClusterApi::EachOrigin(Step step) {
  results_.resize(fan_out_.size());
  auto take = [this, step](size_t i) { return (this->*step)(i); };
  co_await fan_out_.Each(std::move(take));
}

net::Task<absl::Status> ClusterApi::FetchData(size_t i) {
  const auto text = co_await fan_out_.Fetch(i, "GET", srs_api::ListTarget(request_.resource, 0, 0));
  if (!text.ok()) co_return text.status();
  auto data = srs_api::ReadData(*text);
  if (!data.ok()) co_return data.status();
  results_[i].found = *std::move(data);
  co_return absl::OkStatus();
}

net::Task<absl::Status> ClusterApi::FetchItem(size_t i) {
  const auto text =
      co_await fan_out_.Fetch(i, "GET", srs_api::ItemTarget(request_.resource, request_.id));
  if (!text.ok()) co_return text.status();
  auto item = srs_api::ReadItem(request_.resource, *text);
  if (!item.ok()) co_return item.status();
  results_[i].found = *std::move(item);
  co_return absl::OkStatus();
}

net::Task<absl::Status> ClusterApi::FetchListHead(size_t i) {
  auto items = co_await FetchItems(i, 0, window());
  if (!items.ok()) co_return items.status();
  results_[i].items = *std::move(items);
  results_[i].list_size = results_[i].items.size();
  co_return absl::OkStatus();
}

net::Task<absl::Status> ClusterApi::FetchListSize(size_t i) {
  srs_api::SizeProbe probe(window());
  while (const auto start = probe.next()) {
    const auto items = co_await FetchItems(i, *start, srs_api::SizeProbe::kCount);
    if (!items.ok()) co_return items.status();
    probe.Found(items->size());
  }
  results_[i].list_size = probe.size();
  co_return absl::OkStatus();
}

net::Task<absl::Status> ClusterApi::FetchListRange(size_t i) {
  PartialResults& known = results_[i];
  for (auto [start, left] = known.range; left > 0;) {
    const size_t wanted = std::min(kItemsAtOnce, left);
    auto items = co_await FetchItems(i, start, wanted);
    if (!items.ok()) co_return items.status();
    const size_t got = std::min(items->size(), wanted);
    if (got > 0 && !known.text.empty()) known.text += ',';
    known.text += srs_api::WriteItems(fan_out_.server(i), *std::move(items), {0, got});
    start += got;
    left = got < wanted ? 0 : left - got;
  }
  co_return absl::OkStatus();
}

net::Task<absl::StatusOr<json::array>> ClusterApi::FetchItems(size_t i, size_t start,
                                                              size_t count) {
  const auto text =
      co_await fan_out_.Fetch(i, "GET", srs_api::ListTarget(request_.resource, start, count));
  if (!text.ok()) co_return text.status();
  co_return srs_api::ReadList(request_.resource, *text);
}

// ---- Partial results

std::vector<size_t> ClusterApi::ListSizes() const {
  std::vector<size_t> sizes;
  for (size_t i = 0; i < fan_out_.size(); ++i) {
    sizes.push_back(fan_out_.failed(i) ? 0 : results_[i].list_size);
  }
  return sizes;
}

void ClusterApi::PlanPage() {
  const auto ranges = srs_api::PageRanges(ListSizes(), request_.start, request_.count);
  for (size_t i = 0; i < ranges.size(); ++i) results_[i].range = ranges[i];
}

void ClusterApi::WriteListHeads() {
  for (size_t i = 0; i < fan_out_.size(); ++i) {
    PartialResults& known = results_[i];
    if (fan_out_.failed(i)) continue;
    known.text = srs_api::WriteItems(fan_out_.server(i), std::move(known.items), known.range);
  }
}

std::vector<srs_api::Tagged<ClusterApi::Body>> ClusterApi::TakeData() {
  std::vector<srs_api::Tagged<Body>> data;
  for (size_t i = 0; i < fan_out_.size(); ++i) {
    auto& found = results_[i].found;
    if (found.has_value()) data.push_back({fan_out_.server(i), *std::move(found)});
  }
  return data;
}

std::optional<size_t> ClusterApi::Owner() const {
  const auto has_it = [](const PartialResults& known) { return known.found.has_value(); };
  const auto at = std::find_if(results_.begin(), results_.end(), has_it);
  if (at == results_.end()) return std::nullopt;
  return static_cast<size_t>(at - results_.begin());
}

// ---- Responses

http::Response ClusterApi::Merged(Body body) const {
  srs_api::SetMissing(body, fan_out_.missing());
  return ClusterResponse(request_, 200, body);
}

http::Response ClusterApi::NotKnown() const {
  return Merged(srs_api::Envelope(ThisProxy(), srs_api::NotFoundCode(request_.resource)));
}

// An empty cluster has answered.
std::optional<http::Response> ClusterApi::NobodyAnswered() const {
  const auto missing = fan_out_.missing();
  if (missing.empty() || missing.size() < fan_out_.size()) return std::nullopt;
  const unsigned status = fan_out_.timed_out() ? 504 : 502;
  auto body = srs_api::Envelope(ThisProxy(), status);
  body["error"] = "no origin's API has answered";
  srs_api::SetMissing(body, missing);
  return ClusterResponse(request_, status, body);
}

http::Response ClusterApi::Refusal(const absl::Status& why) const {
  auto response = ClusterRefusal(request_, why);
  if (response.status == 400) {
    context_.metrics.client_errors.Increment("http_api", ClientError::kMalformed);
  }
  return response;
}

}  // namespace srsproxy
