// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/voice_codec.h"

#include "sdp/voice_codec.h"

namespace sallyport::phone {
namespace {

Result<audio::VoiceCodec> voiceOf(sdp::Codec codec) {
  const auto voice = sdp::voiceCodec(codec);
  if (!voice)
    return Error{ErrorKind::misconfigured, "audio.codec.none", std::string{sdp::toString(codec)} + " carries no voice"};
  return *voice;
}

}  // namespace

Result<std::unique_ptr<VoiceEncoder>> encoderFor(sdp::Codec codec) {
  SP_ASSIGN(const auto voice, voiceOf(codec));
  return VoiceEncoder::create(voice, audioRate(codec));
}

Result<std::unique_ptr<VoiceDecoder>> decoderFor(sdp::Codec codec) {
  SP_ASSIGN(const auto voice, voiceOf(codec));
  return VoiceDecoder::create(voice, audioRate(codec));
}

}  // namespace sallyport::phone
