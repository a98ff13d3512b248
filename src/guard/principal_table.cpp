// SPDX-License-Identifier: Apache-2.0
#include "guard/principal_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sallyport::guard {
namespace {

std::uint64_t loadLe64(const char* at, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
  }
  return word;
}

class SipState {
 public:
  explicit SipState(const HashKey& key)
      : v0_(key.k0 ^ 0x736f6d6570736575),
        v1_(key.k1 ^ 0x646f72616e646f6d),
        v2_(key.k0 ^ 0x6c7967656e657261),
        v3_(key.k1 ^ 0x7465646279746573) {}

  void absorb(std::uint64_t word) {
    v3_ ^= word;
    rounds(2);
    v0_ ^= word;
  }
  std::uint64_t finish() {
    v2_ ^= 0xFF;
    rounds(4);
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0_ += v1_;
      v2_ += v3_;
      v1_ = std::rotl(v1_, 13) ^ v0_;
      v3_ = std::rotl(v3_, 16) ^ v2_;
      v0_ = std::rotl(v0_, 32);
      v2_ += v1_;
      v0_ += v3_;
      v1_ = std::rotl(v1_, 17) ^ v2_;
      v3_ = std::rotl(v3_, 21) ^ v0_;
      v2_ = std::rotl(v2_, 32);
    }
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

// ::ffff:a.b.c.d, which a dual-stack socket reports for IPv4 peers.
bool isMappedV4(const std::array<std::uint8_t, 16>& octets) {
  return std::all_of(octets.begin(), octets.begin() + 10, [](std::uint8_t octet) { return octet == 0; }) &&
         octets[10] == 0xFF && octets[11] == 0xFF;
}

}  // namespace

std::uint64_t sipHash(const HashKey& key, std::string_view text) {
  SipState state{key};
  const std::uint64_t length = std::uint64_t{text.size()} << 56;
  while (text.size() >= 8) {
    state.absorb(loadLe64(text.data(), 8));
    text.remove_prefix(8);
  }
  state.absorb(length | loadLe64(text.data(), text.size()));
  return state.finish();
}

std::array<char, 9> sourceName(const IpAddress& source) {
  std::array<char, 9> name{};
  const auto& octets = source.octets();
  const bool mapped = !source.isV4() && isMappedV4(octets);
  const bool v4 = source.isV4() || mapped;
  name[0] = v4 ? '4' : '6';
  std::memcpy(&name[1], octets.data() + (mapped ? 12 : 0), v4 ? 4 : 8);
  return name;
}

}  // namespace sallyport::guard
