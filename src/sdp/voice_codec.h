// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which of the formats in a description is which codec of src/audio. Pure.

#include <optional>

#include "audio/voice_codec.h"
#include "sdp/codec.h"

namespace sallyport::sdp {

// Nothing for what carries no voice.
constexpr std::optional<audio::VoiceCodec> voiceCodec(Codec codec) {
  switch (codec) {
    case Codec::opus: return audio::VoiceCodec::opus;
    case Codec::pcmu: return audio::VoiceCodec::pcmu;
    case Codec::pcma: return audio::VoiceCodec::pcma;
    case Codec::telephoneEvent:
    case Codec::comfortNoise: break;
  }
  return std::nullopt;
}

}  // namespace sallyport::sdp
