#include "dataplane/directory/redis/redis_fleet.h"

#include <memory>
#include <utility>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

namespace srsproxy::redis {
namespace {

constexpr uint64_t kTicksOfAnnouncement = 5;
constexpr uint64_t kTicksOfLease = 1;  // A deadline each second on Redis, too.
constexpr absl::Duration kMargin = absl::Seconds(2);

// Of RedisFleet::kAnnouncement and kLease, as Redis takes them.
constexpr char kAnnouncementMs[] = "15000";
constexpr char kLeaseMs[] = "10000";

// Of `number PROXY_ID:boot`.
std::pair<uint64_t, std::string_view> ParseLease(std::string_view text) {
  const size_t blank = text.find(' ');
  uint64_t number = 0;
  if (blank == std::string_view::npos ||
      !absl::SimpleAtoi(ToAbsl(text.substr(0, blank)), &number)) {
    return {0, {}};
  }
  return {number, text.substr(blank + 1)};
}

}  // namespace

RedisFleet::RedisFleet(Link& link, const FleetIdentity& identity, const Clock& clock,
                       const Logger& logger, BrokenKeys& broken)
    : link_(link), identity_(identity), clock_(clock), logger_(logger), broken_(broken) {}

std::string RedisFleet::driver() const {
  const std::lock_guard lock(mutex_);
  const auto name = ProxyName::Parse(ParseLease(driver_).second);
  return name.has_value() ? name->id : "";
}

uint64_t RedisFleet::lease() const {
  const std::lock_guard lock(mutex_);
  return clock_.Now() < lease_until_ ? lease_ : 0;
}

void RedisFleet::Tick() {
  if (ticks_ % kTicksOfAnnouncement == 0) Announce();
  if (ticks_ % kTicksOfLease == 0) SeekLease();
  ++ticks_;
}

void RedisFleet::OnConnected() {
  ticks_ = 0;
  Tick();
}

void RedisFleet::Announce() {
  const std::string announcement = identity_.keys.Make(KeyKind::kXProxy, identity_.proxy);
  const std::string now = absl::StrCat(absl::ToUnixMillis(clock_.WallNow()));
  const auto ignore = [](const absl::StatusOr<Reply>&) {};
  const std::string_view set[] = {"SET", announcement, now, "PX", kAnnouncementMs};
  link_.Call("announce", set, [this](const absl::StatusOr<Reply>& reply) {
    const absl::Status status = reply.status();
    const bool was_asked = !absl::IsCancelled(status) && !Link::IsTooManyOpen(status);
    if (usable_ != nullptr && was_asked) usable_(status.ok());
  });
  const std::string proxies = identity_.keys.Make(KeyKind::kXProxies);
  const std::string_view list[] = {"HSET", proxies, identity_.proxy, now};
  link_.Call("announce", list, ignore);
  FindDead();
}

void RedisFleet::FindDead() {
  const std::string proxies = identity_.keys.Make(KeyKind::kXProxies);
  const std::string_view read[] = {"HKEYS", proxies};
  link_.Call("announce", read, [this](const absl::StatusOr<Reply>& reply) {
    if (reply.ok()) OnProxies(*reply);
  });
}

void RedisFleet::OnProxies(const Reply& reply) {
  const auto names = reply.AsTexts();
  if (!names.ok()) return;
  alive_ = counted_;
  counted_ = 1;
  for (const std::string_view name : *names) {
    if (name == identity_.proxy) continue;
    const std::string announcement = identity_.keys.Make(KeyKind::kXProxy, name);
    const std::string_view exists[] = {"EXISTS", announcement};
    link_.Call("announce", exists,
               [this, proxy = std::string(name)](const absl::StatusOr<Reply>& found) {
                 if (!found.ok()) return;
                 const bool alive = found->AsInteger().value_or(1) != 0;
                 if (!alive) {
                   const std::lock_guard lock(mutex_);
                   dead_.push_back(proxy);
                   return;
                 }
                 ++counted_;
                 seen_alive_[proxy] = clock_.Now();
                 const auto other = ProxyName::Parse(proxy);
                 const auto self = ProxyName::Parse(identity_.proxy);
                 if (!other.has_value() || !self.has_value() || other->id != self->id) return;
                 if (std::exchange(warned_of_twin_, true)) return;
                 logger_.Warn("another proxy that lives has the same PROXY_ID: give each its own",
                              {{"id", self->id}, {"other", proxy}});
               });
  }
}

std::vector<std::string> RedisFleet::SeenAlive() {
  const MonotonicTime since = clock_.Now() - absl::ToChronoNanoseconds(2 * kAnnouncement);
  std::erase_if(seen_alive_, [&](const auto& seen) { return seen.second < since; });
  std::vector<std::string> proxies = {identity_.proxy};
  for (const auto& [proxy, at] : seen_alive_) proxies.push_back(proxy);
  return proxies;
}

void RedisFleet::SeekLease() {
  const std::string key = identity_.keys.Make(KeyKind::kXDriver);
  const std::string_view get[] = {"GET", key};
  link_.Call("drive", get, [this, asked = clock_.Now()](const absl::StatusOr<Reply>& reply) {
    if (reply.ok()) OnDriver(asked, *reply);
  });
}

void RedisFleet::OnDriver(MonotonicTime asked, const Reply& reply) {
  const auto text = reply.AsOptionalText();
  if (!text.ok()) return;
  const auto [number, proxy] = ParseLease(text->value_or(""));
  const bool mine = proxy == identity_.proxy;
  {
    const std::lock_guard lock(mutex_);
    driver_ = std::string(text->value_or(""));
    if (!mine) lease_ = 0;
  }
  if (proxy.empty()) {
    if (text->has_value()) RemoveLease();
    return TakeLease();
  }
  if (!mine) return;
  // Should it have ended in between, another one's is renewed once, which harms nobody.
  const std::string key = identity_.keys.Make(KeyKind::kXDriver);
  const std::string_view renew[] = {"PEXPIRE", key, kLeaseMs};
  link_.Call("drive", renew, [this, asked, number = number](const absl::StatusOr<Reply>& renewed) {
    if (renewed.ok() && renewed->AsInteger().value_or(0) == 1) SetLease(number, asked);
  });
}

void RedisFleet::RemoveLease() {
  const std::string key = identity_.keys.Make(KeyKind::kXDriver);
  broken_.ReportRemoved(key);
  const std::string_view remove[] = {"DEL", key};
  link_.Call("drive", remove, [](const absl::StatusOr<Reply>&) {});
}

void RedisFleet::TakeLease() {
  const std::string history = identity_.keys.Make(KeyKind::kXHistory);
  const std::string_view count[] = {"HINCRBY", history, "driver", "1"};
  link_.Call("drive", count, [this](const absl::StatusOr<Reply>& counted) {
    const int64_t number = counted.ok() ? counted->AsInteger().value_or(0) : 0;
    if (number <= 0) return;
    const std::string key = identity_.keys.Make(KeyKind::kXDriver);
    const std::string lease = absl::StrCat(number, " ", identity_.proxy);
    const std::string_view take[] = {"SET", key, lease, "NX", "PX", kLeaseMs};
    link_.Call("drive", take,
               [this, number, lease, asked = clock_.Now()](const absl::StatusOr<Reply>& taken) {
                 if (!taken.ok() || taken->is_nil()) return;
                 {
                   const std::lock_guard lock(mutex_);
                   driver_ = lease;
                 }
                 SetLease(static_cast<uint64_t>(number), asked);
                 logger_.Info("this proxy drives the fleet", {{"lease", number}});
               });
  });
}

void RedisFleet::SetLease(uint64_t number, MonotonicTime asked) {
  const std::lock_guard lock(mutex_);
  lease_ = number;
  lease_until_ = asked + absl::ToChronoNanoseconds(kLease - kMargin);
}

void RedisFleet::Leave(std::function<void()> left) {
  if (drives()) {
    const std::string key = identity_.keys.Make(KeyKind::kXDriver);
    const std::string_view free[] = {"DEL", key};
    link_.Call("drive", free, [](const absl::StatusOr<Reply>&) {});
  }
  const std::string announcement = identity_.keys.Make(KeyKind::kXProxy, identity_.proxy);
  const std::string_view forget[] = {"DEL", announcement};
  link_.Call("announce", forget,
             [left = std::move(left)](const absl::StatusOr<Reply>&) { left(); });
}

std::vector<std::string> RedisFleet::TakeDead() {
  const std::lock_guard lock(mutex_);
  return std::exchange(dead_, {});
}

void RedisFleet::Swept(std::string_view proxy) {
  const std::string proxies = identity_.keys.Make(KeyKind::kXProxies);
  const std::string uses = identity_.keys.Make(KeyKind::kXUses, proxy);
  const auto ignore = [](const absl::StatusOr<Reply>&) {};
  const std::string_view forget[] = {"HDEL", proxies, proxy};
  link_.Call("sweep", forget, ignore);
  const std::string_view remove[] = {"DEL", uses};
  link_.Call("sweep", remove, ignore);
}

}  // namespace srsproxy::redis
