// SPDX-License-Identifier: Apache-2.0
#pragma once
// An OpenSSL BIO whose datagrams are values: one to read, a list of those written. It keeps the boundaries, which a
// memory BIO does not. Internal to the room.

#include <cstdint>
#include <vector>

#include "core/bytes.h"
#include "crypto/openssl_ptr.h"

namespace sallyport::crypto {

using Datagram = std::vector<std::uint8_t>;

struct DatagramPort {
  Bytes incoming;  // read once, whole; then there is nothing to read
  std::vector<Datagram> outgoing;
};

// For both directions of one SSL object; `port` outlives it. Null when memory is out.
BioPtr makeDatagramBio(DatagramPort& port);

}  // namespace sallyport::crypto
