#include "dataplane/directory/redis/redis_stream_directory.h"

#include <utility>

#include "dataplane/directory/redis/record_reader.h"

namespace srsproxy::redis {

RedisStreamDirectory::RedisStreamDirectory(const Clock& clock, size_t max_streams,
                                           ScriptRunner& scripts, const FleetFeed& feed,
                                           absl::Duration patience)
    : scripts_(scripts),
      feed_(feed),
      streams_(std::make_shared<FleetStreams>(clock, max_streams, scripts, feed, patience)),
      pins_(std::make_shared<FleetPins>(scripts)) {}

RedisStreamDirectory::~RedisStreamDirectory() { Stop(); }

StoreState RedisStreamDirectory::state() const {
  const StoreState state = feed_.state();
  if (state == StoreState::kNeverSynced || !streams_->is_alone()) return state;
  return StoreState::kGone;
}
std::optional<StreamMapping> RedisStreamDirectory::Find(const StreamKey& key) const {
  return streams_->table().Find(key);
}
std::optional<StreamMapping> RedisStreamDirectory::FindInOtherVhost(const StreamKey& key) const {
  return streams_->table().FindInOtherVhost(key);
}
StreamView::Page RedisStreamDirectory::List(std::string_view after, size_t limit) const {
  return streams_->table().List(after, limit);
}
size_t RedisStreamDirectory::size() const { return streams_->table().size(); }
size_t RedisStreamDirectory::in_use() const { return streams_->table().in_use(); }
StreamView::Counts RedisStreamDirectory::CountsOf(std::string_view origin_id) const {
  return streams_->table().CountsOf(origin_id);
}
std::optional<std::string> RedisStreamDirectory::PinnedServer(const StreamKey& key) const {
  return pins_->PinnedServer(key);
}
StreamView::PinPage RedisStreamDirectory::ListPins(std::string_view after, size_t limit) const {
  return pins_->List(after, limit);
}

void RedisStreamDirectory::Claim(ClaimRequest request, ClaimCallback done) {
  streams_->Claim(std::move(request), std::move(done));
}
void RedisStreamDirectory::Move(MoveRequest request, MoveCallback done) {
  streams_->Move(request, std::move(done));
}
void RedisStreamDirectory::Release(ReleaseRequest request, ReleaseCallback done) {
  streams_->Release(request, std::move(done));
}
void RedisStreamDirectory::Pin(StreamPin pin, PinCallback done) {
  pins_->Pin(std::move(pin), std::move(done));
}
void RedisStreamDirectory::Unpin(const StreamKey& key, PinCallback done) {
  pins_->Pin({key, ""}, std::move(done));
}
void RedisStreamDirectory::SetMaxStreams(size_t max_streams) {
  streams_->SetMaxStreams(max_streams);
}
void RedisStreamDirectory::Stop() {
  pins_->Stop();
  streams_->Stop();
}
Subscription RedisStreamDirectory::Subscribe(StreamObserver& observer) {
  return streams_->table().Subscribe(observer);
}

void RedisStreamDirectory::ReadAll(Link& bulk, ReadDone done) {
  streams_->table().BeginRefresh();
  pins_->BeginRead();
  const bool is_first = feed_.state() == StoreState::kNeverSynced;
  RecordSink sink{
      .record = [streams = streams_, is_first](
                    const StreamRecord& record) { streams->table().Refresh(record, is_first); },
      .pin = [pins = pins_](const StreamKey& key,
                            KeptPin pin) { pins->Read(key, std::move(pin)); }};
  auto finish = [streams = streams_, pins = pins_,
                 done = std::move(done)](const absl::StatusOr<std::string>& history) mutable {
    if (!history.ok()) return done(history.status());
    pins->FinishRead(*history);
    streams->FinishReading();
    done(absl::OkStatus());
  };
  ReadAllRecords(bulk, scripts_.identity().keys, scripts_.broken_keys(), std::move(sink),
                 std::move(finish));
}

void RedisStreamDirectory::OnEntry(const FeedEntry& entry) {
  const absl::Status taken = entry.kind == "pin" ? pins_->OnEntry(entry) : streams_->OnEntry(entry);
  if (taken.ok()) return;
  scripts_.broken_keys().Report(scripts_.identity().keys.Make(KeyKind::kXFeed), MessageOf(taken),
                                "see who else writes to this Redis");
}

void RedisStreamDirectory::OnUsable() {
  streams_->WriteAllUses();
  streams_->SetUsable(true);
}
void RedisStreamDirectory::OnLost() { streams_->SetUsable(false); }

void RedisStreamDirectory::SetUnusable(std::string why) {
  const std::lock_guard lock(unusable_mutex_);
  unusable_ = std::move(why);
}

std::string RedisStreamDirectory::unusable() const {
  const std::lock_guard lock(unusable_mutex_);
  return unusable_;
}

void RedisStreamDirectory::Recheck(const StreamKey& key) { streams_->Recheck(key); }
void RedisStreamDirectory::Tick() {
  streams_->WriteSomeUses();
  if (is_usable()) pins_->RestoreSome();
}
bool RedisStreamDirectory::is_usable() const { return streams_->is_usable(); }

std::string RedisStreamDirectory::WrittenIn() const {
  std::string history = feed_.position().history;
  return streams_->IsWritten() ? history : "";
}

bool RedisStreamDirectory::IsIdle() const { return streams_->IsIdle(); }

}  // namespace srsproxy::redis
