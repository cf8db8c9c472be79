#include "dataplane/proxy/upstream/origin_connections.h"

#include <array>
#include <utility>

namespace srsproxy {
namespace {

// Without a request there is no response.
bool IsSilent(net::TcpStream& stream) {
  std::array<uint8_t, 1> byte{};
  return stream.TryRead(byte).state == net::IoState::kWouldBlock;
}

}  // namespace

OriginConnections::OriginConnections(const Clock& clock, OriginConnectionLimits limits)
    : clock_(clock), limits_(limits) {}

std::optional<net::TcpStream> OriginConnections::Take(const Endpoint& endpoint) {
  const auto at = by_endpoint_.find(FormatEndpoint(endpoint));
  if (at == by_endpoint_.end()) return std::nullopt;
  std::deque<Position>& kept = at->second;
  std::optional<net::TcpStream> found;
  while (!found.has_value() && !kept.empty()) {
    net::TcpStream stream = std::move(kept.back()->stream);
    idle_.erase(kept.back());
    kept.pop_back();
    if (IsSilent(stream)) found.emplace(std::move(stream));
  }
  if (kept.empty()) by_endpoint_.erase(at);
  return found;
}

void OriginConnections::Keep(const Endpoint& endpoint, net::TcpStream stream) {
  if (!stream.is_open()) return;
  std::string name = FormatEndpoint(endpoint);
  std::deque<Position>& kept = by_endpoint_[name];
  idle_.push_back({name, std::move(stream), clock_.Now()});
  kept.push_back(std::prev(idle_.end()));
  if (kept.size() > limits_.for_each_endpoint) CloseOldest(name);
  if (idle_.size() > limits_.in_all) CloseOldest(std::string(idle_.front().endpoint));
}

void OriginConnections::Sweep() {
  const MonotonicTime latest = clock_.Now() - absl::ToChronoNanoseconds(limits_.idle);
  while (!idle_.empty() && idle_.front().since <= latest) {
    CloseOldest(std::string(idle_.front().endpoint));
  }
}

void OriginConnections::CloseOldest(const std::string& endpoint) {
  const auto at = by_endpoint_.find(endpoint);
  idle_.erase(at->second.front());
  at->second.pop_front();
  if (at->second.empty()) by_endpoint_.erase(at);
}

}  // namespace srsproxy
