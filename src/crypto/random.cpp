// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "core/check.h"

namespace sallyport::crypto {
namespace {

// Bytes drawn ahead, a thread its own, each handed out once and wiped: asking the generator costs far more than
// what it yields. For names, numbers and places; what encrypts is never drawn ahead. No process of ours goes on
// after fork() without exec.
class Reserve {
 public:
  void take(MutableBytes out) {
    if (left_ < out.size()) refill();
    const auto taken = MutableBytes{bytes_}.subspan(bytes_.size() - left_, out.size());
    std::copy(taken.begin(), taken.end(), out.begin());
    cleanse(taken);
    left_ -= out.size();
  }

 private:
  void refill() {
    fillRandom(bytes_);
    left_ = bytes_.size();
  }

  std::array<std::uint8_t, 1'024> bytes_;
  std::size_t left_ = 0;
};

thread_local Reserve reserve;

}  // namespace

void fillRandom(MutableBytes out) {
  if (!out.empty()) SP_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

std::uint64_t randomNumber() {
  std::uint64_t number = 0;
  reserve.take({reinterpret_cast<std::uint8_t*>(&number), sizeof number});
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
    std::uint8_t draw[8];
    reserve.take(draw);
    for (const auto byte : draw) {
      if (byte < kUnbiased && token.size() < characters) token.push_back(kAlphabet[byte % 36]);
    }
  }
  return token;
}

}  // namespace sallyport::crypto
