// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests and fuzzing: frames as a client sends them (RFC 6455 5.1), well formed or not.

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::net {

// `first` is the byte that holds FIN, the reserved bits and the opcode.
inline std::string clientFrame(unsigned first, std::string_view payload) {
  constexpr std::string_view kMask = "mask";
  std::string frame{static_cast<char>(first)};
  const auto length = [&](unsigned form, unsigned count) {
    frame += static_cast<char>(0x80 | form);
    for (unsigned shift = 8 * count; shift > 0; shift -= 8)
      frame += static_cast<char>(std::uint64_t{payload.size()} >> (shift - 8));
  };
  if (payload.size() < 126) {
    length(static_cast<unsigned>(payload.size()), 0);
  } else if (payload.size() < 65'536) {
    length(126, 2);
  } else {
    length(127, 8);
  }
  frame += kMask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ kMask[i % kMask.size()]);
  return frame;
}

}  // namespace sallyport::net
