// SPDX-License-Identifier: Apache-2.0
#pragma once
// The audio formats Sallyport relays: Opus (RFC 7587), G.711 (RFC 3551), telephone-event (RFC 4733)
// and comfort noise (RFC 3389), with the payload-type numbers of one description.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sdp/session.h"

namespace sallyport::sdp {

enum class Codec : std::uint8_t { opus, pcmu, pcma, telephoneEvent, comfortNoise };

std::string_view toString(Codec codec);                 // the rtpmap encoding name: "PCMU"
std::optional<Codec> codecFrom(std::string_view name);  // any case
constexpr bool carriesVoice(Codec codec) {
  return codec == Codec::opus || codec == Codec::pcmu || codec == Codec::pcma;
}

struct CodecFormat {
  std::uint8_t payload_type = 0;
  Codec codec = Codec::pcmu;
  std::uint32_t clock_rate = 8'000;
  std::uint8_t channels = 1;
  std::string fmtp;  // rendered by us from the parameters we know; never the peer's own bytes

  friend bool operator==(const CodecFormat&, const CodecFormat&) = default;
};

// The formats of an RTP audio section that are Codecs, in the section's order; all others are left out.
// Errors (peerMisbehaved): sdp.rtpmap.malformed, .rate, .repeated, .static; sdp.fmtp.malformed.
Result<std::vector<CodecFormat>> formatsOf(const MediaSection& section);

// What both sides can use: the offer's formats that `allowed` names, in the offer's order and with its
// numbers (RFC 3264 6.1). telephone-event and comfort noise stay only at the clock rate of a voice codec
// that stays (RFC 4733 2.5.1.1). Empty when no voice codec is shared.
std::vector<CodecFormat> commonFormats(std::span<const CodecFormat> offered, std::span<const Codec> allowed);

// A fresh offer's formats for `codecs`, in their order: opus 96, PCMU 0, PCMA 8, CN 13, and
// telephone-event 101 (8 kHz, with G.711) and 102 (48 kHz, with Opus).
std::vector<CodecFormat> defaultFormats(std::span<const Codec> codecs);

}  // namespace sallyport::sdp
