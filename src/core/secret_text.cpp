// SPDX-License-Identifier: Apache-2.0
#include "core/secret_text.h"

#include <algorithm>

namespace sallyport {

SecretText& SecretText::add(std::string_view piece) {
  if (bytes_.size() - size_ < piece.size()) {
    Secret larger{std::max(2 * bytes_.size(), size_ + piece.size())};
    std::copy_n(bytes_.bytes().begin(), size_, larger.mutableBytes().begin());
    bytes_ = std::move(larger);
  }
  std::copy(piece.begin(), piece.end(), bytes_.mutableBytes().begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += piece.size();
  return *this;
}

SecretText& SecretText::addWiped(std::string piece) {
  add(piece);
  cleanse(piece);
  return *this;
}

}  // namespace sallyport
