// SPDX-License-Identifier: Apache-2.0
#pragma once
// Opus by libopus: mono, voice, variable rate, in-band FEC and packet-loss concealment (RFC 7587). The library codes
// and decodes at any of its rates, whatever the other end uses: audio that is to leave at 8 kHz is decoded there, which
// is cheaper than resampling and what the format provides for (RFC 6716 4.2.9, 4.3.7).

#include <memory>

#include "audio/voice_codec.h"

namespace sallyport::audio {

// Error: "audio.codec.unavailable", also for a rate that Opus does not have.
Result<std::unique_ptr<VoiceEncoder>> makeOpusEncoder(unsigned rate);
Result<std::unique_ptr<VoiceDecoder>> makeOpusDecoder(unsigned rate);

// Whether the payload carries a second copy of the frame before it (RFC 6716 4.2.4: the LBRR flag of its first frame).
bool carriesFec(Bytes payload);

}  // namespace sallyport::audio
