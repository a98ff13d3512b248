// SPDX-License-Identifier: Apache-2.0
#include "audio/voice_codec.h"

#include <string>

#include "audio/g711_codec.h"
#include "audio/opus_codec.h"

namespace sallyport::audio {
namespace {

constexpr unsigned kG711Rate = 8'000;

Error unavailable(VoiceCodec codec, unsigned rate) {
  return {ErrorKind::misconfigured, "audio.codec.unavailable",
          std::string{toString(codec)} + " at " + std::to_string(rate) + " Hz"};
}

Companding compandingOf(VoiceCodec codec) { return codec == VoiceCodec::pcmu ? Companding::muLaw : Companding::aLaw; }

}  // namespace

std::string_view toString(VoiceCodec codec) {
  switch (codec) {
    case VoiceCodec::opus: return "opus";
    case VoiceCodec::pcmu: return "PCMU";
    case VoiceCodec::pcma: return "PCMA";
  }
  return {};
}

Result<std::unique_ptr<VoiceEncoder>> VoiceEncoder::create(VoiceCodec codec, unsigned rate) {
  if (codec == VoiceCodec::opus) return makeOpusEncoder(rate);
  if (rate != kG711Rate) return unavailable(codec, rate);
  return makeG711Encoder(compandingOf(codec));
}

Result<std::unique_ptr<VoiceDecoder>> VoiceDecoder::create(VoiceCodec codec, unsigned rate) {
  if (codec == VoiceCodec::opus) return makeOpusDecoder(rate);
  if (rate != kG711Rate) return unavailable(codec, rate);
  return makeG711Decoder(compandingOf(codec));
}

}  // namespace sallyport::audio
