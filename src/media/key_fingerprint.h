// SPDX-License-Identifier: Apache-2.0
#pragma once
// Recognises a key that was used before without keeping it. Internal to the room.

#include <cstdint>

#include "media/srtp.h"

namespace sallyport::media {

// The first 64 bits of SHA-256 over the key and salt: nothing about the key can be had from it.
std::uint64_t fingerprintOf(const SrtpKeying& keying);

}  // namespace sallyport::media
