// SPDX-License-Identifier: Apache-2.0
#pragma once
// Offer/answer for one audio stream (RFC 3264), keyed by SDES (RFC 4568) or DTLS (RFC 5763), with ICE (RFC 8839),
// rtcp-mux (RFC 5761), BUNDLE of that one stream (RFC 9143) and a=rtcp (RFC 3605). Pure functions over values; no I/O,
// no clock, any thread.
//
// What a peer said becomes an AudioDescription only if it is acceptable: encrypted and keyed, unless its policy says
// that it is unprotected; addressed by IP and with a shared codec. What we say is rendered from a LocalAudio, never
// from the peer's text. Errors: peerMisbehaved for broken or dishonest descriptions (400, or the call ends on an
// answer), peerDenied for well-formed ones that policy refuses (488). Each code is listed at its function.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "crypto/srtp_suite.h"
#include "sdp/codec.h"
#include "sdp/crypto_attribute.h"
#include "sdp/direction.h"
#include "sdp/dtls_attributes.h"
#include "sdp/ice.h"
#include "sdp/session.h"
#include "sdp/zrtp_attribute.h"

namespace sallyport::sdp {

using crypto::MediaProtection;

// avp: of peers whose policy is MediaProtection::none, or endToEnd (RFC 6189 3.1), and then it is the only one. There
// is no "SRTP if you can".
enum class Profile : std::uint8_t { savp, savpf, avp, dtlsSavp, dtlsSavpf };
std::string_view toString(Profile profile);  // "RTP/SAVP"
// Whether whoever speaks it keys SRTP with us.
constexpr bool isKeyed(Profile profile) { return profile != Profile::avp; }
constexpr bool isKeyed(MediaProtection protection) { return protection == MediaProtection::srtp; }

// Where the keys of SRTP come from.
enum class Keying : std::uint8_t { sdes, dtls };
std::string_view toString(Keying keying);  // "SDES", "DTLS-SRTP"

// Whether the two ends may agree keys of their own by ZRTP (RFC 6189): a=zrtp-hash crosses, and their packets do.
enum class ZrtpUse : std::uint8_t { refused, relayed };

// Whether ICE finds the way. accept: where the peer speaks it.
enum class IceUse : std::uint8_t { never, accept, require };

enum class RtcpMux : std::uint8_t { separate, muxed };

// An m-line that is not our audio: kept only so that it can be refused, port 0, at its place.
struct OtherMedia {
  std::string kind;
  std::string protocol;
  std::string format;    // the first of its formats
  std::string mid = {};  // empty: none

  friend bool operator==(const OtherMedia&, const OtherMedia&) = default;
};

// Where the audio stands among the m-lines. A session's m-lines keep number and order for its whole life
// (RFC 3264 6, 8), so the layout of the first description is carried into every later one.
struct MediaLayout {
  std::size_t audio_index = 0;
  std::vector<OtherMedia> others;  // in order, without the audio
  std::string mid = {};            // of the audio; empty: none
  bool bundled = false;            // the audio is in a BUNDLE group, and stays in one of its own

  std::size_t size() const { return others.size() + 1; }
};

struct MediaPolicy {
  MediaProtection protection = MediaProtection::srtp;
  std::vector<Keying> keyings{Keying::sdes};  // of SRTP: what is accepted, preferred first; the first is offered
  IceUse ice = IceUse::never;
  IceMode ice_mode = IceMode::lite;  // ours (RFC 8445 2.5): the other end is a full agent then
  ZrtpUse zrtp = ZrtpUse::refused;   // relayed with MediaProtection::endToEnd
  std::vector<crypto::SrtpSuite> suites{crypto::kSrtpSuites.begin(), crypto::kSrtpSuites.end()};  // preferred first
  std::vector<Codec> codecs{Codec::opus, Codec::pcmu, Codec::pcma, Codec::telephoneEvent, Codec::comfortNoise};
  std::vector<IpNetwork> media_networks;  // where the peer's media may be; empty: any unicast address
};

// What one side said about its audio stream, checked.
struct AudioDescription {
  std::string session_id;  // o= digits: an offer with the same id and version changes nothing
  std::string session_version;
  Endpoint rtp;   // 0.0.0.0 or :: while held by address: send nothing there; with ICE no more than a hint
  Endpoint rtcp;  // equal to rtp in an answer that muxes; in an offer, where RTCP goes unless we agree to mux
  RtcpMux rtcp_mux = RtcpMux::separate;
  Direction direction = Direction::sendrecv;  // the peer's view, hold by address folded in
  Profile profile = Profile::savp;
  std::vector<CodecFormat> formats;     // shared ones, in the peer's order; at least one carries voice
  std::optional<unsigned> ptime;        // milliseconds
  std::optional<unsigned> maxptime;     // the same, the most that it takes in a packet
  std::vector<CryptoOffer> crypto;      // acceptable ones, our preferred first; exactly one in an answer; none with avp
  std::optional<DtlsDescription> dtls;  // instead of `crypto`
  std::optional<IceDescription> ice;    // where the policy lets ICE decide
  std::optional<crypto::Sha256Digest> zrtp_hash;  // of its Hello, where ZRTP is relayed
  MediaLayout layout;

