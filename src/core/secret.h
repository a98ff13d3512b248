// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes that are wiped when they go: keys, salts, passwords. Move-only, never printed, compared in
// constant time.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace sallyport {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size) : bytes_(size) {}
  explicit Secret(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
  ~Secret() { wipe(); }

  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  Secret clone() const { return Secret{Bytes{bytes_}}; }  // copying a key is said aloud

  Bytes bytes() const { return bytes_; }
  MutableBytes mutableBytes() { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

  friend bool operator==(const Secret& a, const Secret& b);

 private:
  void wipe();

  std::vector<std::uint8_t> bytes_;
};

// Overwrites memory in a way the optimiser keeps.
void cleanse(MutableBytes bytes);

}  // namespace sallyport
