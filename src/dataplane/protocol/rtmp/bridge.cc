#include "dataplane/protocol/rtmp/bridge.h"

#include <utility>

namespace srsproxy::rtmp {

Bridge::Bridge(const VhostPolicy& vhosts, HandshakeSeed seed, Listener& listener)
    : vhosts_(vhosts),
      listener_(listener),
      client_setup_(std::make_unique<ClientSetup>(vhosts, seed)) {}

Bridge::~Bridge() = default;

// ---- Input

void Bridge::FromClient(std::span<uint8_t> in, Output out) {
  Begin();
  switch (state_) {
    case BridgeState::kHandshake:
    case BridgeState::kAwaitingRequest:
      ReadClientSetup(in, out);
      break;
    case BridgeState::kSelecting:
    case BridgeState::kAwaitingOrigin:
      replay_.Append(in);
      break;
    case BridgeState::kRelaying:
    case BridgeState::kIdle:
      ForwardToOrigin(in, out);
      break;
    case BridgeState::kEnded:
      break;
  }
  Flush(out);
}

void Bridge::FromOrigin(std::span<uint8_t> in, Output out) {
  Begin();
  if (state_ == BridgeState::kAwaitingOrigin) ReadOriginSetup(in, out);
  // After a redirect, that origin has no more to send.
  if (relaying_ != nullptr) ForwardToClient(in, out);
  Flush(out);
}

size_t Bridge::ClientReadCapacity() const {
  switch (state_) {
    case BridgeState::kHandshake:
    case BridgeState::kAwaitingRequest:
      return client_setup_->free();
    case BridgeState::kSelecting:
    case BridgeState::kAwaitingOrigin:
      return replay_.free();
    case BridgeState::kRelaying:
    case BridgeState::kIdle:
      return SIZE_MAX;
    case BridgeState::kEnded:
      break;
  }
  return 0;
}

void Bridge::ReadClientSetup(std::span<const uint8_t> in, Output out) {
  std::vector<KeptMessage> answers;
  client_setup_->Read(in, out.to_client, answers);
  for (KeptMessage& message : answers) forwarder_.QueueForClient(std::move(message));
  if (client_setup_->handshake_done() && state_ == BridgeState::kHandshake) {
    client_.hops = client_setup_->connection().hops;
    SetState(BridgeState::kAwaitingRequest);
  }
  const absl::Status status = client_setup_->status();
  if (client_setup_->named()) OnNamed();
  if (!status.ok()) End(status);
}

// Leaves in `in` what belongs to the next phase.
void Bridge::ReadOriginSetup(std::span<uint8_t>& in, Output out) {
  const auto read = origin_setup_->Read(in, out);
  if (!read.ok()) return End(read.status());
  in = in.subspan(*read);
  OnOriginsVerdict(out);
}

void Bridge::ForwardToOrigin(std::span<uint8_t> in, Output out) {
  while (!in.empty() && state_ != BridgeState::kEnded) {
    const auto read = forwarder_.ForwardToOrigin(in, out);
    if (relaying_->TakeIdle()) SetState(BridgeState::kIdle);
    if (const absl::Status failure = relaying_->status(); !failure.ok()) {
      End(failure);
    } else if (auto request = relaying_->TakeRequest(); request.has_value()) {
      OnNextRequest(*std::move(request));
    }
    if (!read.ok()) {
      if (state_ != BridgeState::kEnded) relaying_->SendClientFault(read.status());
      return End(read.status());
    }
    in = in.subspan(*read);
    Flush(out);
    if (state_ == BridgeState::kSelecting) {  // What follows waits for the next verdict.
      replay_.Append(in);
      return;
    }
  }
}

void Bridge::ForwardToClient(std::span<uint8_t> in, Output out) {
  while (!in.empty() && state_ != BridgeState::kEnded) {
    const auto read = forwarder_.ForwardToClient(in, out);
    if (!read.ok()) return End(read.status());
    in = in.subspan(*read);
    Flush(out);
  }
}

// ---- From one phase to the next

void Bridge::OnNamed() {
  client_ = client_setup_->TakeConnection();
  request_ = client_setup_->TakeRequest();
  replay_ = client_setup_->TakeReplay();
  client_setup_.reset();
  SetState(BridgeState::kSelecting);
}

void Bridge::OnNextRequest(StreamRequest request) {
  request_ = std::move(request);
  SetState(BridgeState::kSelecting);
}

void Bridge::Connected(HandshakeSeed seed, std::optional<std::array<uint8_t, 4>> real_ip,
                       Output out) {
  Begin();
  SetState(BridgeState::kAwaitingOrigin);
  redirect_.clear();
  media_seen_ = media_seen();
  relaying_.reset();
  origin_setup_ =
      std::make_unique<OriginSetup>(OriginSetup::Wanted{client_, request_, replay_}, forwarder_);
  origin_setup_->Connect(seed, real_ip, out);
}

void Bridge::Continue(Output out) {
  Begin();
  SetState(BridgeState::kAwaitingOrigin);
  media_seen_ = media_seen();
  OriginConnection connection = relaying_->TakeConnection();
  relaying_.reset();
  origin_setup_ =
      std::make_unique<OriginSetup>(OriginSetup::Wanted{client_, request_, replay_}, forwarder_);
  const absl::Status status = origin_setup_->Continue(std::move(connection), out);
  if (!status.ok()) End(status);
}

void Bridge::OnOriginsVerdict(Output out) {
  if (const absl::Status refusal = origin_setup_->outcome().status(); !refusal.ok())
    return End(refusal);
  switch (origin_setup_->outcome().kind()) {
    case OriginSetup::Outcome::kPending:
    case OriginSetup::Outcome::kRefused:
      break;
    case OriginSetup::Outcome::kUnreachable:
      origin_setup_.reset();
      SetState(BridgeState::kSelecting);
      break;
    case OriginSetup::Outcome::kAccepted:
      StartRelaying(out);
      break;
    case OriginSetup::Outcome::kRedirected:
      redirect_ = origin_setup_->outcome().redirect();
      origin_setup_.reset();
      SetState(BridgeState::kSelecting);
      break;
  }
}

void Bridge::StartRelaying(Output out) {
  SetState(BridgeState::kRelaying);
  Flush(out);
  const size_t replayed = origin_setup_->replayed();
  media_seen_ = media_seen_ || origin_setup_->media_seen();
  relaying_ = std::make_unique<Relaying>(client_, vhosts_, request_,
                                         origin_setup_->TakeConnection(), media_seen_, forwarder_);
  origin_setup_.reset();
  request_.message.payload = {};
  request_.encoder_calls = {};
  sent_replay_ = replay_.TakeBytes();
  ForwardToOrigin(std::span(sent_replay_).subspan(replayed), out);
}

// ---- The end

void Bridge::Refuse(absl::Status why, Output out) {
  forwarder_.QueueForClient(
      ErrorStatus(request_.message.header, RefusalCode(request_.role, why.code()), MessageOf(why)));
  End(std::move(why));
  Flush(out);
}

void Bridge::OriginClosed(absl::Status why, Output out) {
  if (state_ == BridgeState::kAwaitingOrigin) {
    if (origin_handshaking()) {
      origin_setup_.reset();
      return SetState(BridgeState::kSelecting);
    }
    if (why.ok()) {
      // SRS refuses by closing.
      why = OriginFailure(absl::StatusCode::kPermissionDenied,
                          "the origin closed the connection without an answer");
    }
    return Refuse(std::move(why), out);
  }
  if (state_ != BridgeState::kSelecting) End(std::move(why));
}

void Bridge::Flush(Output out) {
  const absl::Status status = forwarder_.Flush(out);
  if (!status.ok()) End(status);
}

void Bridge::SetState(BridgeState state) {
  const BridgeState before = std::exchange(state_, state);
  if (before != state) listener_.OnBridgeState(before, state);
}

void Bridge::End(absl::Status why) {
  if (state_ == BridgeState::kEnded) return;
  status_ = std::move(why);
  SetState(BridgeState::kEnded);
}

}  // namespace srsproxy::rtmp
