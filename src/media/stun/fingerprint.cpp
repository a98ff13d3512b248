// SPDX-License-Identifier: Apache-2.0
#include "media/stun/fingerprint.h"

#include <array>

namespace sallyport::media::stun {
namespace {

constexpr std::uint32_t kFingerprintXor = 0x5354554E;  // "STUN"

// ITU V.42, as in Ethernet, bit-reversed.
constexpr std::array<std::uint32_t, 256> makeCrcTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    auto crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
    table[i] = crc;
  }
  return table;
}

constexpr auto kCrcTable = makeCrcTable();

}  // namespace

std::uint32_t fingerprintOf(Bytes message) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const auto byte : message) crc = kCrcTable[(crc ^ byte) & 0xFF] ^ (crc >> 8);
  return ~crc ^ kFingerprintXor;
}

}  // namespace sallyport::media::stun
