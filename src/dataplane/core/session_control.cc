#include "dataplane/core/session_control.h"

#include <algorithm>

namespace srsproxy {
namespace {

// `client` is "address:port"; IPv6 addresses are in brackets.
bool IsFrom(std::string_view client, std::string_view host) {
  client = client.substr(0, client.rfind(':'));
  if (client.starts_with('[')) client = client.substr(1, client.size() - 2);
  return client == host;
}

}  // namespace

void StreamAudience::Add(const SessionInfo& session) {
  if (session.role == Role::kViewer) {
    ++viewers[static_cast<size_t>(session.protocol)];
  } else if (session.media_flows) {
    ++publishers;
    bytes_in += session.bytes_in;
    since = std::min(since, session.started_at);
  }
}

void StreamAudience::Add(const StreamAudience& other) {
  publishers += other.publishers;
  for (size_t i = 0; i < viewers.size(); ++i) viewers[i] += other.viewers[i];
  bytes_in += other.bytes_in;
  since = std::min(since, other.since);
}

bool SessionFilter::Matches(const SessionInfo& session) const {
  if (role.has_value() && session.role != *role) return false;
  if (protocol.has_value() && session.protocol != *protocol) return false;
  if (!followers_too && session.protocol == Protocol::kHls) return false;
  if (key.has_value() && session.key != *key) return false;
  if (!origin_id.empty() && session.origin_id != origin_id) return false;
  if (!not_origin_id.empty() && (session.origin_id.empty() || session.origin_id == not_origin_id)) {
    return false;
  }
  if (!client_host.empty() && !IsFrom(session.client, client_host)) return false;
  return ids.empty() || std::find(ids.begin(), ids.end(), session.id) != ids.end();
}

}  // namespace srsproxy
