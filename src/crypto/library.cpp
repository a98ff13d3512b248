// SPDX-License-Identifier: Apache-2.0
#include "crypto/library.h"

#include <openssl/crypto.h>

namespace sallyport::crypto {

std::string libraryVersion() { return OpenSSL_version(OPENSSL_VERSION); }

}  // namespace sallyport::crypto
