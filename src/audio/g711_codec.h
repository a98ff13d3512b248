// SPDX-License-Identifier: Apache-2.0
#pragma once
// G.711 as a VoiceEncoder and VoiceDecoder. A lost frame repeats the last one, fading within 60 ms, so that
// a gap neither clicks nor rings (the idea of G.711 Appendix I, without its pitch search).
//
// Voice of which only the packets change is not decoded: a sample is then an octet of the payload, as it stands there.

#include <memory>

#include "audio/voice_codec.h"

namespace sallyport::audio {

enum class Companding : std::uint8_t { muLaw, aLaw };
enum class G711Samples : std::uint8_t { linear, octets };

std::unique_ptr<VoiceEncoder> makeG711Encoder(Companding companding, G711Samples samples = G711Samples::linear);
std::unique_ptr<VoiceDecoder> makeG711Decoder(Companding companding, G711Samples samples = G711Samples::linear);

}  // namespace sallyport::audio
