// SPDX-License-Identifier: Apache-2.0
#pragma once
// Walks the attributes of a STUN message (RFC 8489 14): type, length, value padded to four bytes. Internal to stun/.

#include <cstdint>
#include <optional>

#include "core/bytes.h"

namespace sallyport::media::stun {

struct RawAttribute {
  std::uint16_t type = 0;
  Bytes value;         // without padding
  std::size_t at = 0;  // where the attribute starts in what is walked
};

class AttributeReader {
 public:
  explicit AttributeReader(Bytes attributes) : reader_(attributes) {}

  // Nothing at the end, or where an attribute runs past it; overran() tells which.
  std::optional<RawAttribute> next() {
    if (reader_.remaining() == 0) return std::nullopt;
    RawAttribute attribute;
    attribute.at = reader_.position();
    const auto type = reader_.u16();
    const auto length = reader_.u16();
    const auto padded = length ? reader_.take((std::size_t{*length} + 3) / 4 * 4) : std::nullopt;
    overran_ = !padded;
    if (overran_) return std::nullopt;
    attribute.type = *type;
    attribute.value = padded->first(*length);
    return attribute;
  }
  bool overran() const { return overran_; }

 private:
  ByteReader reader_;
  bool overran_ = false;
};

}  // namespace sallyport::media::stun
