#include "controlplane/http/system_api.h"

#include <unistd.h>

#include <memory>
#include <utility>

#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "controlplane/access/secret.h"
#include "controlplane/call_status.h"
#include "controlplane/http/register_body.h"
#include "dataplane/core/network.h"

namespace srsproxy::control {
namespace {

namespace json = boost::json;

http::Response ErrorResponse(const absl::Status& status) {
  return control::ErrorResponse(HttpStatusOf(status), ErrorInfoOf(status).reason(),
                                MessageOf(status));
}

constexpr std::string_view kRegisterPath = "/api/v1/srs/register";

http::Response JsonResponse(const json::value& body) { return {.body = json::serialize(body)}; }

http::Response MethodNotAllowed(const HttpRequest& request, const std::string& allowed) {
  auto response = control::ErrorResponse(
      405, "METHOD_NOT_ALLOWED", request.path + " wants " + allowed + ", not " + request.method);
  response.fields.set("Allow", allowed);
  return response;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SystemApi>> SystemApi::Start(const ListenAddress& address,
                                                            Dependencies dependencies) {
  std::unique_ptr<SystemApi> api(new SystemApi(std::move(dependencies)));
  auto handler = [raw = api.get()](HttpRequest request) { return raw->Answer(std::move(request)); };
  auto server = HttpServer::Start("PROXY_SYSTEM_API", address, std::move(handler),
                                  api->dependencies_.metrics);
  if (!server.ok()) return server.status();
  api->server_ = *std::move(server);
  return api;
}

SystemApi::SystemApi(Dependencies dependencies) : dependencies_(std::move(dependencies)) {}

net::Task<http::Response> SystemApi::Answer(HttpRequest request) {
  const auto& path = request.path;
  const bool is_live_probe = path == "/healthz" || path == "/livez";
  const bool is_probe = is_live_probe || path == "/readyz";
  if (!is_probe) {
    if (auto denied = CheckNetwork(request)) co_return *std::move(denied);
  }
  if (path == kRegisterPath) {
    if (request.method != "POST") co_return MethodNotAllowed(request, "POST");
    if (auto denied = CheckToken(request)) co_return *std::move(denied);
    co_return co_await Register(std::move(request));
  }

  using Get = http::Response (SystemApi::*)() const;
  Get get = nullptr;
  if (path == "/api/v1/versions") get = &SystemApi::Versions;
  if (path == "/metrics") get = &SystemApi::MetricsText;
  if (is_live_probe) get = &SystemApi::Healthy;
  if (path == "/readyz") get = &SystemApi::Ready;
  if (get == nullptr) {
    co_return control::ErrorResponse(
        404, "NOT_FOUND",
        "no such path; this is srsproxy's System API: POST /api/v1/srs/register, GET "
        "/api/v1/versions, /metrics, /healthz, /livez, /readyz");
  }
  if (request.method != "GET") co_return MethodNotAllowed(request, "GET, HEAD");
  co_return (this->*get)();
}

std::optional<http::Response> SystemApi::CheckNetwork(const HttpRequest& request) const {
  if (Admits(dependencies_.config.Get()->system_api_allow, request.client)) return std::nullopt;
  dependencies_.metrics.auth_decisions.Increment(AuthResult::kDenied, "network_denied");
  const std::string message =
      request.client + " may not use the System API; its network is not in PROXY_SYSTEM_API_ALLOW";
  // Of the other paths, which are for reading, nobody needs a list.
  if (request.path == kRegisterPath) dependencies_.refusals.Add(request.client, message);
  return control::ErrorResponse(403, "SCOPE_DENIED", message);
}

std::optional<http::Response> SystemApi::CheckToken(const HttpRequest& request) const {
  const auto config = dependencies_.config.Get();
  if (!config->http_api_auth_enabled) return std::nullopt;
  const auto token = BearerToken(request.authorization);
  const SecretDigest wanted(config->http_api_auth_token);
  if (token && SecretDigest(*token).Matches(wanted)) return std::nullopt;
  dependencies_.metrics.auth_decisions.Increment(AuthResult::kDenied, "token_required");
  const std::string message =
      std::string(token ? "the bearer token is wrong" : "a bearer token is needed") +
      "; send 'Authorization: Bearer <token>' with PROXY_HTTP_API_AUTH_TOKEN";
  dependencies_.refusals.Add(request.client, message);
  auto response = control::ErrorResponse(401, "TOKEN_REQUIRED", message);
  response.fields.set("WWW-Authenticate", "Bearer realm=\"srsproxy\"");
  return response;
}

net::Task<http::Response> SystemApi::Register(HttpRequest request) {
  auto body = ParseRegisterBody(request.body);
  if (!body.ok()) {
    dependencies_.metrics.heartbeats.Increment(HeartbeatResult::kRejected);
    dependencies_.refusals.Add(request.client, MessageOf(body.status()));
    co_return ErrorResponse(body.status());
  }

  const auto executor = co_await net::asio::this_coro::executor;
  v1::RegisterOriginRequest wanted;
  *wanted.mutable_registration() = std::move(body->registration);
  auto do_register = [&](auto done) {
    dependencies_.origins.RegisterOverHttp(request.client, std::move(wanted), std::move(done));
  };
  const auto lease = co_await net::AwaitCallback<absl::StatusOr<v1::RegisterOriginResponse>>(
      executor, std::move(do_register));
  if (!lease.ok()) co_return ErrorResponse(lease.status());

  v1::HeartbeatRequest beat;
  beat.set_lease_id(lease->lease_id());
  *beat.mutable_load() = std::move(body->load);
  auto do_beat = [&](auto done) {
    dependencies_.origins.HeartbeatOverHttp(request.client, std::move(beat), std::move(done));
  };
  const auto beaten = co_await net::AwaitCallback<absl::StatusOr<v1::HeartbeatResponse>>(
      executor, std::move(do_beat));
  if (!beaten.ok()) co_return ErrorResponse(beaten.status());
  co_return JsonResponse({{"code", 0}, {"pid", std::to_string(getpid())}});
}

http::Response SystemApi::Versions() const {
  return JsonResponse({{"signature", "srsproxy"}, {"version", dependencies_.version}});
}

http::Response SystemApi::MetricsText() const {
  return {.body = dependencies_.metrics.Serialize(),
          .content_type = "text/plain; version=0.0.4; charset=utf-8"};
}

http::Response SystemApi::Healthy() const { return JsonResponse({{"healthy", true}}); }

http::Response SystemApi::Ready() const {
  const auto reasons = dependencies_.readiness.reasons();
  const auto degraded = dependencies_.readiness.degraded();
  json::array all(reasons.begin(), reasons.end());
  all.insert(all.end(), degraded.begin(), degraded.end());
  auto response = JsonResponse(
      {{"ready", reasons.empty()}, {"degraded", !degraded.empty()}, {"reasons", std::move(all)}});
  if (!reasons.empty()) response.status = 503;
  return response;
}

}  // namespace srsproxy::control
