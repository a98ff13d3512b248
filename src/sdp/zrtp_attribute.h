// SPDX-License-Identifier: Apache-2.0
#pragma once
// a=zrtp-hash (RFC 6189 8): which Hello the sender of a description is going to send. Pure functions over values; any
// thread.

#include <optional>
#include <string>

#include "core/result.h"
#include "crypto/hash.h"
#include "sdp/session.h"

namespace sallyport::sdp {

// SHA-256 of the Hello of ZRTP 1.1x, preamble to MAC; nothing when none is announced, or only of other versions.
// Errors (peerMisbehaved): sdp.zrtp_hash.malformed, sdp.zrtp_hash.repeated (two of 1.1x that differ).
Result<std::optional<crypto::Sha256Digest>> zrtpHashOf(const MediaSection& section);

std::string renderZrtpHash(const crypto::Sha256Digest& hello_hash);  // "a=zrtp-hash:1.10 ...", the line ended

}  // namespace sallyport::sdp
