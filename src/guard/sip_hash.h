// SPDX-License-Identifier: Apache-2.0
#pragma once
// SipHash-2-4 (Aumasson, Bernstein 2012): a table indexed by it cannot be aimed at by who chooses the names.

#include <cstdint>
#include <string_view>

namespace sallyport::guard {

// From the CSPRNG, once per process.
struct HashKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

std::uint64_t sipHash(const HashKey& key, std::string_view text);

}  // namespace sallyport::guard
