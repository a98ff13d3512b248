// SPDX-License-Identifier: Apache-2.0
#pragma once
// G.711 as a VoiceEncoder and VoiceDecoder. A lost frame repeats the last one, fading within 60 ms, so that
// a gap neither clicks nor rings (the idea of G.711 Appendix I, without its pitch search).

#include <memory>

#include "audio/voice_codec.h"

namespace sallyport::audio {

enum class Companding : std::uint8_t { muLaw, aLaw };

std::unique_ptr<VoiceEncoder> makeG711Encoder(Companding companding);
std::unique_ptr<VoiceDecoder> makeG711Decoder(Companding companding);

}  // namespace sallyport::audio
