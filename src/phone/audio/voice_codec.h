// SPDX-License-Identifier: Apache-2.0
#pragma once
// Encoders and decoders of one voice stream: Opus (RFC 6716, RFC 7587) at 48 kHz mono with in-band FEC,
// and G.711 (RFC 3551 4.5.14) at 8 kHz. An instance belongs to one direction of one call. No I/O.

#include <cstdint>
#include <memory>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "phone/audio/pcm.h"
#include "sdp/codec.h"

namespace sallyport::phone {

// The rate at which a codec's audio is given and taken; also its RTP clock rate.
constexpr unsigned audioRate(sdp::Codec codec) { return codec == sdp::Codec::opus ? 48'000 : 8'000; }

class VoiceEncoder {
 public:
  // Error: "phone.codec.unavailable" for a codec that carries no voice or that the library refuses.
  static Result<std::unique_ptr<VoiceEncoder>> create(sdp::Codec codec);
  virtual ~VoiceEncoder() = default;

  // One frame (kFrame at audioRate()) to one RTP payload, valid until the next call.
  virtual Result<Bytes> encode(Samples frame) = 0;
  // What the receiver loses, in percent: how much redundancy is worth sending.
  virtual void expectLoss(unsigned percent) = 0;
};

class VoiceDecoder {
 public:
  static Result<std::unique_ptr<VoiceDecoder>> create(sdp::Codec codec);
  virtual ~VoiceDecoder() = default;

  // Samples in a payload, 0 when it is not one of this codec. At most 120 ms count.
  virtual std::size_t samplesIn(Bytes payload) const = 0;
  // Appends the payload's audio. Error (peerMisbehaved): "phone.codec.payload"; nothing is appended.
  virtual Status decode(Bytes payload, std::vector<std::int16_t>& out) = 0;
  // Appends `samples` samples in place of a payload that did not come; `next` is the payload after it,
  // or empty: Opus may carry a second copy of the lost frame there.
  virtual void conceal(std::size_t samples, Bytes next, std::vector<std::int16_t>& out) = 0;
};

}  // namespace sallyport::phone
