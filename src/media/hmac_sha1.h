// SPDX-License-Identifier: Apache-2.0
#pragma once
// HMAC-SHA1 (RFC 2104) for SRTP's 80-bit tags and STUN: the key's two blocks are compressed once and only their
// midstates kept, 40 bytes per key. Internal to the room.

#include <array>
#include <cstdint>
#include <span>

#include "core/bytes.h"

namespace sallyport::media {

class HmacSha1 {
 public:
  static constexpr std::size_t kTagBytes = 20;
  using Tag = std::array<std::uint8_t, kTagBytes>;

  explicit HmacSha1(Bytes key);  // of any length; SRTP's has 20
  ~HmacSha1();
  HmacSha1(const HmacSha1&) = default;
  HmacSha1& operator=(const HmacSha1&) = default;

  // Over `message` followed by `suffix`.
  Tag over(Bytes message, Bytes suffix) const;

 private:
  using Midstate = std::array<std::uint32_t, 5>;

  Midstate inner_{}, outer_{};
};

}  // namespace sallyport::media
