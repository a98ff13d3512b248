// SPDX-License-Identifier: Apache-2.0
// DTLS and ICE of a branch: what is said of them, what was agreed (RFC 5763, RFC 8842, RFC 8839), and what came of it.
#include <algorithm>

#include "call/media_session.h"
#include "core/check.h"
#include "core/special_purpose.h"

namespace sallyport::call {
namespace {

media::ice::Credentials credentialsOf(const sdp::IceDescription& ours) {
  return {ours.credentials.ufrag, ours.credentials.password.clone()};
}

bool sameSession(const sdp::IceDescription& a, const sdp::IceDescription& b) {
  return a.credentials.ufrag == b.credentials.ufrag && a.credentials.password == b.credentials.password;
}

}  // namespace

// --- what we say -------------------------------------------------------------------------------------------------

media::LegTransport& MediaSession::transportOf(SideState& side) {
  if (!side.transport) side.transport = std::make_unique<media::LegTransport>();
  return *side.transport;
}

// One certificate per branch, so that a day's end changes nothing in a running call.
Result<sdp::DtlsDescription> MediaSession::ourDtls(SideState& side, sdp::Setup setup) {
  if (!side.certificate) {
    SP_ASSIGN(side.certificate, factory_.certificate(wall_));
  }
  if (side.tls_id.empty()) side.tls_id = sdp::newTlsId();
  return sdp::DtlsDescription{{side.certificate->fingerprint()}, setup, side.tls_id};
}

sdp::IceDescription MediaSession::freshIce(const SideState& side) {
  auto [ufrag, password] = media::ice::Credentials::fresh();
  sdp::IceDescription ice;
  ice.credentials = {std::move(ufrag), std::move(password)};
  ice.mode = sdp::IceMode::lite;
  ice.trickle = sdp::Trickle::yes;  // of theirs; all of ours is here
  ice.gathering = sdp::Gathering::ended;
  const auto type = media::ice::CandidateType::host;
  ice.candidates = {{.foundation = "1",
                     .component = media::ice::kRtp,
                     .priority = media::ice::candidatePriority(type, 65'535, media::ice::kRtp),
                     .endpoint = hostOf(side),
                     .type = sdp::CandidateType::host,
                     .related = {}}};
  return ice;
}

crypto::DtlsSessionSettings MediaSession::settingsOf(const SideState& side, crypto::DtlsRole role) {
  crypto::DtlsSessionSettings settings;
  settings.certificate = side.certificate;
  settings.role = role;
  settings.suites.clear();
  for (const auto suite : side.policy.suites) {
    const auto& known = crypto::kDtlsSrtpSuites;
    if (std::find(known.begin(), known.end(), suite) != known.end()) settings.suites.push_back(suite);
  }
  return settings;
}

Status MediaSession::offerTransport(SideState& side, sdp::LocalAudio& local) {
  const bool ice = side.policy.protection == sdp::MediaProtection::srtp && side.policy.ice != sdp::IceUse::never;
  if (!local.dtls && !ice) return success();
  const bool first = side.transport == nullptr;
  auto& transport = transportOf(side);
  if (ice) {
    if (!side.ice) side.ice = std::make_unique<sdp::IceDescription>(freshIce(side));
    local.ice = side.ice->clone();
    if (local.layout.mid.empty()) {
      local.layout.mid = std::string{"0"};
      local.layout.bundled = true;
    }
    if (side.ice_in_force != side.ice->credentials.ufrag) transport.openIce(credentialsOf(*side.ice), hostOf(side));
    side.ice_in_force = side.ice->credentials.ufrag;
  }
  return local.dtls && first ? transport.await(settingsOf(side, crypto::DtlsRole::server)) : success();
}

Result<sdp::DtlsDescription> MediaSession::answerDtls(SideState& side, const sdp::DtlsDescription& offer) {
  const auto current = sdp::standingRole(side.association, offer);
  if (side.association && !current) side.tls_id.clear();  // another association, another name
  SP_ASSIGN(auto ours, ourDtls(side, sdp::answerSetup(offer.setup, current)));
  if (offer.tls_id.empty()) ours.tls_id.clear();  // said only where it was asked for (RFC 8842 5.3)
  return ours;
}

// Other credentials of theirs are a restart, and ours follow (RFC 8445 9).
sdp::IceDescription MediaSession::answerIce(SideState& side, const sdp::IceDescription& offer) {
  const bool restart = side.remote && side.remote->ice && !sameSession(*side.remote->ice, offer);
  if (!side.ice || restart) side.ice = std::make_unique<sdp::IceDescription>(freshIce(side));
  return side.ice->clone();
}

// --- what was agreed ---------------------------------------------------------------------------------------------

Status MediaSession::agreeTransport(SideState& side, TimePoint now) {
  const auto& local = *side.local;
  const auto& remote = *side.remote;
  if (!local.dtls && !local.ice) {
    side.transport.reset();
    side.association.reset();
    side.generation = 0;
    side.ice_in_force.clear();
    return success();
  }
  auto& transport = transportOf(side);
  transport.setAddress(remote.rtp);
  if (local.ice) {
    const auto& ufrag = local.ice->credentials.ufrag;
    if (side.ice_in_force != ufrag) transport.openIce(credentialsOf(*local.ice), hostOf(side));
    side.ice_in_force = ufrag;
    transport.expectIce(remote.ice->credentials.ufrag, now);
  } else {
    transport.closeIce();
    side.ice_in_force.clear();
  }
  if (local.dtls) {
    sdp::DtlsAgreement agreed{sdp::roleOf(local.dtls->setup), *local.dtls, *remote.dtls, {}};
    if (!local.ice) agreed.their_address = remote.rtp;
    const bool another = !side.association || transport.isOver() ||
                         sdp::associationChange(*side.association, agreed) != sdp::AssociationChange::none;
    if (another) {
      side.associated = now;
      SP_TRY(transport.associate({settingsOf(side, agreed.role), agreed.theirs.fingerprints}, now));
    }
    side.association = std::move(agreed);
  }
  follow(side, now);
  return success();
}

void MediaSession::applyTransport(const SideState& side, media::SideConfig& config, TimePoint now) {
  if (!side.transport) return;
  if (side.transport->usesIce()) {
    config.way = media::Way::ice;
    config.ice_path = side.transport->path(now);
  }
  if (!side.local->dtls) return;
  const auto* keys = side.transport->keys();
  config.keys = keys != nullptr ? media::KeyState::agreed : media::KeyState::awaited;
  if (keys == nullptr) return;
  config.send = keys->send().clone();
  config.receive = keys->receive().clone();
}

// --- what comes of it --------------------------------------------------------------------------------------------

PathEvents::Heard MediaSession::onPathDatagram(MediaPorts::Pair pair, const Endpoint& source, Bytes datagram,
                                               TimePoint now) {
  const auto found =
      std::find_if(branches_.begin(), branches_.end(), [&](const auto& branch) { return branch->ports == pair; });
  if (found == branches_.end()) return Heard::dropped;
  auto& side = **found;
  const bool taken =
      side.transport && side.transport->onDatagram(source, datagram, now) == media::LegTransport::Heard::taken;
  if (!taken) {
    if (isChosen(side)) relay_->countDrop(side.side, media::DropReason::notMedia, source);
    return Heard::dropped;
  }
  follow(side, now);
  if (oversight_.watcher != nullptr) oversight_.watcher->onMediaMoved();
  return Heard::taken;
}

// Says what the transport has to say, and the relay hears of keys and path.
void MediaSession::follow(SideState& side, TimePoint now) {
  auto& transport = *side.transport;
  for (const auto& [to, datagram] : transport.takeOutgoing()) {
    if (ports_) ports_->send(side.ports, to, datagram);
  }
  if (!isChosen(side) || !isAgreed()) return;
  if (transport.usesIce()) {
    const auto path = transport.path(now);
    if (path) side.path = path;
    relay_->follow(side.side, path);
  }
  if (transport.generation() == std::exchange(side.generation, transport.generation())) return;
  if (auto applied = applyToRelay(now); !applied) side.refused = std::move(applied).error();
}

// By when the side must have keys: nothing where it has them, or is not to talk yet.
std::optional<TimePoint> MediaSession::keysDue(const SideState& side) const {
  if (!expected_since_ || !side.association) return std::nullopt;
  if (side.refused || side.transport->failure()) return expected_since_;
  if (!side.transport->isHandshaking()) return std::nullopt;
  return std::max(*expected_since_, side.associated) + oversight_.handshake_timeout;
}

// Most who never come through are behind a NAT and do without ICE.
Error MediaSession::notInTime(const SideState& side) {
  const auto said = side.remote->rtp.toString();
  if (const auto from = side.transport->dtlsElsewhere()) {
    return {ErrorKind::unavailable, "media.dtls_elsewhere",
            "DTLS comes from " + from->toString() + ", but SDP says " + said +
                ": behind a NAT it needs ICE, or to know its address"};
  }
  std::string detail = "DTLS is not through in time";
  const auto purpose = specialPurposeOf(side.remote->rtp.address);
  const bool inside = purpose == SpecialPurpose::privateUse || purpose == SpecialPurpose::sharedSpace;
  if (inside && !side.transport->usesIce())
    detail += ": SDP says " + said + ", which is behind a NAT if not in our own network";
  return {ErrorKind::unavailable, "media.handshake_timeout", detail};
}

std::optional<MediaSession::Keyed> MediaSession::keyedBy(const SideState& side) {
  const auto keying = side.remote->keying();
  if (!keying || side.policy.protection != sdp::MediaProtection::srtp) return std::nullopt;
  Keyed keyed{side.side, std::string{sdp::toString(*keying)}, {}, {}};
  if (!side.local->dtls) {
    keyed.suite = side.local->crypto.front().suite;
    return keyed;
  }
  const auto* keys = side.transport->keys();
  if (keys == nullptr) return std::nullopt;
  keyed.suite = keys->send().suite;
  if (const auto shown = side.transport->provenFingerprint()) keyed.fingerprint = shown->text();
  return keyed;
}

void MediaSession::describeTransport(const SideState& side, telemetry::LegRecord& leg) {
  leg.found_by = side.local->ice ? "ICE" : "SDP";
  leg.path = side.local->ice && side.path ? side.path->toString() : std::string{};
  leg.dtls_fingerprint.clear();
  leg.dtls_verified = false;
  if (!side.remote->dtls) return;
  leg.dtls_fingerprint = side.remote->dtls->fingerprints.front().text();
  const auto shown = side.transport ? side.transport->provenFingerprint() : std::nullopt;
  leg.dtls_verified = shown.has_value();
  if (shown) leg.dtls_fingerprint = shown->text();
}

std::optional<MediaSession::Failure> MediaSession::failure(TimePoint now) const {
  for (const auto* side : sides_) {
    if (!ports_ || side == nullptr) continue;
    const auto due = keysDue(*side);
    if (!due || now < *due) continue;
    if (side->refused) return Failure{side->side, *side->refused};
    if (const auto& failed = side->transport->failure()) return Failure{side->side, *failed};
    return Failure{side->side, notInTime(*side)};
  }
  return std::nullopt;
}

}  // namespace sallyport::call
