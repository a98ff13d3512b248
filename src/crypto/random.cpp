// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <openssl/rand.h>

#include "core/check.h"

namespace sallyport::crypto {

void fillRandom(MutableBytes out) {
  if (!out.empty()) SP_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

std::uint64_t randomNumber() {
  std::uint64_t number = 0;
  fillRandom({reinterpret_cast<std::uint8_t*>(&number), sizeof number});
  return number;
}

Secret randomSecret(std::size_t size) {
  Secret secret{size};
  fillRandom(secret.mutableBytes());
  return secret;
}

std::string randomToken(std::size_t characters) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr unsigned kUnbiased = 252;  // the largest multiple of 36 in a byte
  std::string token;
  token.reserve(characters);
  while (token.size() < characters) {
    std::uint8_t draw[32];
    fillRandom(draw);
    for (const auto byte : draw) {
      if (byte < kUnbiased && token.size() < characters) token.push_back(kAlphabet[byte % 36]);
    }
  }
  return token;
}

}  // namespace sallyport::crypto
