// Registrations as stores keep them.
#pragma once

#include <string>

#include <absl/time/time.h>

#include "dataplane/core/origin_record.h"

namespace srsproxy {

// With something in each field; `{server}-svc-1`.
inline OriginRecord Record(const std::string& server, const std::string& ip = "10.0.0.1") {
  OriginRecord record;
  record.registration.ip = ip;
  record.registration.server = server;
  record.registration.service = "svc";
  record.registration.pid = "1";
  record.registration.rtmp = {{Transport::kTcp, "", 1935}};
  record.registration.http = {{Transport::kTcp, "", 8080}};
  record.registration.labels = {{"rack", "7"}};
  record.registration.weight = 0.3;
  record.registration.zone = "west";
  record.registration.capacity = 100;
  record.generation = 3;
  record.lease_digests = {"newer", "older"};  // Without any it is a Go proxy's.
  record.source = "10.0.0.9";
  record.registered_at = absl::FromUnixSeconds(1'700'000'000);
  return record;
}

}  // namespace srsproxy
