// SPDX-License-Identifier: Apache-2.0
#pragma once
// FINGERPRINT (RFC 8489 14.7): tells STUN from what shares its port. It proves nothing of the sender.

#include <cstdint>

#include "core/bytes.h"

namespace sallyport::media::stun {

// Over everything before the attribute, whose header already counts it.
std::uint32_t fingerprintOf(Bytes message);

}  // namespace sallyport::media::stun
