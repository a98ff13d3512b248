// SPDX-License-Identifier: Apache-2.0
#include "media/key_derivation.h"

#include <algorithm>

#include "core/check.h"

namespace sallyport::media {
namespace {

// key_id = label || 48 bits of (index DIV kdr), which is zero; right-aligned in the 14 bytes of the salt.
constexpr std::size_t kLabelAt = 7;

}  // namespace

Result<KeyDerivation> KeyDerivation::create(Bytes master_key, Bytes master_salt) {
  AesBlock salt{};
  SP_CHECK(master_salt.size() <= salt.size() - 2);
  std::copy(master_salt.begin(), master_salt.end(), salt.begin());
  SP_ASSIGN(auto prf, AesCounter::create(master_key));
  return KeyDerivation{std::move(prf), salt, master_key.size()};
}

Result<Secret> KeyDerivation::derive(KeyLabel label, std::size_t length) {
  AesBlock input = salt_;
  input[kLabelAt] ^= static_cast<std::uint8_t>(label);
  Secret key{length};
  if (!prf_.apply(input, key.mutableBytes().data(), length))
    return Error{ErrorKind::internal, "media.srtp.cipher", "key derivation"};
  return key;
}

}  // namespace sallyport::media
