// SPDX-License-Identifier: Apache-2.0
// Offer and answer on each side. The relay and the record: media_session_relay.cpp.
#include "call/media_session.h"

#include <algorithm>

#include "call/codec_choice.h"
#include "crypto/random.h"

namespace sallyport::call {
namespace {

constexpr std::uint64_t kSessionIdMask = (std::uint64_t{1} << 62) - 1;  // fits every peer's signed 64 bits

sdp::CryptoOffer freshCrypto(unsigned tag, crypto::SrtpSuite suite) {
  const auto facts = crypto::factsOf(suite);
  sdp::CryptoOffer offer;
  offer.tag = tag;
  offer.suite = suite;
  offer.key_and_salt = crypto::randomSecret(facts.master_key_bytes + facts.master_salt_bytes);
  offer.spelling = facts.name;
  return offer;
}

bool knowsKey(const std::vector<sdp::CryptoOffer>& lines, const sdp::CryptoOffer& like) {
  return std::any_of(lines.begin(), lines.end(), [&](const sdp::CryptoOffer& line) {
    return line.suite == like.suite && line.key_and_salt == like.key_and_salt;
  });
}

// How a side is offered media for the first time.
std::optional<sdp::Keying> firstKeying(const sdp::MediaPolicy& policy) {
  return sdp::isKeyed(policy.protection) ? std::optional{policy.keyings.front()} : std::nullopt;
}
sdp::Profile firstProfile(std::optional<sdp::Keying> keying) {
  if (!keying) return sdp::Profile::avp;
  return *keying == sdp::Keying::dtls ? sdp::Profile::dtlsSavp : sdp::Profile::savp;
}

// a=setup is decided anew in each description and says nothing new while the association is the same.
bool sayTheSameOfTransport(const sdp::LocalAudio& a, const sdp::LocalAudio& b) {
  if (a.dtls.has_value() != b.dtls.has_value() || a.ice.has_value() != b.ice.has_value()) return false;
  if (a.dtls && (a.dtls->fingerprints != b.dtls->fingerprints || a.dtls->tls_id != b.dtls->tls_id)) return false;
  return !a.ice || a.ice->credentials.ufrag == b.ice->credentials.ufrag;
}

bool sayTheSame(const sdp::LocalAudio& a, const sdp::LocalAudio& b) {
  const bool same_crypto =
      a.crypto.size() == b.crypto.size() &&
      std::equal(a.crypto.begin(), a.crypto.end(), b.crypto.begin(), [](const auto& x, const auto& y) {
        return x.tag == y.tag && x.suite == y.suite && x.key_and_salt == y.key_and_salt;
      });
  return same_crypto && sayTheSameOfTransport(a, b) && a.rtp == b.rtp && a.rtcp_port == b.rtcp_port &&
         a.rtcp_mux == b.rtcp_mux && a.direction == b.direction && a.formats == b.formats && a.ptime == b.ptime &&
         a.zrtp_hash == b.zrtp_hash;
}

// Who agrees keys with the other end needs one that does so too.
Status checkEnds(const sdp::MediaPolicy& a, const sdp::MediaPolicy& b) {
  const auto alone = sdp::MediaProtection::endToEnd;
  if ((a.protection == alone) == (b.protection == alone)) return success();
  return Error{ErrorKind::peerDenied, "sdp.zrtp.one_sided", "one peer is to agree keys by ZRTP, the other is not"};
}

}  // namespace

MediaSession::MediaSession(MediaPortFactory& ports, Oversight oversight)
    : oversight_(oversight),
      factory_(ports),
      relay_(std::make_unique<media::Relay>()),
      ports_(ports.portsFor(*relay_, *this)),
      stream_seed_(crypto::randomNumber()) {}

MediaSession::~MediaSession() = default;

// --- branches -------------------------------------------------------------------------------------------------

Result<MediaSession::Branch> MediaSession::open(media::Side which, const PeerPolicy& peer, const MediaPlace& place,
                                                WallTime wall) {
  SP_CHECK(ports_ != nullptr);
  SP_ASSIGN(const auto ports, ports_->open(which, place.family));
  auto& side = *branches_.emplace_back(std::make_unique<SideState>());
  side.branch = next_branch_++;
  side.side = which;
  side.ports = ports;
  side.pinhole = ports_->pinhole(ports);
  if (const auto& told = place.announced.of(side.pinhole.advertised.family())) side.pinhole.advertised = *told;
  side.policy = peer.media;
  side.dtmf = peer.dtmf;
  side.transcode = peer.transcode;
  side.ptime = peer.ptime;
  side.session_id = crypto::randomNumber() & kSessionIdMask;
  side.opened = wall_ = wall;
  if (sides_[indexOf(which)] == nullptr) sides_[indexOf(which)] = &side;
  return side.branch;
}

MediaSession::SideState& MediaSession::of(Branch branch) {
  const auto found =
      std::find_if(branches_.begin(), branches_.end(), [&](const auto& each) { return each->branch == branch; });
  SP_CHECK(found != branches_.end());
  return **found;
}

void MediaSession::choose(Branch branch) {
  auto& side = of(branch);
  sides_[indexOf(side.side)] = &side;
}

void MediaSession::offerFirst(Branch branch, sdp::Keying keying) {
  auto& keyings = of(branch).policy.keyings;
  std::stable_partition(keyings.begin(), keyings.end(), [&](sdp::Keying each) { return each == keying; });
}

void MediaSession::drop(Branch branch, WallTime wall) {
  auto& side = of(branch);
  SP_CHECK(sides_[indexOf(side.side)] != &side);
  side.closed = wall;
  if (ports_) ports_->close(side.ports);
  auto& past = past_[indexOf(side.side)];
  for (auto& pinhole : pinholesOf(side)) past.push_back(std::move(pinhole));
  std::erase_if(branches_, [&](const auto& each) { return each.get() == &side; });
}

MediaSession::Thread MediaSession::threadOf(media::Side which) const {
  const auto& side = at(which);
  const auto keying = firstKeying(side.policy);
  Thread thread{side.session_id, side.next_version, {}, {}, firstProfile(keying), keying};
  if (!side.local) return thread;
  thread.formats = side.local->formats;
  thread.layout = side.local->layout;
  thread.profile = side.local->profile;
  thread.keying = side.remote->keying();
  return thread;
}

void MediaSession::resume(Branch branch, Thread thread) {
  auto& side = of(branch);
  side.session_id = thread.session_id;
  side.next_version = thread.next_version;
  side.thread = std::make_unique<Thread>(std::move(thread));
}

Status MediaSession::readOffer(media::Side from, std::string_view text) { return readOffer(at(from), text); }

Status MediaSession::readJoiningOffer(Branch branch, std::string_view text) { return readOffer(of(branch), text); }

Status MediaSession::readOffer(SideState& side, std::string_view text) {
  SP_ASSIGN(const auto session, sdp::Session::parse(text));
  SP_ASSIGN(auto offer, sdp::readOffer(session, side.policy));
  side.offered = std::make_shared<const sdp::AudioDescription>(std::move(offer));
  return success();
}

sdp::LocalAudio MediaSession::describeLocal(const SideState& side, std::vector<sdp::CodecFormat> formats,
                                            sdp::Direction direction) const {
  const auto& pinhole = side.pinhole;
  sdp::LocalAudio local;
  local.session_id = side.session_id;
  local.rtp = Endpoint{pinhole.advertised, pinhole.rtp.port};
  local.rtcp_port = pinhole.rtcp.port;
  local.rtcp_mux = sdp::RtcpMux::muxed;
  local.direction = direction;
  local.formats = std::move(formats);
  return local;
}

void MediaSession::version(SideState& side, sdp::LocalAudio& local) {
  if (side.local && sayTheSame(*side.local, local)) {
    local.session_version = side.local->session_version;
  } else {
    local.session_version = side.next_version++;
  }
}

Result<std::string> MediaSession::propose(SideState& side, sdp::LocalAudio local) {
  auto keying = firstKeying(side.policy);
  if (side.local) {
    // A running session keeps its key unless somebody wants another: the SRTP context goes on.
    for (const auto& line : side.local->crypto) local.crypto.push_back(line.clone());
    local.dtls = side.local->dtls;
    if (side.local->ice) local.ice = side.local->ice->clone();
    if (local.dtls) local.dtls->setup = sdp::Setup::actpass;  // RFC 8842 5.2
    local.profile = side.local->profile;
    local.layout = side.local->layout;
    local.rtcp_mux = side.local->rtcp_mux;
  } else {
    local.profile = firstProfile(keying);
    if (side.thread) {
      keying = side.thread->keying;
      local.profile = side.thread->profile;
      local.layout = side.thread->layout;
    }
    if (keying == sdp::Keying::sdes) {
      unsigned tag = 1;
      for (const auto suite : side.policy.suites) local.crypto.push_back(freshCrypto(tag++, suite));
    }
    if (keying == sdp::Keying::dtls) {
      SP_ASSIGN(local.dtls, ourDtls(side, sdp::Setup::actpass));
    }
    SP_TRY(offerTransport(side, local));
  }
  version(side, local);
  auto text = sdp::renderOffer(local);
  side.proposed = std::make_unique<sdp::LocalAudio>(std::move(local));
  return text;
}

// Voice that its two ends protect is theirs alone.
bool MediaSession::isHidden(const SideState& side) {
  return side.policy.protection == sdp::MediaProtection::endToEnd || side.policy.zrtp == sdp::ZrtpUse::relayed;
}

Transcoding MediaSession::transcodingBetween(const SideState& a, const SideState& b) {
  for (const auto* side : {&a, &b}) {
    if (isHidden(*side) || side->transcode == config::Transcode::refuse) return Transcoding::refused;
  }
  return Transcoding::allowed;
}

bool MediaSession::mayTranscode() const {
  return permit_ || factory_.transcoding().isFree(oversight_.transcoded_calls);
}

Status MediaSession::takePermit() {
  if (permit_) return success();
  SP_ASSIGN(permit_, factory_.transcoding().take(oversight_.transcoded_calls));
  return success();
}

// What the two sides share and, as far as there is room for it, what is transcoded for them. Where they share nothing
// the room is taken before anybody is asked.
template <typename Choose>
Result<std::vector<sdp::CodecFormat>> MediaSession::chooseFormats(Transcoding allowed, Choose choose) {
  auto shared = choose(Transcoding::refused);
  if (allowed == Transcoding::refused) return shared;
  const bool alone = voiceOf(shared) == nullptr;
  if (!alone && !mayTranscode()) return shared;
  auto formats = choose(Transcoding::allowed);
  if (alone && voiceOf(formats) != nullptr) SP_TRY(takePermit());
  return formats;
}

Result<std::string> MediaSession::offerFrom(const sdp::AudioDescription& source, SideState& to,
                                            sdp::Direction direction) {
  const auto& from = at(media::opposite(to.side));
  SP_TRY(checkEnds(from.policy, to.policy));
  SP_ASSIGN(auto formats, chooseFormats(transcodingBetween(from, to), [&](Transcoding transcoding) {
              return formatsToOffer(source.formats, to.policy, transcoding);
            }));
  if (voiceOf(formats) == nullptr)
    return Error{ErrorKind::peerDenied, "sdp.codec.none", "the two peers' policies share no codec of the offer"};
  if (to.local) {
    formats = renumbered(std::move(formats), to.local->formats);
  } else if (to.thread) {
    formats = renumbered(std::move(formats), to.thread->formats);
  }
  auto local = describeLocal(to, std::move(formats), direction);
  local.ptime = ptimeFrom(from, source.ptime);
  if (to.policy.zrtp == sdp::ZrtpUse::relayed) local.zrtp_hash = source.zrtp_hash;
  return propose(to, std::move(local));
}

std::optional<unsigned> MediaSession::ptimeFrom(const SideState& far, std::optional<unsigned> said) {
  return far.ptime ? far.ptime : said;
}

Result<std::string> MediaSession::offerTo(media::Side to) {
  const auto& near = at(media::opposite(to));
  // After a late offer the callee has answered already: what it agreed is what we offer.
  const auto source = near.offered ? near.offered : near.remote;
  SP_CHECK(source != nullptr);
  return offerFrom(*source, at(to), source->direction);
}

Result<std::string> MediaSession::joiningOffer(Branch branch) {
  auto& side = of(branch);
  const auto& near = at(media::opposite(side.side));
  SP_CHECK(near.remote != nullptr);
  return offerFrom(*near.remote, side, sdp::Direction::sendrecv);
}

Status MediaSession::readJoiningAnswer(Branch branch, std::string_view text, TimePoint now, WallTime wall) {
  return readAnswer(of(branch), text, now, wall);
}

Result<std::string> MediaSession::offerTo(media::Side to, Branch joining) {
  const auto& party = of(joining);
  const auto source = party.remote ? party.remote : party.offered;
  SP_CHECK(source != nullptr);
  return offerFrom(*source, at(to), source->direction);
}

Result<std::string> MediaSession::openingOffer(media::Side to) {
  SP_TRY(checkEnds(at(media::opposite(to)).policy, at(to).policy));
  const auto& other = at(media::opposite(to));
  SP_ASSIGN(auto formats, chooseFormats(transcodingBetween(other, at(to)), [&](Transcoding transcoding) {
              return formatsToOpenWith(at(to).policy, other.policy, transcoding);
            }));
  if (voiceOf(formats) == nullptr)
    return Error{ErrorKind::peerDenied, "sdp.codec.none", "the two peers' policies share no codec"};
  return propose(at(to), describeLocal(at(to), std::move(formats), sdp::Direction::sendrecv));
}

std::string MediaSession::currentOffer(media::Side to) {
  auto& side = at(to);
  SP_CHECK(side.local.has_value());
  side.proposed = std::make_unique<sdp::LocalAudio>(side.local->clone());
  if (side.proposed->dtls) side.proposed->dtls->setup = sdp::Setup::actpass;
  return sdp::renderOffer(*side.proposed);
}

Status MediaSession::readAnswer(media::Side from, std::string_view text, TimePoint now, WallTime wall) {
  return readAnswer(at(from), text, now, wall);
}

Status MediaSession::readAnswer(SideState& side, std::string_view text, TimePoint now, WallTime wall) {
  if (!side.proposed) return Error{ErrorKind::peerMisbehaved, "sdp.answer.unexpected", "nothing was offered"};
  SP_ASSIGN(const auto session, sdp::Session::parse(text));
  SP_ASSIGN(auto answer, sdp::readAnswer(session, *side.proposed, side.policy));

  auto local = side.proposed->clone();
  std::erase_if(local.crypto, [&](const sdp::CryptoOffer& line) { return line.tag != answer.crypto.front().tag; });
  if (answer.dtls) local.dtls->setup = sdp::answerSetup(answer.dtls->setup, {});  // what their choice leaves us
  if (!answer.ice) local.ice.reset();
  local.rtcp_mux = answer.rtcp_mux;
  local.direction = sdp::reverse(answer.direction);
  local.layout = answer.layout;
  const auto remote = std::make_shared<const sdp::AudioDescription>(std::move(answer));
  SP_TRY(agree(side, std::move(local), remote, now, wall));
  side.offered = remote;  // the latest that it has said
  return success();
}

sdp::CryptoOffer MediaSession::answeringKey(const SideState& side, const sdp::CryptoOffer& chosen) {
  // A peer that comes with another key may be another box: it must not find our stream in the middle.
  const bool keep = side.local && !side.local->crypto.empty() && side.local->crypto.front().suite == chosen.suite &&
                    knowsKey(side.remote->crypto, chosen);
  const auto facts = crypto::factsOf(chosen.suite);
  auto key = keep ? side.local->crypto.front().key_and_salt.clone()
                  : crypto::randomSecret(facts.master_key_bytes + facts.master_salt_bytes);
  return sdp::answerCrypto(chosen, std::move(key));
}

Result<std::string> MediaSession::answerTo(media::Side to, TimePoint now, WallTime wall) {
  auto& side = at(to);
  const auto& far = at(media::opposite(to));
  SP_CHECK(side.offered != nullptr && far.remote != nullptr);
  const auto& offer = *side.offered;

  // Events for a side whose counterpart signals its keys are ours to make.
  const auto events = far.dtmf == config::DtmfMode::info ? Events::ours : Events::passedOn;
  const auto others = formatsHeard(*far.local, *far.remote);
  SP_ASSIGN(auto formats, chooseFormats(transcodingBetween(far, side), [&](Transcoding transcoding) {
              return formatsToAnswer(offer.formats, others, events, transcoding);
            }));
  if (voiceOf(formats) == nullptr)
    return Error{ErrorKind::peerDenied, "sdp.codec.none", "no offered codec is the one in use"};
  // Their view of the far side's willingness is the far side's own direction.
  auto local = describeLocal(side, std::move(formats), sdp::answerTo(offer.direction, far.remote->direction));
  local.rtcp_mux = offer.rtcp_mux;
  local.profile = offer.profile;
  local.ptime = ptimeFrom(far, offer.ptime);
  local.layout = offer.layout;
  if (side.policy.zrtp == sdp::ZrtpUse::relayed) local.zrtp_hash = far.remote->zrtp_hash;

  if (!offer.crypto.empty()) local.crypto.push_back(answeringKey(side, offer.crypto.front()));
  if (offer.dtls) {
    SP_ASSIGN(local.dtls, answerDtls(side, *offer.dtls));
  }
  if (offer.ice) local.ice = answerIce(side, *offer.ice);
  version(side, local);

  auto text = sdp::renderAnswer(local, offer);
  SP_TRY(agree(side, std::move(local), side.offered, now, wall));
  return text;
}

Result<std::string> MediaSession::answerLocally(media::Side from, std::string_view text, TimePoint now, WallTime wall) {
  SP_TRY(readOffer(from, text));
  Result<std::string> answer{Error{ErrorKind::peerDenied, "sdp.offer.not_local", "the other side would have to agree"}};
  if (isAgreed() && offerIsLocal(from)) answer = answerTo(from, now, wall);
  if (!answer) withdrawOffer(from);
  return answer;
}

void MediaSession::withdrawOffer(media::Side from) { at(from).offered = at(from).remote; }

bool MediaSession::offerIsLocal(media::Side from) const {
  const auto& side = at(from);
  if (!side.offered || !side.remote) return false;
  if (side.offered->direction != side.remote->direction) return false;
  if (side.offered->zrtp_hash != side.remote->zrtp_hash) return false;
  const auto heard = formatsHeard(*side.local, *side.remote);
  const auto* voice = voiceOf(heard);
  return voice != nullptr && findLike(side.offered->formats, *voice) != nullptr;
}

}  // namespace sallyport::call
