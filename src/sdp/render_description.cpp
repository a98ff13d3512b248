// SPDX-License-Identifier: Apache-2.0
// renderOffer() and renderAnswer(): every line from our own values.
#include "core/check.h"
#include "sdp/offer_answer.h"

namespace sallyport::sdp {
namespace {

enum class Role : std::uint8_t { offerer, answerer };

// How the stream is said in this one description.
struct Terms {
  Role role;
  Profile profile;
  RtcpMux mux;
};

constexpr std::string_view kEnd = "\r\n";

void appendConnection(const IpAddress& address, std::string& out) {
  out.append("IN ").append(address.isV4() ? "IP4 " : "IP6 ").append(address.toString()).append(kEnd);
}

// RFC 8866 5.2, 5.3: a neutral origin and name; they tell a reader nothing about who or what we are.
std::string sessionLines(const LocalAudio& local, const MediaLayout& layout) {
  std::string out = "v=0\r\no=- ";
  out.append(std::to_string(local.session_id)).append(" ").append(std::to_string(local.session_version)).append(" ");
  appendConnection(local.rtp.address, out);
  out.append("s=-\r\nc=");
  appendConnection(local.rtp.address, out);
  out.append("t=0 0\r\n");
  if (layout.bundled) out.append("a=group:BUNDLE ").append(layout.mid).append(kEnd);
  if (local.ice) out.append(renderIceSessionLines(*local.ice));
  return out;
}

void appendMid(std::string_view mid, std::string& out) {
  if (!mid.empty()) out.append("a=mid:").append(mid).append(kEnd);
}

void appendFormat(const CodecFormat& format, std::string& out) {
  const auto number = std::to_string(format.payload_type);
  out.append("a=rtpmap:").append(number).append(" ").append(toString(format.codec)).append("/");
  out.append(std::to_string(format.clock_rate));
  if (format.channels > 1) out.append("/").append(std::to_string(format.channels));
  out.append(kEnd);
  if (!format.fmtp.empty()) out.append("a=fmtp:").append(number).append(" ").append(format.fmtp).append(kEnd);
}

void appendCrypto(const CryptoOffer& crypto, std::string& out) {
  const auto facts = crypto::factsOf(crypto.suite);
  SP_CHECK(crypto.key_and_salt.size() == facts.master_key_bytes + facts.master_salt_bytes);
  out.append("a=crypto:").append(renderCrypto(crypto)).append(kEnd);
}

// In an offer that muxes, a=rtcp is where RTCP goes should the answerer not mux (RFC 5761 5.1.1), unless it has to
// (RFC 8858).
void appendRtcp(const LocalAudio& local, RtcpMux mux, Role role, std::string& out) {
  const bool has_to = local.dtls || local.ice;
  SP_CHECK(mux == RtcpMux::muxed || !has_to);
  if (mux == RtcpMux::muxed) out.append("a=rtcp-mux\r\n");
  if (has_to && role == Role::offerer) out.append("a=rtcp-mux-only\r\n");
  if (has_to || (mux == RtcpMux::muxed && role == Role::answerer)) return;
  const bool follows_rtp = local.rtcp_port == 0 || local.rtcp_port == local.rtp.port + 1;
  if (!follows_rtp) out.append("a=rtcp:").append(std::to_string(local.rtcp_port)).append(kEnd);
}

void appendAudio(const LocalAudio& local, const Terms& terms, std::string_view mid, std::string& out) {
  const bool keyed = !local.crypto.empty() || local.dtls;
  SP_CHECK(keyed == isKeyed(terms.profile) && !local.formats.empty());
  out.append("m=audio ").append(std::to_string(local.rtp.port)).append(" ").append(toString(terms.profile));
  for (const auto& format : local.formats) out.append(" ").append(std::to_string(format.payload_type));
  out.append(kEnd);
  appendMid(mid, out);
  for (const auto& format : local.formats) appendFormat(format, out);
  for (const auto& crypto : local.crypto) appendCrypto(crypto, out);
  if (local.dtls) out.append(renderDtls(*local.dtls));
  if (local.ice) out.append(renderIceMediaLines(*local.ice));
  if (local.zrtp_hash) out.append(renderZrtpHash(*local.zrtp_hash));
  if (local.ptime) out.append("a=ptime:").append(std::to_string(*local.ptime)).append(kEnd);
  appendRtcp(local, terms.mux, terms.role, out);
  out.append("a=").append(toString(local.direction)).append(kEnd);
}

// RFC 3264 6: a refused stream keeps its place, with port 0.
void appendRefused(const OtherMedia& other, std::string& out) {
  out.append("m=").append(other.kind).append(" 0 ").append(other.protocol).append(" ").append(other.format);
  out.append(kEnd);
  appendMid(other.mid, out);
}

std::string render(const LocalAudio& local, const Terms& terms, const MediaLayout& layout) {
  SP_CHECK(layout.audio_index < layout.size());
  auto out = sessionLines(local, layout);
  for (std::size_t i = 0, other = 0; i < layout.size(); ++i) {
    if (i == layout.audio_index) {
      appendAudio(local, terms, layout.mid, out);
    } else {
      appendRefused(layout.others[other++], out);
    }
  }
  return out;
}

}  // namespace

LocalAudio LocalAudio::clone() const {
  LocalAudio copy;
  copy.session_id = session_id;
  copy.session_version = session_version;
  copy.rtp = rtp;
  copy.rtcp_port = rtcp_port;
  copy.rtcp_mux = rtcp_mux;
  copy.direction = direction;
  copy.profile = profile;
  copy.formats = formats;
  copy.ptime = ptime;
  for (const auto& line : crypto) copy.crypto.push_back(line.clone());
  copy.dtls = dtls;
  if (ice) copy.ice = ice->clone();
  copy.zrtp_hash = zrtp_hash;
  copy.layout = layout;
  return copy;
}

std::string renderOffer(const LocalAudio& local) {
  return render(local, {Role::offerer, local.profile, local.rtcp_mux}, local.layout);
}

std::string renderAnswer(const LocalAudio& local, const AudioDescription& offer) {
  SP_CHECK(local.crypto.size() <= 1);
  const bool both_mux = local.rtcp_mux == RtcpMux::muxed && offer.rtcp_mux == RtcpMux::muxed;
  return render(local, {Role::answerer, offer.profile, both_mux ? RtcpMux::muxed : RtcpMux::separate}, offer.layout);
}

CryptoOffer answerCrypto(const CryptoOffer& chosen, Secret key_and_salt) {
  auto answer = CryptoOffer{};
  answer.tag = chosen.tag;
  answer.suite = chosen.suite;
  answer.spelling = chosen.spelling;
  answer.key_and_salt = std::move(key_and_salt);
  return answer;
}

}  // namespace sallyport::sdp
