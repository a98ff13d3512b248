// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/voice_codec.h"

#include "phone/audio/g711_codec.h"
#include "phone/audio/opus_codec.h"

namespace sallyport::phone {
namespace {

Error unavailable(sdp::Codec codec) {
  return {ErrorKind::misconfigured, "phone.codec.unavailable",
          "codec " + std::to_string(static_cast<int>(codec)) + " carries no voice"};
}

}  // namespace

Result<std::unique_ptr<VoiceEncoder>> VoiceEncoder::create(sdp::Codec codec) {
  switch (codec) {
    case sdp::Codec::opus: return makeOpusEncoder();
    case sdp::Codec::pcmu: return makeG711Encoder(Companding::muLaw);
    case sdp::Codec::pcma: return makeG711Encoder(Companding::aLaw);
    case sdp::Codec::telephoneEvent:
    case sdp::Codec::comfortNoise: break;
  }
  return unavailable(codec);
}

Result<std::unique_ptr<VoiceDecoder>> VoiceDecoder::create(sdp::Codec codec) {
  switch (codec) {
    case sdp::Codec::opus: return makeOpusDecoder();
    case sdp::Codec::pcmu: return makeG711Decoder(Companding::muLaw);
    case sdp::Codec::pcma: return makeG711Decoder(Companding::aLaw);
    case sdp::Codec::telephoneEvent:
    case sdp::Codec::comfortNoise: break;
  }
  return unavailable(codec);
}

}  // namespace sallyport::phone
