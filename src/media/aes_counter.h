// SPDX-License-Identifier: Apache-2.0
#pragma once
// AES in the counter mode of RFC 3711 4.1.1 and RFC 6188 2: counter blocks are encrypted in one batch and
// XORed. For a 20 ms packet that is a third of the time of OpenSSL's own CTR, which spends most of its call
// on setting the IV. Internal to the room.

#include <array>
#include <cstdint>
#include <memory>

#include "core/bytes.h"
#include "core/result.h"

struct evp_cipher_ctx_st;

namespace sallyport::media {

inline constexpr std::size_t kAesBlockBytes = 16;
using AesBlock = std::array<std::uint8_t, kAesBlockBytes>;

struct CipherContextFree {
  void operator()(evp_cipher_ctx_st* context) const;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, CipherContextFree>;

class AesCounter {
 public:
  // `key` has 16 or 32 bytes. Error: "media.srtp.cipher".
  static Result<AesCounter> create(Bytes key);

  // Another key of the same length in the same context.
  bool rekey(Bytes key);

  // XORs `data`, at most kLongestPacket, with the keystream of `first` counting up in its last two bytes,
  // which are zero. False when the library refuses; then nothing was written.
  bool apply(const AesBlock& first, std::uint8_t* data, std::size_t length);

 private:
  explicit AesCounter(CipherContext context) : context_(std::move(context)) {}

  CipherContext context_;
};

}  // namespace sallyport::media
