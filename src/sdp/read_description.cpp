// SPDX-License-Identifier: Apache-2.0
// readOffer() and readAnswer(): from lines to one checked audio stream.
#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/numbers.h"
#include "sdp/media_address.h"
#include "sdp/offer_answer.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

constexpr std::uint64_t kLongestPtime = 1'000;  // milliseconds

Error misbehaved(const char* code, std::string_view detail = {}) {
  return {ErrorKind::peerMisbehaved, code, std::string{detail.substr(0, 128)}};
}
Error denied(const char* code, std::string_view detail = {}) {
  return {ErrorKind::peerDenied, code, std::string{detail.substr(0, 256)}};
}

std::optional<Profile> profileOf(const MediaSection& section) {
  if (equalsIgnoringCase(section.protocol, "RTP/SAVP")) return Profile::savp;
  if (equalsIgnoringCase(section.protocol, "RTP/SAVPF")) return Profile::savpf;
  if (equalsIgnoringCase(section.protocol, "RTP/AVP")) return Profile::avp;
  return std::nullopt;
}

// Why a protocol is refused that is not the policy's.
Error refusedProtocol(std::string_view protocol, MediaProtection protection) {
  if (protection == MediaProtection::none) return denied("sdp.profile", protocol);
  if (equalsIgnoringCase(protocol, "RTP/AVP") || equalsIgnoringCase(protocol, "RTP/AVPF")) {
    return denied("sdp.plain_rtp", protocol);
  }
  if (startsWithIgnoringCase(protocol, "udp/tls/rtp/savp")) return denied("sdp.keying.dtls", protocol);
  return denied("sdp.profile", protocol);
}

bool isAudio(const MediaSection& section) { return equalsIgnoringCase(section.kind, "audio"); }

Result<std::optional<Direction>> directionIn(std::span<const Attribute> attributes) {
  constexpr std::array kAll{Direction::sendrecv, Direction::sendonly, Direction::recvonly, Direction::inactive};
  std::optional<Direction> said;
  for (const auto& attribute : attributes) {
    for (const auto direction : kAll) {
      if (attribute.name != toString(direction)) continue;
      if (said && *said != direction) return misbehaved("sdp.direction.conflict");
      said = direction;
    }
  }
  return said;
}

Result<Direction> directionOf(const Session& session, const MediaSection& section) {
  SP_ASSIGN(const auto own, directionIn(section.attributes));
  SP_ASSIGN(const auto common, directionIn(session.attributes()));
  return own.value_or(common.value_or(Direction::sendrecv));
}

// RFC 8866 6.4 allows a fraction, which no audio frame of ours has.
Result<std::optional<unsigned>> ptimeOf(const MediaSection& section) {
  const auto text = section.attribute("ptime");
  if (!text) return std::optional<unsigned>{};
  const auto value = parseUnsigned(text->substr(0, text->find('.')), 1, kLongestPtime);
  if (!value) return misbehaved("sdp.ptime", *text);
  return std::optional{static_cast<unsigned>(*value)};
}

MediaLayout layoutOf(const Session& session, std::size_t audio_index) {
  MediaLayout layout;
  layout.audio_index = audio_index;
  for (std::size_t i = 0; i < session.media().size(); ++i) {
    const auto& section = session.media()[i];
    if (i == audio_index) continue;
    layout.others.push_back(
        {std::string{section.kind}, std::string{section.protocol}, std::string{section.formats.front()}});
  }
  return layout;
}

