// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keys as telephone events (RFC 4733): 0-9, *, #, A-D. Sending them is media::EventInserter's; here is what they are
// called, and how those that come are read. No I/O, no clock.

#include <cstdint>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "media/rtp.h"

namespace sallyport::phone {

std::optional<std::uint8_t> eventOf(char key);  // either case
std::optional<char> keyOf(std::uint8_t event);

// One per call; sees authentic packets.
class DigitListener {
 public:
  static constexpr std::size_t kMostKeys = 256;  // more are not noted

  // A payload of telephone-event. Each key counts once, however many of its packets come, and in whatever order; an
  // event so long that it comes in segments (RFC 4733 2.5.1.3) is one key.
  void push(const media::RtpHeader& header, Bytes payload);
  const std::string& keys() const { return keys_; }

 private:
  struct Last {
    std::uint32_t ssrc = 0;
    std::uint32_t timestamp = 0;
    std::uint8_t event = 0;
    std::uint16_t duration = 0;
  };
  std::optional<Last> last_;
  std::string keys_;
};

}  // namespace sallyport::phone
