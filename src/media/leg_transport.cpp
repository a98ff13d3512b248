// SPDX-License-Identifier: Apache-2.0
#include "media/leg_transport.h"

#include <utility>

#include "core/check.h"
#include "media/rtp.h"

namespace sallyport::media {
namespace {

constexpr ice::LocalIndex kOnlySocket = 0;  // rtcp-mux: one port, one component
constexpr std::size_t kMostEarly = 4, kLongestEarly = 1'500;

// Checks may come from wherever SDP may point to (sdp::readAddress): what has proven the password is the peer, and a
// voice core on a private network is as good as any.
ice::AddressPolicy anywhere() { return {{*IpNetwork::parse("0.0.0.0/0"), *IpNetwork::parse("::/0")}}; }

}  // namespace

// --- where the peer is -------------------------------------------------------------------------------------------

void LegTransport::openIce(ice::Credentials ours, const Endpoint& host) {
  if (ice_) return ice_->restart(std::move(ours));
  ice::LiteConfig config;
  config.local = std::move(ours);
  const auto priority = ice::candidatePriority(ice::CandidateType::host, 65'535, ice::kRtp);
  config.candidates = {{ice::CandidateType::host, ice::kRtp, host, priority, "1"}};
  config.sources = anywhere();
  ice_.emplace(std::move(config));
}

void LegTransport::expectIce(std::string remote_ufrag, TimePoint now) {
  SP_CHECK(ice_.has_value());
  ice_->expect(std::move(remote_ufrag));
  path_due_ = ice_->nextChange(now);
}

void LegTransport::closeIce() {
  ice_.reset();
  path_due_.reset();
}

void LegTransport::onVerified(const Endpoint& source, TimePoint at) {
  if (ice_) ice_->onVerified(kOnlySocket, source, at);
}

std::optional<Endpoint> LegTransport::path(TimePoint now) const {
  if (!ice_) return std::nullopt;
  const auto pair = ice_->selected(ice::kRtp, now);
  return pair ? std::optional{pair->remote()} : std::nullopt;
}

// --- DTLS --------------------------------------------------------------------------------------------------------

Status LegTransport::await(crypto::DtlsSessionSettings server) {
  SP_CHECK(!association_ && server.role == crypto::DtlsRole::server);
  SP_ASSIGN(association_, DtlsAssociation::create(std::move(server)));
  awaiting_ = true;
  return success();
}

Status LegTransport::associate(Association agreed, TimePoint now) {
  const bool awaited = std::exchange(awaiting_, false) && agreed.settings.role == crypto::DtlsRole::server;
  if (!awaited) {
    SP_ASSIGN(auto fresh, DtlsAssociation::create(std::move(agreed.settings)));
    if (association_ && association_->keys() != nullptr) former_ = std::move(association_);
    association_ = std::move(fresh);
    proven_ = false;
  }
  ++counters_.associations;
  SP_TRY(association_->announce(std::move(agreed.announced)));
  hearEarly(now);
  begin(now);
  return success();
}

const DtlsSrtpKeys* LegTransport::keys() const {
  if (association_ && association_->keys() != nullptr) return association_->keys();
  return former_ ? former_->keys() : nullptr;
}

bool LegTransport::isHandshaking() const {
  if (!association_ || awaiting_) return false;
  const auto state = association_->state();
  return state == DtlsState::idle || state == DtlsState::handshaking;
}

const std::optional<Error>& LegTransport::failure() const {
  static const std::optional<Error> kNone;
  return association_ && !awaiting_ ? association_->error() : kNone;
}

bool LegTransport::isOver() const {
  return association_ && (association_->state() == DtlsState::failed || association_->state() == DtlsState::closed);
}

std::optional<crypto::CertificateFingerprint> LegTransport::provenFingerprint() const {
  if (association_ && association_->keys() != nullptr) return association_->shownFingerprint();
  return former_ ? former_->shownFingerprint() : std::nullopt;
}

// A client speaks as soon as it knows where to.
void LegTransport::begin(TimePoint now) {
  if (!association_ || awaiting_) return;
  if (association_->state() == DtlsState::idle && dtlsPeer(now)) association_->start(now);
  flush(now);
}

// The pair that ICE has chosen; before that, and where the two differ for a moment, whoever spoke last and may.
std::optional<Endpoint> LegTransport::dtlsPeer(TimePoint now) const {
  if (!ice_) return hasAddress() ? std::optional{address_} : std::nullopt;
  if (auto chosen = path(now)) return chosen;
  if (dtls_source_ && ice_->validated(kOnlySocket, *dtls_source_, now)) return dtls_source_;
  return std::nullopt;
}

void LegTransport::flush(TimePoint now) {
  if (!association_) return;
  auto flight = association_->takeOutgoing();
  const auto to = dtlsPeer(now);
  if (to) {
    for (auto& datagram : flight) outgoing_.push_back({*to, std::move(datagram)});
  }
  if (association_->keys() == nullptr || std::exchange(proven_, true)) return;
  former_.reset();
  ++generation_;
}

// --- datagrams and time ------------------------------------------------------------------------------------------

LegTransport::Heard LegTransport::onDatagram(const Endpoint& source, Bytes datagram, TimePoint now) {
  switch (classify(datagram)) {
    case DatagramKind::stun: return onStun(source, datagram, now);
    case DatagramKind::dtls: return onDtls(source, datagram, now);
    case DatagramKind::zrtp:
    case DatagramKind::turnChannel:
    case DatagramKind::rtp:
    case DatagramKind::rtcp:
    case DatagramKind::unknown: break;
  }
  return Heard::dropped;
}

LegTransport::Heard LegTransport::onStun(const Endpoint& source, Bytes datagram, TimePoint now) {
  if (!ice_) return Heard::dropped;
  auto reply = ice_->onStun(kOnlySocket, source, datagram, now);
  if (!reply.answer.empty()) outgoing_.push_back({source, std::move(reply.answer)});
  path_due_ = ice_->nextChange(now);
  begin(now);
  const bool authentic = reply.outcome == ice::StunOutcome::answered || reply.outcome == ice::StunOutcome::refused;
  return authentic ? Heard::taken : Heard::dropped;
}

LegTransport::Heard LegTransport::onDtls(const Endpoint& source, Bytes datagram, TimePoint now) {
  const bool known = isPeer(source, now);
  if (!association_ || !known) {
    if (known) return Heard::dropped;
    ++counters_.foreign_dtls;
    foreign_dtls_from_ = source;
    if (awaiting_ && !hasAddress()) keepEarly(source, datagram);
    return Heard::dropped;
  }
  dtls_source_ = source;
  const auto wasted = association_->counters().wasted();
  association_->onDatagram(datagram, now);
  const bool useful = association_->counters().wasted() == wasted;
  if (useful && ice_) {
    ice_->onUsed(kOnlySocket, source);
    path_due_ = ice_->nextChange(now);
  }
  flush(now);
  return useful ? Heard::taken : Heard::dropped;
}

bool LegTransport::isPeer(const Endpoint& source, TimePoint now) const {
  return ice_ ? ice_->validated(kOnlySocket, source, now).has_value() : source == address_;
}

// The oldest goes for the newest: who floods this costs the peer a repetition, and us nothing.
void LegTransport::keepEarly(const Endpoint& source, Bytes datagram) {
  if (datagram.size() > kLongestEarly) return;
  if (early_.size() == kMostEarly) early_.erase(early_.begin());
  early_.push_back({source, {datagram.begin(), datagram.end()}});
}

void LegTransport::hearEarly(TimePoint now) {
  for (const auto& [source, datagram] : std::exchange(early_, {})) {
    if (isPeer(source, now)) (void)onDtls(source, datagram, now);
  }
}

void LegTransport::advance(TimePoint now) {
  if (path_due_ && *path_due_ <= now) path_due_ = ice_->nextChange(now);
  if (!association_) return;
  if (const auto due = association_->deadline(); due && *due <= now) association_->onTime(now);
  begin(now);
  flush(now);
}

std::optional<TimePoint> LegTransport::deadline() const {
  const auto dtls = association_ ? association_->deadline() : std::nullopt;
  if (!dtls || !path_due_) return dtls ? dtls : path_due_;
  return std::min(*dtls, *path_due_);
}

}  // namespace sallyport::media
