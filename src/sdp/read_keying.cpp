// SPDX-License-Identifier: Apache-2.0
#include "sdp/read_keying.h"

#include <algorithm>

#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

Error misbehaved(const char* code, std::string_view detail = {}) {
  return {ErrorKind::peerMisbehaved, code, std::string{detail.substr(0, 128)}};
}
Error denied(const char* code, std::string_view detail = {}) {
  return {ErrorKind::peerDenied, code, std::string{detail.substr(0, 256)}};
}

bool keyedByDtlsAlone(Profile profile) { return profile == Profile::dtlsSavp || profile == Profile::dtlsSavpf; }

bool has(const Session& session, const MediaSection& section, std::string_view attribute) {
  return section.attribute(attribute) || session.attribute(attribute);
}

// Whether the line is keyed so. A fingerprint on RTP/SAVP is older than RFC 5764 and still about, alone or beside
// a=crypto; a line with neither is one of SDES whose keys are missing.
bool offers(const Session& session, const MediaSection& section, Keying keying) {
  const bool dtls_alone = keyedByDtlsAlone(*profileOf(section));
  const bool fingerprint = has(session, section, "fingerprint");
  if (keying == Keying::dtls) return dtls_alone || fingerprint;
  return !dtls_alone && (section.attribute("crypto").has_value() || !fingerprint);
}

std::string explain(const CryptoLines& lines) {
  if (lines.usable.empty() && lines.skipped.empty()) return "no a=crypto line";
  std::string text;
  for (const auto& offer : lines.usable) {
    text.append(std::to_string(offer.tag)).append(": ").append(offer.spelling).append(" is not allowed; ");
  }
  for (const auto& skipped : lines.skipped) {
    text.append(std::to_string(skipped.tag)).append(": ").append(skipped.reason).append("; ");
  }
  return text.substr(0, text.size() - 2);
}

// The acceptable lines, the policy's favourite first.
Result<std::vector<CryptoOffer>> chooseCrypto(const MediaSection& section, const MediaPolicy& policy) {
  SP_ASSIGN(auto lines, cryptoLinesOf(section));
  std::vector<CryptoOffer> chosen;
  for (const auto suite : policy.suites) {
    for (const auto& offer : lines.usable) {
      if (offer.suite == suite) chosen.push_back(offer.clone());
    }
  }
  if (chosen.empty()) return denied("sdp.crypto.none", explain(lines));
  return chosen;
}

// RFC 4568 5.1.2, 5.1.3: exactly one line, with a tag and suite of the offer.
Result<CryptoOffer> answeredCrypto(const MediaSection& section, const LocalAudio& offer) {
  SP_ASSIGN(auto lines, cryptoLinesOf(section));
  const auto count = lines.usable.size() + lines.skipped.size();
  if (count == 0) return denied("sdp.crypto.none", explain(lines));
  if (count > 1) return misbehaved("sdp.crypto.ambiguous", std::to_string(count) + " a=crypto lines");
  if (lines.usable.empty()) return misbehaved("sdp.crypto.not_offered", explain(lines));
  auto& answered = lines.usable.front();
  const auto ours = std::find_if(offer.crypto.begin(), offer.crypto.end(), [&](const CryptoOffer& line) {
    return line.tag == answered.tag && line.suite == answered.suite;
  });
  if (ours == offer.crypto.end()) {
    return misbehaved("sdp.crypto.not_offered", std::to_string(answered.tag) + " " + std::string{answered.spelling});
  }
  // A mirror of the offer: both directions under one key would be one keystream for two streams.
  const bool reflected = std::any_of(offer.crypto.begin(), offer.crypto.end(), [&](const CryptoOffer& line) {
    return line.key_and_salt == answered.key_and_salt;
  });
  if (reflected) return misbehaved("sdp.crypto.key_reflected", std::to_string(answered.tag));
  return std::move(answered);
}

// Both need one port for everything: one association has one path (RFC 5764 4), and RTCP has no candidates of its own.
Status needMux(const AudioDescription& audio) {
  if (audio.rtcp_mux == RtcpMux::muxed) return success();
  return denied("sdp.rtcp_mux.required");
}

Status readOfferedKeys(const Session& session, const MediaSection& section, Keying keying, const MediaPolicy& policy,
                       AudioDescription& audio) {
  if (keying == Keying::sdes) {
    SP_ASSIGN(audio.crypto, chooseCrypto(section, policy));
    return success();
  }
  SP_TRY(needMux(audio));
  SP_ASSIGN(audio.dtls, dtlsOffered(session, section));
  return success();
}

