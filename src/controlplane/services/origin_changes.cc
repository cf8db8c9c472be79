#include "controlplane/services/origin_changes.h"

#include <string>
#include <utility>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/origin_lookup.h"
#include "controlplane/services/origin_settings.h"

namespace srsproxy::control {

void OriginChanges::Update(const v1::UpdateOriginRequest& request, const CallContext& call,
                           Done<v1::UpdateOriginResponse> done) {
  auto change = OverridesChangeFromProto(request.settings(), request.update_mask());
  if (!change.ok()) return done(change.status());
  if (request.origin().empty()) return done(InvalidField("origin", "is needed"));
  const auto server =
      request.allow_missing() ? request.origin() : FindServer(origins_, "origin", request.origin());
  if (!server.ok()) return done(server.status());
  auto changed = [this, server = *server,
                  done = std::move(done)](absl::StatusOr<OriginOverrides> overrides) mutable {
    if (!overrides.ok()) return done(overrides.status());
    v1::UpdateOriginResponse response;
    response.set_server(server);
    *response.mutable_settings() = ToProto(*overrides);
    for (const auto& origin : OriginsOf(*origins_.CurrentSnapshot(), {server, ""})) {
      Origin merged = *origin;
      OperatorOverrides::Apply(merged, *overrides);
      *response.add_origins() = describer_.Describe(merged);
    }
    done(std::move(response));
  };
  ChangeOverrides(*server, *std::move(change), request.validate_only(), call, std::move(changed));
}

void OriginChanges::Drain(const v1::DrainOriginRequest& request, const CallContext& call,
                          Done<v1::DrainOriginResponse> done) {
  OverridesChange change;
  change.admin_state = FieldChange<AdminState>::Set(AdminState::kDraining);
  change.drain_deadline = FieldChange<absl::Time>::Clear();
  if (request.has_deadline()) {
    const auto patience = DeadlineFromProto(request.deadline());
    if (!patience.ok()) return done(patience.status());
    change.drain_deadline = FieldChange<absl::Time>::Set(observer_.clock.WallNow() + *patience);
  }
  const auto server = FindServer(origins_, "origin", request.origin());
  if (!server.ok()) return done(server.status());
  auto changed = [this, server = *server,
                  done = std::move(done)](absl::StatusOr<OriginOverrides> overrides) mutable {
    if (!overrides.ok()) return done(overrides.status());
    v1::DrainOriginResponse response;
    response.set_server(server);
    *response.mutable_progress() = describer_.ProgressOf(server, *overrides->drain);
    done(std::move(response));
  };
  ChangeOverrides(*server, std::move(change), request.validate_only(), call, std::move(changed));
}

void OriginChanges::ChangeOverrides(const std::string& server, OverridesChange change,
                                    bool validate_only, const CallContext& call,
                                    Done<OriginOverrides> done) {
  if (validate_only) {
    auto changed = origins_.overrides().Check(server, std::move(change));
    if (!changed.ok()) return done(WithDriver(changed.status()));
    return done(std::move(changed));
  }
  auto changed = [this, server, caller = call.caller,
                  done = std::move(done)](absl::StatusOr<OriginOverrides> overrides) mutable {
    if (!overrides.ok()) return done(WithDriver(overrides.status()));
    observer_.logger.Info("origin changed by an operator",
                          {{"server", server},
                           {"settings", ToProto(*overrides).ShortDebugString()},
                           {"caller", caller}});
    done(std::move(overrides));
  };
  origins_.overrides().ChangeOverrides(server, std::move(change), std::move(changed));
}

}  // namespace srsproxy::control
