// SPDX-License-Identifier: Apache-2.0
#pragma once
// For the tests of stun/ and ice/: messages that are written in one line.

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "media/stun/message_writer.h"

namespace sallyport::media::stun::testing {

inline constexpr TransactionId kTransaction{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

inline IntegrityKey keyOf(std::string_view password) { return IntegrityKey{bytesOf(password)}; }

// A message of `message_class` with what `fill` says.
inline std::vector<std::uint8_t> written(Class message_class, const std::function<void(MessageWriter&)>& fill) {
  std::array<std::uint8_t, kLongestMessage> buffer;
  MessageWriter writer{buffer, message_class, kBinding, kTransaction};
  fill(writer);
  const auto bytes = writer.written();
  return {bytes.begin(), bytes.end()};
}

inline std::string refusal(Bytes datagram) {
  const auto message = Message::parse(datagram);
  return message ? "accepted" : std::string{message.error().code};
}

}  // namespace sallyport::media::stun::testing
