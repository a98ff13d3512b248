// SPDX-License-Identifier: Apache-2.0
#include "media/zrtp/crc32c.h"

#include <array>

namespace sallyport::media::zrtp {
namespace {

// Castagnoli's polynomial, bit-reversed.
constexpr std::array<std::uint32_t, 256> makeTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    auto crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
    table[i] = crc;
  }
  return table;
}

constexpr auto kTable = makeTable();

}  // namespace

std::uint32_t crc32c(Bytes packet_without_checksum) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const auto byte : packet_without_checksum) crc = kTable[(crc ^ byte) & 0xFF] ^ (crc >> 8);
  crc = ~crc;
  return crc >> 24 | (crc >> 8 & 0xFF00) | (crc << 8 & 0xFF0000) | crc << 24;
}

}  // namespace sallyport::media::zrtp
