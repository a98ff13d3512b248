// SPDX-License-Identifier: Apache-2.0
#include "media/ice/credentials.h"

#include "crypto/hash.h"
#include "crypto/random.h"

namespace sallyport::media::ice {

Credentials Credentials::fresh() { return {crypto::randomToken(8), Secret{bytesOf(crypto::randomToken(32))}}; }

}  // namespace sallyport::media::ice
