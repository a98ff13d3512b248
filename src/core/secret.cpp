// SPDX-License-Identifier: Apache-2.0
#include "core/secret.h"

#include <string.h>

namespace sallyport {

void cleanse(MutableBytes bytes) {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

void Secret::wipe() { cleanse(bytes_); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
    other.bytes_.clear();
  }
  return *this;
}

bool operator==(const Secret& a, const Secret& b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<std::uint8_t>(a.bytes_[i] ^ b.bytes_[i]);
  return difference == 0;
}

}  // namespace sallyport