// Everything that reads alike in offers and answers: all but formats and keys.
Result<AudioDescription> readStream(const Session& session, std::size_t audio_index, Profile profile,
                                    std::span<const IpNetwork> networks) {
  const auto& section = session.media()[audio_index];
  if (section.port_count != 1) return misbehaved("sdp.media.port_count", std::to_string(section.port_count));
  AudioDescription audio;
  SP_ASSIGN(const auto endpoints, readEndpoints(session, section, networks));
  SP_ASSIGN(audio.direction, directionOf(session, section));
  SP_ASSIGN(audio.ptime, ptimeOf(section));
  audio.session_id = session.id();
  audio.session_version = session.version();
  audio.rtp = endpoints.rtp;
  audio.rtcp = endpoints.rtcp;
  audio.rtcp_mux = offersRtcpMux(section) ? RtcpMux::muxed : RtcpMux::separate;
  audio.profile = profile;
  audio.layout = layoutOf(session, audio_index);
  if (audio.rtp.address.isUnspecified()) audio.direction = withoutReceiving(audio.direction);
  return audio;
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

Result<AudioDescription> readOfferedStream(const Session& session, std::size_t index, Profile profile,
                                           const MediaPolicy& policy) {
  const auto& section = session.media()[index];
  SP_ASSIGN(auto audio, readStream(session, index, profile, policy.media_networks));
  if (policy.protection == MediaProtection::srtp) {
    SP_ASSIGN(audio.crypto, chooseCrypto(section, policy));
  }
  SP_ASSIGN(const auto formats, formatsOf(section));
  audio.formats = commonFormats(formats, policy.codecs);
  if (audio.formats.empty()) return denied("sdp.codec.none");
  return audio;
}

// The same stream, the same codec: numbers alone do not make an answer one that was offered.
bool sameFormat(const CodecFormat& a, const CodecFormat& b) {
  return a.payload_type == b.payload_type && a.codec == b.codec && a.clock_rate == b.clock_rate &&
         a.channels == b.channels;
}

Result<std::vector<CodecFormat>> answeredFormats(const MediaSection& section, const LocalAudio& offer) {
  for (const auto text : section.formats) {
    const auto number = parseUnsigned(text, 0, 127);
    const bool offered = number && std::any_of(offer.formats.begin(), offer.formats.end(),
                                               [&](const auto& format) { return format.payload_type == *number; });
    if (!offered) return misbehaved("sdp.codec.not_offered", text);
  }
  SP_ASSIGN(const auto formats, formatsOf(section));
  std::vector<Codec> codecs;
  for (const auto& format : formats) {
    const bool offered = std::any_of(offer.formats.begin(), offer.formats.end(),
                                     [&](const auto& ours) { return sameFormat(ours, format); });
    if (!offered) return misbehaved("sdp.codec.not_offered", toString(format.codec));
    codecs.push_back(format.codec);
  }
  auto common = commonFormats(formats, codecs);
  if (common.empty()) return denied("sdp.codec.none");
  return common;
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

// RFC 3264 6: an answer has the offer's m-lines, and what was offered closed stays closed.
Status checkLayout(const Session& session, const LocalAudio& offer) {
  SP_CHECK(offer.layout.audio_index < offer.layout.size());
  const auto media = session.media();
  if (media.size() != offer.layout.size()) return misbehaved("sdp.answer.media_count", std::to_string(media.size()));
  std::size_t other = 0;
  for (std::size_t i = 0; i < media.size(); ++i) {
    if (i == offer.layout.audio_index) continue;
    if (!equalsIgnoringCase(media[i].kind, offer.layout.others[other++].kind)) {
      return misbehaved("sdp.answer.media_changed", media[i].kind);
    }
    if (media[i].port != 0) return misbehaved("sdp.answer.refused_media_opened", media[i].kind);
  }
  const auto& audio = media[offer.layout.audio_index];
  if (!isAudio(audio)) return misbehaved("sdp.answer.media_changed", audio.kind);
  if (audio.port == 0) return denied("sdp.answer.audio_refused");
  if (profileOf(audio) != offer.profile) return misbehaved("sdp.answer.media_changed", audio.protocol);
  return success();
}

}  // namespace

std::string_view toString(Profile profile) {
  switch (profile) {
    case Profile::savp: return "RTP/SAVP";
    case Profile::savpf: return "RTP/SAVPF";
    case Profile::avp: break;
  }
  return "RTP/AVP";
}

Result<AudioDescription> readOffer(const Session& session, const MediaPolicy& policy) {
  std::optional<Error> refusal;
  bool secured_refused = false;
  for (std::size_t i = 0; i < session.media().size(); ++i) {
    const auto& section = session.media()[i];
    if (!isAudio(section) || section.port == 0) continue;
    const auto profile = profileOf(section);
    if (!profile || protectionOf(*profile) != policy.protection) {
      if (!refusal) refusal = refusedProtocol(section.protocol, policy.protection);
      continue;
    }
    auto audio = readOfferedStream(session, i, *profile, policy);
    if (audio) return audio;
    // Another line may still be acceptable, unless this one is broken or asks for clear text.
    const bool unencrypted = std::string_view{audio.error().code} == "sdp.crypto.unencrypted";
    if (audio.error().kind != ErrorKind::peerDenied || unencrypted) return audio;
    if (!secured_refused) refusal = std::move(audio).error();
    secured_refused = true;
  }
  if (!refusal) return denied("sdp.no_audio");
  return std::move(*refusal);
}

Result<AudioDescription> readAnswer(const Session& session, const LocalAudio& offer, const MediaPolicy& policy) {
  SP_TRY(checkLayout(session, offer));
  const auto index = offer.layout.audio_index;
  const auto& section = session.media()[index];
  SP_ASSIGN(auto audio, readStream(session, index, offer.profile, policy.media_networks));
  if (protectionOf(offer.profile) == MediaProtection::srtp) {
    SP_ASSIGN(auto crypto, answeredCrypto(section, offer));
    audio.crypto.push_back(std::move(crypto));
  }
  SP_ASSIGN(audio.formats, answeredFormats(section, offer));
  if (audio.rtcp_mux == RtcpMux::muxed) {
    if (offer.rtcp_mux != RtcpMux::muxed) return misbehaved("sdp.rtcp_mux.not_offered");
    audio.rtcp = audio.rtp;
  }
  audio.direction = answerTo(offer.direction, audio.direction);
  return audio;
}

}  // namespace sallyport::sdp
