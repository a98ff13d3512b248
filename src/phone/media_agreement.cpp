// SPDX-License-Identifier: Apache-2.0
#include "phone/media_agreement.h"

#include <algorithm>

#include "core/check.h"
#include "crypto/random.h"

namespace sallyport::phone {
namespace {

constexpr std::uint64_t kSessionIdMask = (std::uint64_t{1} << 62) - 1;  // fits every peer's signed 64 bits

Secret freshKey(crypto::SrtpSuite suite) {
  const auto facts = crypto::factsOf(suite);
  return crypto::randomSecret(facts.master_key_bytes + facts.master_salt_bytes);
}

media::SrtpKeying keyingOf(const sdp::CryptoOffer& line) {
  return {line.suite, line.key_and_salt.clone(), line.lifetime};
}

sdp::IceCredentials clone(const sdp::IceCredentials& credentials) {
  return {credentials.ufrag, credentials.password.clone()};
}

const sdp::CodecFormat& voiceOf(const std::vector<sdp::CodecFormat>& formats) {
  return *std::find_if(formats.begin(), formats.end(),
                       [](const auto& format) { return sdp::carriesVoice(format.codec); });
}

// One voice codec for the whole call, and telephone events at its rate.
std::vector<sdp::CodecFormat> settledOn(const std::vector<sdp::CodecFormat>& formats) {
  const sdp::Codec codecs[] = {voiceOf(formats).codec, sdp::Codec::telephoneEvent};
  return sdp::commonFormats(formats, codecs);
}

}  // namespace

MediaAgreement::MediaAgreement(sdp::MediaPolicy policy, LocalMedia local)
    : policy_(std::move(policy)), own_(std::move(local)), session_id_(crypto::randomNumber() & kSessionIdMask) {}

sdp::LocalAudio MediaAgreement::base() const {
  sdp::LocalAudio local;
  local.session_id = session_id_;
  local.rtp = own_.rtp;
  local.rtcp_port = own_.rtcp_port;
  local.rtcp_mux = sdp::RtcpMux::muxed;
  local.direction = willing_;
  local.ptime = 20;
  local.zrtp_hash = own_.hello_hash;
  return local;
}

// The version rises exactly when the description says something new (RFC 3264 8).
std::string MediaAgreement::render(sdp::LocalAudio& local, const sdp::AudioDescription* offer) {
  const auto text = [&] { return offer == nullptr ? sdp::renderOffer(local) : sdp::renderAnswer(local, *offer); };
  local.session_version = version_;
  if (const auto same = text(); same == last_rendered_) return same;
  if (!last_rendered_.empty()) local.session_version = ++version_;
  return last_rendered_ = text();
}

std::string MediaAgreement::offer() {
  auto local = base();
  if (local_) {
    offerAgain(local);
  } else {
    offerFresh(local);
  }
  auto text = render(local, nullptr);
  proposed_ = std::move(local);
  return text;
}

void MediaAgreement::offerFresh(sdp::LocalAudio& local) {
  local.formats = sdp::defaultFormats(policy_.codecs);
  local.profile = sdp::Profile::avp;
  if (!sdp::isKeyed(policy_.protection)) return;
  if (own_.ice) local.ice = own_.ice->clone();
  if (policy_.keyings.front() == sdp::Keying::dtls) {
    local.profile = sdp::Profile::dtlsSavp;
    local.dtls = ourDtls(sdp::Setup::actpass);
    return;
  }
  local.profile = sdp::Profile::savp;
  for (const auto suite : policy_.suites) {
    sdp::CryptoOffer line;
    line.tag = static_cast<unsigned>(local.crypto.size()) + 1;
    line.suite = suite;
    line.key_and_salt = freshKey(suite);
    line.spelling = crypto::factsOf(suite).name;
    local.crypto.push_back(std::move(line));
  }
}

// Keys and association go on.
void MediaAgreement::offerAgain(sdp::LocalAudio& local) const {
  local.formats = local_->formats;
  local.profile = local_->profile;
  local.layout = local_->layout;
  local.rtcp_mux = local_->rtcp_mux;
  for (const auto& line : local_->crypto) local.crypto.push_back(line.clone());
  local.dtls = local_->dtls;
  if (local.dtls) local.dtls->setup = sdp::Setup::actpass;  // RFC 8842 5.2
  if (local_->ice) local.ice = own_.ice->clone();
}

Result<MediaPlanPtr> MediaAgreement::accept(std::string_view answer) {
  if (!proposed_) return Error{ErrorKind::peerMisbehaved, "phone.sdp.unexpected_answer", "an answer to no offer"};
  SP_ASSIGN(const auto session, sdp::Session::parse(answer));
  SP_ASSIGN(const auto remote, sdp::readAnswer(session, *proposed_, policy_));
  auto local = proposed_->clone();
  if (!remote.ice) local.ice.reset();
  if (local.dtls) {
    local.dtls->setup = sdp::answerSetup(remote.dtls->setup, {});  // what their choice leaves us
  } else if (!local.crypto.empty()) {
    std::erase_if(local.crypto, [&](const auto& line) { return line.tag != remote.crypto.front().tag; });
  }
  local.formats = settledOn(remote.formats);
  local.rtcp_mux = remote.rtcp_mux;
  local.direction = sdp::reverse(remote.direction);
  settle(std::move(local), remote);  // the proposal stays: after an early answer comes the final one
  return plan(*local_, remote);
}

Result<MediaAgreement::Answer> MediaAgreement::answer(std::string_view text) {
  SP_ASSIGN(const auto session, sdp::Session::parse(text));
  SP_ASSIGN(const auto offer, sdp::readOffer(session, policy_));
  auto local = base();
  if (!offer.crypto.empty()) local.crypto.push_back(answeringKey(offer.crypto.front()));
  if (offer.dtls) local.dtls = answeringDtls(*offer.dtls);
  if (offer.ice && own_.ice) local.ice = answeringIce(*offer.ice);
  local.formats = settledOn(offer.formats);
  local.profile = offer.profile;
  local.layout = offer.layout;
  local.rtcp_mux = offer.rtcp_mux;
  local.direction = sdp::answerTo(offer.direction, willing_);
  auto said = render(local, &offer);
  settle(std::move(local), offer);
  proposed_.reset();
  return Answer{std::move(said), plan(*local_, offer)};
}

sdp::CryptoOffer MediaAgreement::answeringKey(const sdp::CryptoOffer& chosen) const {
  const bool same_suite = local_ && !local_->crypto.empty() && local_->crypto.front().suite == chosen.suite;
  return sdp::answerCrypto(chosen, same_suite ? local_->crypto.front().key_and_salt.clone() : freshKey(chosen.suite));
}

sdp::DtlsDescription MediaAgreement::ourDtls(sdp::Setup setup) {
  SP_CHECK(own_.fingerprint.has_value());
  if (tls_id_.empty()) tls_id_ = sdp::newTlsId();
  return {{*own_.fingerprint}, setup, tls_id_};
}

sdp::DtlsDescription MediaAgreement::answeringDtls(const sdp::DtlsDescription& offer) {
  const auto role = sdp::standingRole(association_, offer);
  if (association_ && !role) tls_id_.clear();  // another association, another name
  auto ours = ourDtls(sdp::answerSetup(offer.setup, role));
  if (offer.tls_id.empty()) ours.tls_id.clear();  // said only where it was asked for (RFC 8842 5.3)
  return ours;
}

// Other credentials of theirs are a restart, and ours follow (RFC 8445 9).
sdp::IceDescription MediaAgreement::answeringIce(const sdp::IceDescription& offer) {
  const auto& theirs = offer.credentials;
  if (peer_session_ && (peer_session_->ufrag != theirs.ufrag || !(peer_session_->password == theirs.password))) {
    auto [ufrag, password] = media::ice::Credentials::fresh();
    own_.ice->credentials = {std::move(ufrag), std::move(password)};
  }
  return own_.ice->clone();
}

void MediaAgreement::settle(sdp::LocalAudio local, const sdp::AudioDescription& remote) {
  association_.reset();
  if (local.dtls) {
    association_.emplace(sdp::DtlsAgreement{sdp::roleOf(local.dtls->setup), *local.dtls, *remote.dtls, {}});
    if (!local.ice) association_->their_address = remote.rtp;
  }
  peer_session_.reset();
  if (local.ice) peer_session_ = clone(remote.ice->credentials);
  local_ = std::move(local);
}

MediaPlanPtr MediaAgreement::plan(const sdp::LocalAudio& local, const sdp::AudioDescription& remote) const {
  auto plan = std::make_shared<MediaPlan>();
  plan->remote_rtp = remote.rtp;
  plan->remote_rtcp = remote.rtcp;
  plan->mux = local.rtcp_mux;
  plan->direction = local.direction;
  const auto formats = settledOn(remote.formats);
  plan->voice = voiceOf(formats);
  for (const auto& format : formats) {
    if (format.codec == sdp::Codec::telephoneEvent) plan->events = {format.payload_type, format.clock_rate};
  }
  plan->receive = local.formats;
  plan->keying = remote.keying();
  plan->dtls = association_;
  if (local.ice) plan->ice = IcePlan{clone(local.ice->credentials), remote.ice->clone()};
  plan->peer_hello_hash = remote.zrtp_hash;
  if (plan->keying != sdp::Keying::sdes) return plan;
  plan->send_key = keyingOf(local.crypto.front());
  plan->receive_key = keyingOf(remote.crypto.front());
  return plan;
}

}  // namespace sallyport::phone
