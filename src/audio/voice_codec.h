// SPDX-License-Identifier: Apache-2.0
#pragma once
// Encoders and decoders of one voice stream: Opus (RFC 6716, RFC 7587) with in-band FEC, and G.711
// (RFC 3551 4.5.14), mono. An instance belongs to one direction of one call. No I/O; beyond the first frames no
// allocation, as long as the vectors that are appended to have room.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "audio/pcm.h"
#include "core/bytes.h"
#include "core/result.h"

namespace sallyport::audio {

enum class VoiceCodec : std::uint8_t { opus, pcmu, pcma };
inline constexpr std::size_t kVoiceCodecs = 3;
std::string_view toString(VoiceCodec codec);  // "opus", "PCMU"

// That of its RTP timestamps. Opus counts at 48 kHz whatever the audio's rate is (RFC 7587 4.1).
constexpr unsigned rtpClockRate(VoiceCodec codec) { return codec == VoiceCodec::opus ? 48'000 : 8'000; }

class VoiceEncoder {
 public:
  // For audio of `rate`: G.711 takes 8,000 only, Opus also 12,000, 16,000, 24,000 and 48,000.
  // Error: "audio.codec.unavailable" for another one, or when the library refuses.
  static Result<std::unique_ptr<VoiceEncoder>> create(VoiceCodec codec, unsigned rate);
  virtual ~VoiceEncoder() = default;

  // 10, 20, 40 or 60 ms (G.711 also 30 and 50) to one RTP payload, valid until the next call. Error
  // (internal): "audio.codec.frame" for another length, "audio.codec.encode".
  virtual Result<Bytes> encode(Samples frame) = 0;
  // What the receiver loses, in percent: how much redundancy is worth sending.
  virtual void expectLoss(unsigned percent) = 0;
};

class VoiceDecoder {
 public:
  // As of VoiceEncoder.
  static Result<std::unique_ptr<VoiceDecoder>> create(VoiceCodec codec, unsigned rate);
  virtual ~VoiceDecoder() = default;

  // Samples in a payload at the decoder's rate, 0 when it is not one of this codec. At most 120 ms count.
  virtual std::size_t samplesIn(Bytes payload) const = 0;
  // Appends the payload's audio. Error (peerMisbehaved): "audio.codec.payload"; nothing is appended.
  virtual Status decode(Bytes payload, std::vector<std::int16_t>& out) = 0;
  // Appends `samples` samples, at most 120 ms, in place of a payload that did not come; `next` is the payload after
  // it, or empty: Opus may carry a second copy of the lost frame there.
  virtual void conceal(std::size_t samples, Bytes next, std::vector<std::int16_t>& out) = 0;
};

}  // namespace sallyport::audio
