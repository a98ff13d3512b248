// SPDX-License-Identifier: Apache-2.0
#pragma once
// ITU-T G.711: mu-law and A-law companding of 8 kHz audio. One octet per sample.

#include <cstdint>

namespace sallyport::audio {

std::uint8_t muLawFrom(std::int16_t linear);
std::int16_t linearFromMuLaw(std::uint8_t octet);
std::uint8_t aLawFrom(std::int16_t linear);
std::int16_t linearFromALaw(std::uint8_t octet);

}  // namespace sallyport::audio
