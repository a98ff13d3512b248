// SPDX-License-Identifier: Apache-2.0
#pragma once
// Opus by libopus: 48 kHz mono, voice, variable rate, in-band FEC and packet-loss concealment (RFC 7587).

#include <memory>

#include "phone/audio/voice_codec.h"

namespace sallyport::phone {

// Error: "phone.codec.unavailable".
Result<std::unique_ptr<VoiceEncoder>> makeOpusEncoder();
Result<std::unique_ptr<VoiceDecoder>> makeOpusDecoder();

}  // namespace sallyport::phone
