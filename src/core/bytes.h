// SPDX-License-Identifier: Apache-2.0
#pragma once
// Wire bytes through a cursor that can neither overrun nor fail to advance. Big-endian (network
// order) throughout. A read that does not fit returns nothing and leaves the cursor where it was.

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace sallyport {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline Bytes bytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::uint16_t loadBe16(const std::uint8_t* at) { return static_cast<std::uint16_t>((at[0] << 8) | at[1]); }
inline std::uint32_t loadBe32(const std::uint8_t* at) {
  return (std::uint32_t{at[0]} << 24) | (std::uint32_t{at[1]} << 16) | (std::uint32_t{at[2]} << 8) | at[3];
}
inline void storeBe16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
inline void storeBe32(std::uint8_t* at, std::uint32_t value) {
  storeBe16(at, static_cast<std::uint16_t>(value >> 16));
  storeBe16(at + 2, static_cast<std::uint16_t>(value));
}

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  std::size_t remaining() const { return bytes_.size() - at_; }
  std::size_t position() const { return at_; }

  std::optional<std::uint8_t> u8() {
    if (remaining() < 1) return std::nullopt;
    return bytes_[at_++];
  }
  std::optional<std::uint16_t> u16() {
    if (remaining() < 2) return std::nullopt;
    at_ += 2;
    return loadBe16(&bytes_[at_ - 2]);
  }
  std::optional<std::uint32_t> u32() {
    if (remaining() < 4) return std::nullopt;
    at_ += 4;
    return loadBe32(&bytes_[at_ - 4]);
  }
  std::optional<Bytes> take(std::size_t count) {
    if (remaining() < count) return std::nullopt;
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

// Writes into a buffer the caller sized; a write that does not fit is refused and remembered.
class ByteWriter {
 public:
  explicit ByteWriter(MutableBytes out) : out_(out) {}

  void u8(std::uint8_t value) {
    if (fits(1)) out_[at_++] = value;
  }
  void u16(std::uint16_t value) {
    if (!fits(2)) return;
    storeBe16(&out_[at_], value);
    at_ += 2;
  }
  void u32(std::uint32_t value) {
    if (!fits(4)) return;
    storeBe32(&out_[at_], value);
    at_ += 4;
  }
  void put(Bytes bytes) {
    if (!fits(bytes.size())) return;
    if (!bytes.empty()) std::memcpy(&out_[at_], bytes.data(), bytes.size());
    at_ += bytes.size();
  }

  bool overflowed() const { return overflowed_; }
  MutableBytes written() const { return out_.first(at_); }

 private:
  bool fits(std::size_t count) {
    if (out_.size() - at_ >= count) return true;
    overflowed_ = true;
    return false;
  }

  MutableBytes out_;
  std::size_t at_ = 0;
  bool overflowed_ = false;
};

}  // namespace sallyport
