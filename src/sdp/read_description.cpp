// SPDX-License-Identifier: Apache-2.0
// readOffer() and readAnswer(): from lines to one checked audio stream.
#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/numbers.h"
#include "sdp/media_address.h"
#include "sdp/read_keying.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

constexpr std::uint64_t kLongestPtime = 1'000;  // milliseconds
constexpr std::size_t kLongestMid = 64;

Error misbehaved(const char* code, std::string_view detail = {}) {
  return {ErrorKind::peerMisbehaved, code, std::string{detail.substr(0, 128)}};
}
Error denied(const char* code, std::string_view detail = {}) {
  return {ErrorKind::peerDenied, code, std::string{detail.substr(0, 256)}};
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
Result<std::optional<unsigned>> packetTimeOf(const MediaSection& section, std::string_view attribute) {
  const auto text = section.attribute(attribute);
  if (!text) return std::optional<unsigned>{};
  const auto value = parseUnsigned(text->substr(0, text->find('.')), 1, kLongestPtime);
  if (!value) return misbehaved("sdp.ptime", *text);
  return std::optional{static_cast<unsigned>(*value)};
}

bool isMid(std::string_view text) { return text.size() <= kLongestMid && isToken(text); }

// RFC 5888 4: empty where there is none, nothing where it is broken.
std::optional<std::string> midOf(const MediaSection& section) {
  const auto mid = section.attribute("mid");
  if (!mid) return std::string{};
  return isMid(trim(*mid)) ? std::optional{std::string{trim(*mid)}} : std::nullopt;
}

// RFC 9143 7: "a=group:BUNDLE" and the mids of those that share a transport.
bool isBundled(const Session& session, std::string_view mid) {
  if (mid.empty()) return false;
  return std::any_of(session.attributes().begin(), session.attributes().end(), [&](const Attribute& attribute) {
    if (attribute.name != "group") return false;
    const auto names = words(attribute.value, ParseLimits{}.max_media + 1);
    return names && !names->empty() && names->front() == "BUNDLE" &&
           std::find(names->begin() + 1, names->end(), mid) != names->end();
  });
}

Result<MediaLayout> layoutOf(const Session& session, std::size_t audio_index) {
  MediaLayout layout;
  layout.audio_index = audio_index;
  auto mid = midOf(session.media()[audio_index]);
  if (!mid) return misbehaved("sdp.mid");
  layout.mid = *std::move(mid);
  layout.bundled = isBundled(session, layout.mid);
  for (std::size_t i = 0; i < session.media().size(); ++i) {
    const auto& section = session.media()[i];
    if (i == audio_index) continue;
    layout.others.push_back({std::string{section.kind}, std::string{section.protocol},
                             std::string{section.formats.front()}, midOf(section).value_or(std::string{})});
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
  SP_ASSIGN(audio.ptime, packetTimeOf(section, "ptime"));
  SP_ASSIGN(audio.maxptime, packetTimeOf(section, "maxptime"));
  audio.session_id = session.id();
  audio.session_version = session.version();
  audio.rtp = endpoints.rtp;
  audio.rtcp = endpoints.rtcp;
  audio.rtcp_mux = offersRtcpMux(section) ? RtcpMux::muxed : RtcpMux::separate;
  audio.profile = profile;
  SP_ASSIGN(audio.layout, layoutOf(session, audio_index));
  return audio;
}

// RFC 3264 8.4. Who has ICE and no candidate yet says no address either (RFC 8840 4.1.1), and means no hold.
void holdByAddress(AudioDescription& audio) {
  if (!audio.ice && audio.rtp.address.isUnspecified()) audio.direction = withoutReceiving(audio.direction);
}

Result<AudioDescription> readOfferedStream(const Session& session, std::size_t index, Profile profile,
                                           const MediaPolicy& policy) {
  const auto& section = session.media()[index];
  SP_ASSIGN(auto audio, readStream(session, index, profile, policy.media_networks));
  SP_TRY(readOfferedKeying(session, section, policy, audio));
  holdByAddress(audio);
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

Result<AudioDescription> readOffer(const Session& session, const MediaPolicy& policy) {
  std::optional<Error> refusal;
  bool secured_refused = false;
  for (std::size_t i = 0; i < session.media().size(); ++i) {
    const auto& section = session.media()[i];
    if (!isAudio(section) || section.port == 0) continue;
    if (auto refused = refusalOf(session, section, policy)) {
      if (!refusal) refusal = std::move(refused);
      continue;
    }
    auto audio = readOfferedStream(session, i, *profileOf(section), policy);
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
  if (audio.layout.mid.empty()) audio.layout.mid = offer.layout.mid;
  SP_TRY(readAnsweredKeying(session, section, offer, policy, audio));
  holdByAddress(audio);
  SP_ASSIGN(audio.formats, answeredFormats(section, offer));
  if (audio.rtcp_mux == RtcpMux::muxed) {
    if (offer.rtcp_mux != RtcpMux::muxed) return misbehaved("sdp.rtcp_mux.not_offered");
    audio.rtcp = audio.rtp;
  }
  audio.direction = answerTo(offer.direction, audio.direction);
  return audio;
}

}  // namespace sallyport::sdp
