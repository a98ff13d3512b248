// SPDX-License-Identifier: Apache-2.0
#pragma once
// The codecs of src/audio by their names in SDP, each at its full rate, which is also its RTP clock's.

#include <memory>

#include "audio/voice_codec.h"
#include "sdp/codec.h"

namespace sallyport::phone {

using audio::VoiceDecoder;
using audio::VoiceEncoder;

constexpr unsigned audioRate(sdp::Codec codec) { return codec == sdp::Codec::opus ? 48'000 : 8'000; }

// Errors: "audio.codec.none" (misconfigured) for a format that carries no voice, and those of create().
Result<std::unique_ptr<VoiceEncoder>> encoderFor(sdp::Codec codec);
Result<std::unique_ptr<VoiceDecoder>> decoderFor(sdp::Codec codec);

}  // namespace sallyport::phone
