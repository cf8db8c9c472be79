// srsproxy.v1.RebalanceService over the rebalancer.
#pragma once

#include <atomic>

#include <boost/asio/thread_pool.hpp>

#include "controlplane/services/serve.h"
#include "dataplane/balance/rebalancer.h"
#include "srsproxy/v1/rebalance_service.grpc.pb.h"

namespace srsproxy::control {

// Thread-safe. What it is given outlives it.
class RebalanceService final : public v1::RebalanceService::CallbackService {
 public:
  RebalanceService(Rebalancer& rebalancer, const CallObserver& observer)
      : rebalancer_(rebalancer), observer_(observer) {}
  ~RebalanceService() override { planner_.join(); }

  grpc::ServerUnaryReactor* PlanRebalance(grpc::CallbackServerContext* context,
                                          const v1::PlanRebalanceRequest* request,
                                          v1::PlanRebalanceResponse* response) override;
  grpc::ServerUnaryReactor* ApplyRebalance(grpc::CallbackServerContext* context,
                                           const v1::ApplyRebalanceRequest* request,
                                           v1::ApplyRebalanceResponse* response) override;
  grpc::ServerUnaryReactor* GetRebalance(grpc::CallbackServerContext* context,
                                         const v1::GetRebalanceRequest* request,
                                         v1::GetRebalanceResponse* response) override;
  grpc::ServerUnaryReactor* CancelRebalance(grpc::CallbackServerContext* context,
                                            const v1::CancelRebalanceRequest* request,
                                            v1::CancelRebalanceResponse* response) override;

 private:
  absl::StatusOr<v1::PlanRebalanceResponse> Plan(const v1::PlanRebalanceRequest& request);
  absl::StatusOr<v1::ApplyRebalanceResponse> Apply(const v1::ApplyRebalanceRequest& request,
                                                   const CallContext& call);
  absl::StatusOr<v1::GetRebalanceResponse> Get(const v1::GetRebalanceRequest& request) const;
  absl::StatusOr<v1::CancelRebalanceResponse> Cancel(const v1::CancelRebalanceRequest& request,
                                                     const CallContext& call);
  absl::Status ApplyError(absl::Status status, const std::string& plan_id) const;

  Rebalancer& rebalancer_;
  const CallObserver& observer_;
  std::atomic<int> planning_{0};         // Plans being made, or waiting for it.
  boost::asio::thread_pool planner_{1};  // A plan over many streams takes a second.
};

}  // namespace srsproxy::control
