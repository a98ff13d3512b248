// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <openssl/sha.h>

namespace sallyport::crypto {

Sha256Digest sha256(Bytes data) {
  Sha256Digest digest;
  SHA256(data.data(), data.size(), digest.data());
  return digest;
}

}  // namespace sallyport::crypto
