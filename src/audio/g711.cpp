// SPDX-License-Identifier: Apache-2.0
#include "audio/g711.h"

#include <algorithm>
#include <bit>

namespace sallyport::audio {
namespace {

constexpr int kMuBias = 0x84;             // 33 in 14-bit terms: lifts every magnitude into segment 0 or above
constexpr int kMuClip = 32'635;           // the largest magnitude whose bias does not leave 15 bits
constexpr std::uint8_t kEvenBits = 0x55;  // A-law inverts every other bit on the line

// The position of the leading one decides the segment (chord) of the logarithmic curve.
int segmentOf(int magnitude, int lowest_bit) {
  return std::bit_width(static_cast<unsigned>(magnitude)) - 1 - lowest_bit;
}

}  // namespace

std::uint8_t muLawFrom(std::int16_t linear) {
  const int sign = linear < 0 ? 0x80 : 0;
  const int magnitude = std::min(linear < 0 ? -static_cast<int>(linear) : static_cast<int>(linear), kMuClip) + kMuBias;
  const int segment = segmentOf(magnitude, 7);
  const int step = (magnitude >> (segment + 3)) & 0x0F;
  return static_cast<std::uint8_t>(~(sign | (segment << 4) | step));
}

std::int16_t linearFromMuLaw(std::uint8_t octet) {
  const int code = ~octet & 0xFF;
  const int segment = (code >> 4) & 0x07;
  const int magnitude = ((((code & 0x0F) << 3) + kMuBias) << segment) - kMuBias;
  return static_cast<std::int16_t>((code & 0x80) != 0 ? -magnitude : magnitude);
}

std::uint8_t aLawFrom(std::int16_t linear) {
  // Thirteen significant bits; negative values mirror around -1 so that -1 and 0 have codes of their own.
  const int value = linear >> 3;
  const int sign = value >= 0 ? 0x80 : 0;
  const int magnitude = value >= 0 ? value : -value - 1;
  const int segment = magnitude < 32 ? 0 : segmentOf(magnitude, 4);
  const int step = (segment < 2 ? magnitude >> 1 : magnitude >> segment) & 0x0F;
  return static_cast<std::uint8_t>((sign | (segment << 4) | step) ^ kEvenBits);
}

std::int16_t linearFromALaw(std::uint8_t octet) {
  const int code = octet ^ kEvenBits;
  const int segment = (code >> 4) & 0x07;
  const int step = ((code & 0x0F) << 4) + 8;
  const int magnitude = segment == 0 ? step : (step + 0x100) << (segment - 1);
  return static_cast<std::int16_t>((code & 0x80) != 0 ? magnitude : -magnitude);
}

}  // namespace sallyport::audio
