#include "dataplane/directory/redis/fleet_connection.h"

#include <chrono>
#include <future>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "dataplane/core/random_seed.h"
#include "dataplane/directory/redis/key_types.h"

namespace srsproxy::redis {
namespace {

// The first attempt to connect, to where the Sentinels say, may take this long.
constexpr auto kFirstOutcome = std::chrono::seconds(10);
// At the types of keys.
constexpr uint64_t kSecondsBetweenLooks = 5;
constexpr auto kGoodbye = std::chrono::milliseconds(500);

std::string RandomToken() { return absl::StrFormat("%016x", RandomSeed()); }

}  // namespace

absl::StatusOr<std::unique_ptr<FleetConnection>> FleetConnection::Make(const Config& config,
                                                                       const Clock& clock,
                                                                       Metrics& metrics,
                                                                       const Logger& logger) {
  auto client = Client::Make(ClientOptions::From(config), AllScripts(), metrics, logger);
  if (!client.ok()) return client.status();
  const ProxyName name{config.id, RandomToken()};
  FleetIdentity identity{
      .proxy = name.ToString(), .history = RandomToken(), .keys = Keys(config.redis_key_prefix)};
  return std::unique_ptr<FleetConnection>(
      new FleetConnection(std::move(identity), config, clock, metrics, logger, *std::move(client)));
}

FleetConnection::FleetConnection(FleetIdentity identity, const Config& config, const Clock& clock,
                                 Metrics& metrics, const Logger& logger,
                                 std::unique_ptr<Client> client)
    : identity_(std::move(identity)),
      metrics_(metrics),
      client_(std::move(client)),
      scripts_(client_->command(), identity_, logger),
      feed_(*client_, identity_, clock, logger, scripts_.broken_keys()),
      fleet_(client_->command(), identity_, clock, logger, scripts_.broken_keys()),
      sweep_(client_->command(), scripts_, fleet_, config.max_streams),
      streams_(std::make_unique<RedisStreamDirectory>(clock, config.max_streams, scripts_, feed_)),
      settle_time_({.link = client_->command(),
                    .scripts = scripts_,
                    .clock = clock,
                    .proxies = [this] { return fleet_.SeenAlive(); },
                    .written = [this] { return streams_->WrittenIn(); }}),
      go_scan_(scripts_, clock, *streams_,
               [this](const StreamKey& key) { streams_->Recheck(key); }),
      origins_(std::make_unique<FleetOrigins>(scripts_, client_->command(), feed_, fleet_, clock,
                                              logger)) {
  scripts_.SetHistoryObserver([this](std::string_view history) { feed_.OnHistory(history); });
  feed_.Add("stream", *streams_);
  feed_.Add("pin", *streams_);
  feed_.SetAnewObserver([this] { fleet_.Announce(); });
  fleet_.SetUsableObserver([this](bool usable) {
    if (!usable) return streams_->OnLost();
    if (connected_ && !streams_->is_usable()) streams_->OnUsable();
  });
}

FleetConnection::~FleetConnection() { Stop(); }

absl::Status FleetConnection::Start() {
  client_->command().Open(*this);
  feed_.Start();
  client_->Every(absl::Seconds(1), [this] { EachSecond(); });
  client_->Every(absl::Milliseconds(100), [this] { EachTenth(); });
  std::unique_lock lock(mutex_);
  settled_.wait_for(lock, kFirstOutcome, [this] { return first_outcome_.has_value(); });
  const absl::Status outcome = first_outcome_.value_or(absl::OkStatus());
  return absl::IsFailedPrecondition(outcome) ? outcome : absl::OkStatus();
}

void FleetConnection::OnConnected(const ServerInfo&) {
  connected_ = true;
  streams_->SetUnusable("");
  seconds_connected_ = 0;
  if (std::exchange(connected_once_, true)) settle_time_.Begin();
  HealKeyTypes(scripts_);
  fleet_.OnConnected();
  origins_->OnConnected();
  Settle(absl::OkStatus());
}

void FleetConnection::OnLost(const absl::Status& why) {
  connected_ = false;
  streams_->SetUnusable(absl::IsFailedPrecondition(why) ? std::string(MessageOf(why)) : "");
  streams_->OnLost();
  origins_->OnLost();
  Settle(why);
}

void FleetConnection::Settle(absl::Status outcome) {
  const std::lock_guard lock(mutex_);
  if (!first_outcome_.has_value()) first_outcome_ = std::move(outcome);
  settled_.notify_all();
}

void FleetConnection::ShowMetrics() {
  metrics_.driver.Set(fleet_.drives() ? 1 : 0);
  metrics_.proxies.Set(static_cast<double>(fleet_.alive()));
  metrics_.fleet_streams.Set("known", streams_->size());
  metrics_.fleet_streams.Set("in_use", streams_->in_use());
  metrics_.redis_broken_keys.RaiseTo("streams", scripts_.broken_keys().count());
  metrics_.redis_broken_keys.RaiseTo("origins", origins_->origins().broken());
  metrics_.redis_broken_keys.RaiseTo("hls", origins_->sessions().broken());
  metrics_.redis_cache_hits.RaiseTo(streams_->cache_hits());
  const absl::Duration staleness = feed_.Staleness();
  if (staleness != absl::InfiniteDuration()) {
    metrics_.redis_cache_staleness.Set(absl::ToDoubleSeconds(staleness));
  }
}

void FleetConnection::EachSecond() {
  ShowMetrics();
  origins_->Tick();
  if (!connected_) return;
  if (++seconds_connected_ % kSecondsBetweenLooks == 0) HealKeyTypes(scripts_);
  // An announcement that is written shows that Redis can be used again.
  if (!streams_->is_usable()) fleet_.Announce();
  fleet_.Tick();
  sweep_.Tick();
}

void FleetConnection::EachTenth() {
  streams_->Tick();
  if (connected_) settle_time_.Tick();
  // Before all is read, every stream would seem to be a Go proxy's.
  if (streams_->state() == StoreState::kSynced && fleet_.drives()) go_scan_.Tick();
}

void FleetConnection::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  streams_->Stop();
  origins_->Stop();
  auto left = std::make_shared<std::promise<void>>();
  std::future<void> gone = left->get_future();
  fleet_.Leave([left] { left->set_value(); });
  gone.wait_for(kGoodbye);
  client_->Stop();
}

}  // namespace srsproxy::redis
