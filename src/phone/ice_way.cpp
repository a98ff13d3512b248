// SPDX-License-Identifier: Apache-2.0
#include "phone/ice_way.h"

#include <algorithm>
#include <iterator>

#include "crypto/random.h"

namespace sallyport::phone {
namespace {

using media::ice::Candidate;
using media::ice::CandidateType;
using media::ice::kRtp;

constexpr media::ice::LocalIndex kOnlySocket = 0;
constexpr std::uint16_t kOnlyAddress = 65'535;  // RFC 8445 5.1.2.1

// A phone's peers are on its own network as often as not, and what is there must prove the password like everybody.
media::ice::AddressPolicy anywhere() { return {{*IpNetwork::parse("0.0.0.0/0"), *IpNetwork::parse("::/0")}}; }

sdp::IceCandidate hostCandidate(const Endpoint& endpoint) {
  return {.foundation = "1",
          .component = kRtp,
          .priority = media::ice::candidatePriority(CandidateType::host, kOnlyAddress, kRtp),
          .endpoint = endpoint,
          .type = sdp::CandidateType::host,
          .related = {}};
}

sdp::IceCandidate reflexiveCandidate(const Endpoint& endpoint, const Endpoint& base) {
  return {.foundation = "2",
          .component = kRtp,
          .priority = media::ice::candidatePriority(CandidateType::serverReflexive, kOnlyAddress, kRtp),
          .endpoint = endpoint,
          .type = sdp::CandidateType::serverReflexive,
          .related = base};
}

sdp::IceDescription describe(const IceWay::Settings& settings) {
  auto [ufrag, password] = media::ice::Credentials::fresh();
  sdp::IceDescription ours;
  ours.credentials = {std::move(ufrag), std::move(password)};
  ours.gathering = sdp::Gathering::ended;
  ours.candidates.push_back(hostCandidate(settings.host));
  return ours;
}

media::ice::AgentConfig configOf(const IceWay::Settings& settings, const sdp::IceDescription& ours) {
  media::ice::AgentConfig config;
  config.role = settings.role;
  config.local = {ours.credentials.ufrag, ours.credentials.password.clone()};
  config.tie_breaker = crypto::randomNumber();
  config.remotes = anywhere();
  config.timing = settings.timing;
  return config;
}

CandidateType typeOf(sdp::CandidateType type) {
  switch (type) {
    case sdp::CandidateType::serverReflexive: return CandidateType::serverReflexive;
    case sdp::CandidateType::peerReflexive: return CandidateType::peerReflexive;
    case sdp::CandidateType::relayed: return CandidateType::relayed;
    case sdp::CandidateType::host: break;
  }
  return CandidateType::host;
}

}  // namespace

IceWay::IceWay(const Settings& settings, TimePoint now)
    : description_(describe(settings)),
      in_force_(description_.credentials.ufrag),
      agent_(configOf(settings, description_)) {
  const auto priority = media::ice::candidatePriority(CandidateType::host, kOnlyAddress, kRtp);
  (void)agent_.addLocal({CandidateType::host, kRtp, settings.host, priority, "1"});  // the first always fits
  if (settings.stun_server)
    query_.emplace(media::ice::ReflexiveQuery::Settings{*settings.stun_server, settings.host, anywhere()}, now);
}

Status IceWay::agree(const IcePlan& plan, TimePoint now) {
  if (in_force_ != plan.ours.ufrag) agent_.restart({plan.ours.ufrag, plan.ours.password.clone()});
  in_force_ = plan.ours.ufrag;
  const auto mode =
      plan.theirs.mode == sdp::IceMode::lite ? media::ice::RemoteMode::lite : media::ice::RemoteMode::full;
  const auto& theirs = plan.theirs.credentials;
  SP_TRY(agent_.setRemote({theirs.ufrag, theirs.password.clone()}, mode, now));
  for (const auto& candidate : plan.theirs.candidates) {
    if (candidate.component != kRtp) continue;
    (void)agent_.addRemote({typeOf(candidate.type), kRtp, candidate.endpoint, candidate.priority, candidate.foundation},
                           now);
  }
  note(now);
  return success();
}

media::ice::StunOutcome IceWay::onStun(const Endpoint& source, Bytes datagram, TimePoint now) {
  if (query_ && query_->onStun(source, datagram, now)) {
    noteReflexive();
    return media::ice::StunOutcome::taken;
  }
  const auto outcome = agent_.onStun(kOnlySocket, source, datagram, now);
  note(now);
  return outcome;
}

// It is told to the peer and needs no socket of its own: what is sent from there is sent from its base (RFC 8445
// 6.1.2.4).
void IceWay::noteReflexive() {
  if (reflexive_ || !query_->found()) return;
  reflexive_ = query_->found();
  const auto base = description_.candidates.front().endpoint;
  description_.candidates.push_back(reflexiveCandidate(*reflexive_, base));
}

void IceWay::note(TimePoint now) {
  const auto pair = agent_.selected(kRtp, now);
  if (!pair) return;
  query_.reset();
  facts_ = IceFacts{agent_.role(), pair->remote(), reflexive_};
}

void IceWay::advance(TimePoint now) {
  agent_.advance(now);
  if (query_) query_->advance(now);
}

std::optional<TimePoint> IceWay::deadline() const {
  const auto due = agent_.deadline(), asked = query_ ? query_->deadline() : std::nullopt;
  if (!due || !asked) return due ? due : asked;
  return std::min(*due, *asked);
}

std::vector<media::ice::Transmission> IceWay::takeTransmissions() {
  auto all = agent_.takeTransmissions();
  if (!query_) return all;
  auto asked = query_->takeTransmissions();
  std::move(asked.begin(), asked.end(), std::back_inserter(all));
  return all;
}

std::optional<Endpoint> IceWay::destination(TimePoint now) const {
  const auto pair = agent_.selected(kRtp, now);
  return pair ? std::optional{pair->remote()} : std::nullopt;
}

bool IceWay::mayBeHeard(const Endpoint& source, TimePoint now) const {
  return agent_.validated(kOnlySocket, source, now).has_value();
}

std::optional<Error> IceWay::failure(TimePoint now) const {
  switch (agent_.state(now)) {
    case media::ice::IceAgent::State::failed:
      return Error{ErrorKind::unavailable, "phone.ice.failed", "no pair of candidates works"};
    case media::ice::IceAgent::State::disconnected:
      return Error{ErrorKind::unavailable, "phone.ice.consent_lost", "the other end has not answered for 30 s"};
    default: return std::nullopt;
  }
}

}  // namespace sallyport::phone