// RFC 8445 2.5: two lite agents would both wait for checks.
Status readIce(const Session& session, const MediaSection& section, const MediaPolicy& policy,
               AudioDescription& audio) {
  if (policy.ice == IceUse::never) return success();
  SP_ASSIGN(auto ice, iceOf(session, section));
  const bool both_lite = ice && ice->mode == IceMode::lite && policy.ice_mode == IceMode::lite;
  if (ice && !both_lite && audio.rtcp_mux == RtcpMux::muxed) {
    audio.ice = std::move(ice);
    return success();
  }
  if (policy.ice == IceUse::accept) return success();
  if (!ice) return denied("sdp.ice.missing");
  if (both_lite) return denied("sdp.ice.lite");
  return needMux(audio);
}

}  // namespace

std::string_view toString(Profile profile) {
  switch (profile) {
    case Profile::savp: return "RTP/SAVP";
    case Profile::savpf: return "RTP/SAVPF";
    case Profile::dtlsSavp: return toString(DtlsProfile::savp);
    case Profile::dtlsSavpf: return toString(DtlsProfile::savpf);
    case Profile::avp: break;
  }
  return "RTP/AVP";
}

std::string_view toString(Keying keying) { return keying == Keying::sdes ? "SDES" : "DTLS-SRTP"; }

std::optional<Keying> AudioDescription::keying() const {
  if (dtls) return Keying::dtls;
  return crypto.empty() ? std::nullopt : std::optional{Keying::sdes};
}

std::optional<Profile> profileOf(const MediaSection& section) {
  for (const auto profile : {Profile::savp, Profile::savpf, Profile::avp, Profile::dtlsSavp, Profile::dtlsSavpf}) {
    if (equalsIgnoringCase(section.protocol, toString(profile))) return profile;
  }
  return std::nullopt;
}

std::optional<Error> refusalOf(const Session& session, const MediaSection& section, const MediaPolicy& policy) {
  const auto profile = profileOf(section);
  const bool plain = profile == Profile::avp || equalsIgnoringCase(section.protocol, "RTP/AVPF");
  if (policy.protection == MediaProtection::srtp && plain) return denied("sdp.plain_rtp", section.protocol);
  if (!profile || isKeyed(*profile) != isKeyed(policy.protection)) return denied("sdp.profile", section.protocol);
  const bool known =
      !isKeyed(policy.protection) || std::any_of(policy.keyings.begin(), policy.keyings.end(),
                                                 [&](Keying keying) { return offers(session, section, keying); });
  if (known) return std::nullopt;
  return denied(offers(session, section, Keying::dtls) ? "sdp.keying.dtls" : "sdp.keying.sdes", section.protocol);
}

Status readOfferedKeying(const Session& session, const MediaSection& section, const MediaPolicy& policy,
                         AudioDescription& audio) {
  if (policy.zrtp == ZrtpUse::relayed) {
    SP_ASSIGN(audio.zrtp_hash, zrtpHashOf(section));
  }
  if (!isKeyed(policy.protection)) return success();
  Status keyed = denied("sdp.crypto.none");
  bool tried = false;
  for (const auto keying : policy.keyings) {
    if (!offers(session, section, keying)) continue;
    auto read = readOfferedKeys(session, section, keying, policy, audio);
    if (read || read.error().kind != ErrorKind::peerDenied || !tried) keyed = std::move(read);
    if (keyed || keyed.error().kind != ErrorKind::peerDenied) break;
    tried = true;  // what the policy likes better is refused for its own reason, should nothing else do
  }
  SP_TRY(std::move(keyed));
  return readIce(session, section, policy, audio);
}

Status readAnsweredKeying(const Session& session, const MediaSection& section, const LocalAudio& offer,
                          const MediaPolicy& policy, AudioDescription& audio) {
  if (policy.zrtp == ZrtpUse::relayed) {
    SP_ASSIGN(audio.zrtp_hash, zrtpHashOf(section));
  }
  if (offer.dtls) {
    SP_TRY(needMux(audio));
    SP_ASSIGN(audio.dtls, dtlsAnswered(session, section, *offer.dtls));
  } else if (isKeyed(offer.profile)) {
    SP_ASSIGN(auto crypto, answeredCrypto(section, offer));
    audio.crypto.push_back(std::move(crypto));
  }
  return offer.ice ? readIce(session, section, policy, audio) : success();
}

}  // namespace sallyport::sdp
