#include "controlplane/services/idempotency_cache.h"

#include <chrono>
#include <utility>

#include <absl/strings/str_cat.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

constexpr size_t kMaxCalls = 10'000;
constexpr size_t kMaxBytes = 64 << 20;  // Of their answers.
constexpr auto kKept = std::chrono::minutes(10);
constexpr size_t kMaxIdBytes = 128;

std::string RequestIdOf(const google::protobuf::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  return request.GetReflection()->GetString(request, field);
}

// Ids are each caller's own.
std::string KeyOf(std::string_view method, std::string_view caller, const std::string& request_id) {
  return absl::StrCat(ToAbsl(method), " ", request_id, " ", ToAbsl(caller));
}

// Equal for equal requests: a map has no order of its own.
SecretDigest DigestOf(const google::protobuf::Message& request) {
  std::string text;
  google::protobuf::io::StringOutputStream stream(&text);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  request.SerializeToCodedStream(&coded);
  coded.Trim();
  return SecretDigest(text);
}

}  // namespace

absl::StatusOr<bool> IdempotencyCache::Begin(std::string_view method, std::string_view caller,
                                             const google::protobuf::Message& request,
                                             google::protobuf::Message& response) {
  const std::string id = RequestIdOf(request);
  if (id.empty()) return false;
  if (id.size() > kMaxIdBytes) return InvalidField("request_id", "is longer than 128 bytes");
  auto key = KeyOf(method, caller, id);
  const SecretDigest digest = DigestOf(request);
  const std::lock_guard lock(mutex_);
  ForgetOld();
  const MonotonicTime now = clock_.Now();
  const auto [at, added] = calls_.try_emplace(key, Call{digest, std::nullopt, now});
  if (added) {
    order_.emplace_back(std::move(key), now);
    return false;
  }
  const Call& call = at->second;
  if (!call.request.Matches(digest)) {
    return CallError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_REQUEST_ID_REUSED,
                     "another call used this request_id: choose a new one for each call");
  }
  if (!call.response.has_value()) {
    return CallError(absl::StatusCode::kAborted, v1::ERROR_REASON_REQUEST_RUNNING,
                     "the call with this request_id is being answered: repeat it in a moment");
  }
  return response.ParseFromString(*call.response);
}

void IdempotencyCache::End(std::string_view method, std::string_view caller,
                           const google::protobuf::Message& request,
                           const google::protobuf::Message* response) {
  const std::string id = RequestIdOf(request);
  if (id.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto call = calls_.find(KeyOf(method, caller, id));
  if (call == calls_.end()) return;  // It took longer than calls are remembered.
  if (response == nullptr) {
    Forget(call);
  } else {
    call->second.response = response->SerializeAsString();
    bytes_ += call->second.response->size();
    ForgetOld();
  }
}

void IdempotencyCache::Forget(Calls::iterator call) {
  if (call->second.response.has_value()) bytes_ -= call->second.response->size();
  calls_.erase(call);
}

void IdempotencyCache::ForgetOld() {
  const MonotonicTime now = clock_.Now();
  while (!order_.empty()) {
    const auto& [key, at] = order_.front();
    if (order_.size() <= kMaxCalls && bytes_ <= kMaxBytes && now - at < kKept) return;
    // One that failed may have been begun again since.
    const auto call = calls_.find(key);
    if (call != calls_.end() && call->second.at == at) Forget(call);
    order_.pop_front();
  }
}

}  // namespace srsproxy::control
