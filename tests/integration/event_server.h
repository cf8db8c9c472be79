// An EventService behind a port, and those who watch it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>
#include <grpcpp/grpcpp.h>

#include "controlplane/call_status.h"
#include "controlplane/services/event_service.h"
#include "tests/support/random_fleet.h"

namespace srsproxy::control {

// One Watch call.
class Watcher {
 public:
  Watcher(v1::EventService::Stub& stub, const v1::WatchRequest& request)
      : reader_(stub.Watch(&context_, request)) {}
  ~Watcher() { context_.TryCancel(); }

  // Nullopt: the call has ended.
  std::optional<v1::WatchResponse> Read() {
    v1::WatchResponse message;
    if (!reader_->Read(&message)) return std::nullopt;
    return message;
  }

  // The next events, however many messages they come in.
  std::vector<v1::Event> ReadEvents(size_t count) {
    std::vector<v1::Event> events;
    while (events.size() < count) {
      const auto message = Read();
      if (!message) break;
      events.insert(events.end(), message->events().begin(), message->events().end());
      if (!message->resume_token().empty()) token = message->resume_token();
    }
    return events;
  }

  absl::Status Finish() { return FromGrpc(reader_->Finish()); }
  void Cancel() { context_.TryCancel(); }

  std::string token;  // The last one that ReadEvents has seen.

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
};

// An EventService over a fleet, behind a port.
class EventServer {
 public:
  explicit EventServer(size_t ring = EventLog::kCapacity, size_t max_watches = 100)
      : fleet(ring),
        service(fleet.log, fleet.origins, fleet.streams, config_, observer_, max_watches) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
    const std::string address = absl::StrCat("127.0.0.1:", port);
    stub =
        v1::EventService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    // A connection of its own, that takes 64 kB for a call and does not grow.
    grpc::ChannelArguments narrow;
    narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    narrow_stub = v1::EventService::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), narrow));
  }
  ~EventServer() {
    service.Stop();
    server_->Shutdown(std::chrono::system_clock::now());
  }

  void Place(const std::string& stream, const std::string& origin_id) {
    StreamEvent event;
    event.mapping.key = {"v.io", "live", stream};
    event.mapping.origin_id = origin_id;
    event.reason = StreamEventReason::kToBeViewed;
    fleet.log.OnStreamEvent(event);
  }

  std::string Scrape() { return metrics_.Serialize(); }

  Fleet fleet;

 private:
  static Config MakeConfig() {
    Config config;
    config.id = "proxy-1";
    return config;
  }

  LiveConfig config_{MakeConfig()};
  Metrics metrics_{"1"};
  Logger logger_{LogOptions{.sink = [](std::string_view) {}}};
  IdempotencyCache requests_{fleet.clock};
  RefusalLog denials_{"call denied", fleet.clock, logger_};
  CallAuthorizer authorizer_{nullptr, denials_, metrics_};
  CallObserver observer_{fleet.clock, metrics_, logger_, requests_, authorizer_};

 public:
  EventService service;
  std::unique_ptr<v1::EventService::Stub> stub;
  std::unique_ptr<v1::EventService::Stub> narrow_stub;

 private:
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace srsproxy::control
