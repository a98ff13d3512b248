// SPDX-License-Identifier: Apache-2.0
#pragma once
// Makes the certificates and revocation lists of the private CA (RFC 5280 4 and 5). Pure, apart from the
// random serial; for the sources of pki.

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/certificate.h"
#include "pki/certificate_authority.h"

namespace sallyport::pki {

struct Signer {
  const crypto::Certificate& certificate;
  const crypto::PrivateKey& key;
};

struct Validity {
  WallTime from;
  WallTime until;
};

// Errors (internal): ca.build.failed.
Result<crypto::Certificate> buildRoot(const std::string& name, const crypto::PrivateKey& key, Validity validity);
Result<crypto::Certificate> buildLeaf(const IssueRequest& request, const crypto::PrivateKey& key, const Signer& issuer,
                                      Validity validity);
// PEM. `this_update` is validity.from, `next_update` validity.until.
Result<std::string> buildCrl(std::span<const IndexEntry> revoked, std::uint64_t number, const Signer& issuer,
                             Validity validity);

}  // namespace sallyport::pki
