// SPDX-License-Identifier: Apache-2.0
#pragma once
// Secrets that are text: a password, a file of verifiers, built and read without leaving copies behind.

#include <string>
#include <string_view>

#include "core/secret.h"

namespace sallyport {

inline std::string_view textOf(const Secret& secret) {
  return {reinterpret_cast<const char*>(secret.bytes().data()), secret.size()};
}

inline void cleanse(std::string& text) { cleanse({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}); }

// Grows by pieces; what it outgrew is wiped, and so is what it still holds when it goes.
class SecretText {
 public:
  SecretText& add(std::string_view piece);
  SecretText& addWiped(std::string piece);  // wiped after it was added
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.bytes().data()), size_}; }
  Secret take() const { return Secret{bytes_.bytes().first(size_)}; }

 private:
  Secret bytes_;
  std::size_t size_ = 0;
};

}  // namespace sallyport
