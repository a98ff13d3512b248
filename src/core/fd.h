// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file descriptor that is closed exactly once.

#include <utility>

#include "core/bytes.h"

namespace sallyport {

class [[nodiscard]] Fd {
 public:
  Fd() = default;
  explicit Fd(int raw) : raw_(raw) {}
  Fd(Fd&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      raw_ = std::exchange(other.raw_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  int raw() const { return raw_; }
  explicit operator bool() const { return raw_ >= 0; }
  void reset();
  int release() { return std::exchange(raw_, -1); }

 private:
  int raw_ = -1;
};

// All of it, however many writes that takes: 0, or the errno of the one that failed.
[[nodiscard]] int writeAll(const Fd& fd, Bytes content);

}  // namespace sallyport
