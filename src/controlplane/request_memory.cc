#include "controlplane/request_memory.h"

#include <chrono>
#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

constexpr size_t kMaxAnswers = 10'000;
constexpr auto kKept = std::chrono::minutes(10);
constexpr size_t kMaxIdBytes = 128;

std::string RequestIdOf(const google::protobuf::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  return request.GetReflection()->GetString(request, field);
}

std::string KeyOf(std::string_view method, const std::string& request_id) {
  return absl::StrCat(ToAbsl(method), " ", request_id);
}

}  // namespace

absl::StatusOr<bool> RequestMemory::Find(std::string_view method,
                                         const google::protobuf::Message& request,
                                         google::protobuf::Message& response) {
  const std::string id = RequestIdOf(request);
  if (id.empty()) return false;
  if (id.size() > kMaxIdBytes) return InvalidField("request_id", "is longer than 128 bytes");
  const std::lock_guard lock(mutex_);
  ForgetOld();
  const auto at = answers_.find(KeyOf(method, id));
  if (at == answers_.end()) return false;
  if (at->second.request != request.SerializeAsString()) {
    return CallError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_REQUEST_ID_REUSED,
                     "another call used this request_id: choose a new one for each call");
  }
  return response.ParseFromString(at->second.response);
}

void RequestMemory::Remember(std::string_view method, const google::protobuf::Message& request,
                             const google::protobuf::Message& response) {
  const std::string id = RequestIdOf(request);
  if (id.empty()) return;
  const std::lock_guard lock(mutex_);
  auto key = KeyOf(method, id);
  const auto [at, inserted] = answers_.try_emplace(
      key, Answer{request.SerializeAsString(), response.SerializeAsString(), clock_.Now()});
  if (inserted) order_.push_back(std::move(key));
  ForgetOld();
}

void RequestMemory::ForgetOld() {
  const MonotonicTime now = clock_.Now();
  while (!order_.empty()) {
    const auto oldest = answers_.find(order_.front());
    if (order_.size() <= kMaxAnswers && now - oldest->second.at < kKept) return;
    answers_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace srsproxy::control
