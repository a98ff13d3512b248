// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which end of a DTLS handshake: signalling (sdp) decides it, the association (media) takes it.

#include <cstdint>

namespace sallyport::crypto {

enum class DtlsRole : std::uint8_t { client, server };

}  // namespace sallyport::crypto
