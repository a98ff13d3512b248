// SPDX-License-Identifier: Apache-2.0
#pragma once
// The CSPRNG: keys, tags, branches, ports.

#include <cstdint>
#include <string>

#include "core/bytes.h"
#include "core/secret.h"

namespace sallyport::crypto {

void fillRandom(MutableBytes out);  // dies when the generator fails
std::uint64_t randomNumber();
Secret randomSecret(std::size_t size);
std::string randomToken(std::size_t characters);  // [a-z0-9], for tags, branches, Call-IDs: 5.17 bits each

}  // namespace sallyport::crypto