  std::optional<Keying> keying() const;  // nothing: in clear
};

// What we say about ours.
struct LocalAudio {
  std::uint64_t session_id = 0;
  std::uint64_t session_version = 0;  // one more on every change (RFC 3264 8)
  Endpoint rtp;
  std::uint16_t rtcp_port = 0;  // ignored when muxed in an answer
  RtcpMux rtcp_mux = RtcpMux::separate;
  Direction direction = Direction::sendrecv;
  Profile profile = Profile::savp;  // an answer takes the offer's
  std::vector<CodecFormat> formats;
  std::optional<unsigned> ptime;
  std::vector<CryptoOffer> crypto;      // one in an answer: the chosen tag and suite with our own key; none with avp
  std::optional<DtlsDescription> dtls;  // instead of `crypto`
  std::optional<IceDescription> ice;
  std::optional<crypto::Sha256Digest> zrtp_hash;  // the other end's
  MediaLayout layout;                             // of an offer; an answer takes the offer's

  LocalAudio clone() const;  // keys included, so it is said aloud
};

// The first audio line that is open, secured as the policy asks (in clear, where it says so) and acceptable; the others
// are in `layout`. Where a line offers both SDES and DTLS, the policy's first choice is taken.
// peerDenied: sdp.no_audio, sdp.plain_rtp, sdp.keying.dtls, sdp.keying.sdes (keyed so, which the policy does not have),
//   sdp.profile, sdp.crypto.none, sdp.crypto.unencrypted, sdp.codec.none, sdp.connection.not_an_address,
//   sdp.connection.multicast, sdp.connection.outside_networks, sdp.rtcp_mux.required (by DTLS or ICE), sdp.ice.missing,
//   sdp.ice.lite (ICE is required, and of two lite ends nobody would check).
// peerMisbehaved: sdp.connection.missing, sdp.connection.family, sdp.connection.forbidden, sdp.media.port_count,
//   sdp.direction.conflict, sdp.rtcp.malformed, sdp.ptime, sdp.mid, and those of formatsOf() and cryptoLinesOf().
// And those of dtlsOffered(), iceOf() and zrtpHashOf().
Result<AudioDescription> readOffer(const Session& session, const MediaPolicy& policy);

// The answer to `offer`, which we rendered. All of the above, and peerMisbehaved: sdp.answer.media_count,
// sdp.answer.media_changed (kind or profile), sdp.answer.refused_media_opened, sdp.crypto.not_offered,
// sdp.crypto.ambiguous (not exactly one), sdp.crypto.key_reflected (our own key sent back), sdp.codec.not_offered,
// sdp.rtcp_mux.not_offered; peerDenied: sdp.answer.audio_refused (port 0).
// And those of dtlsAnswered(). ICE that we offered and the answer does not speak is not used.
// The direction is narrowed to what was offered.
Result<AudioDescription> readAnswer(const Session& session, const LocalAudio& offer, const MediaPolicy& policy);

// Rendered SDP holds our keys; log it through redacted() only.
std::string renderOffer(const LocalAudio& local);
// Takes profile, layout and suite spelling from the offer; `local.crypto` holds the one choice, or `local.dtls` is
// there.
std::string renderAnswer(const LocalAudio& local, const AudioDescription& offer);

// The counterpart of an acceptable crypto line: same tag and suite, our key. `key_and_salt` has the suite's size.
CryptoOffer answerCrypto(const CryptoOffer& chosen, Secret key_and_salt);

}  // namespace sallyport::sdp
