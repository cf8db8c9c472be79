#include "tools/srsproxyctl/commands/origin_selector.h"

#include <utility>

#include "srsproxy/v1/origin_service.grpc.pb.h"

namespace srsproxy::ctl {

absl::StatusOr<v1::Origin> FindOrigin(Client& client, std::string_view selector) {
  if (selector.empty()) return absl::InvalidArgumentError("ORIGIN is empty");
  v1::GetOriginRequest request;
  request.set_origin(std::string(selector));
  auto response =
      client.Call<v1::OriginService>(&v1::OriginService::StubInterface::GetOrigin, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_origin());
}

absl::StatusOr<std::string> FindOriginId(Client& client, std::string_view selector) {
  if (selector.empty()) return std::string();
  const auto origin = FindOrigin(client, selector);
  if (!origin.ok()) return origin.status();
  return origin->id();
}

}  // namespace srsproxy::ctl
