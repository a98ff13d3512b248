// SPDX-License-Identifier: Apache-2.0
#pragma once
// Trust anchors: the CA certificates that may vouch for a peer, and the revocation lists that come with
// them. Immutable once made and shared by every worker; a reload makes a new set.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/certificate.h"
#include "crypto/openssl_ptr.h"

namespace sallyport::crypto {

class TrustAnchors {
 public:
  struct Files {
    std::vector<std::filesystem::path> anchors;  // PEM, one or more certificates each
    std::vector<std::filesystem::path> crls;     // PEM, one or more lists each
  };

  // An anchor need not be self-signed, but must be a CA. Errors: crypto.file.*, crypto.certificate.*,
  // crypto.crl.malformed, crypto.trust.not_a_ca, crypto.trust.crl_signature (a list claims to be an anchor's
  // and is not).
  static Result<std::shared_ptr<const TrustAnchors>> load(const Files& files);
  static Result<std::shared_ptr<const TrustAnchors>> parse(std::string_view anchors_pem,
                                                           std::string_view crls_pem = {});
  // Everything in `sets` together.
  static Result<std::shared_ptr<const TrustAnchors>> of(const std::vector<std::shared_ptr<const TrustAnchors>>& sets);

  const std::vector<Certificate>& certificates() const { return certificates_; }
  bool hasCrls() const { return !crls_.empty(); }
  std::size_t crlCount() const { return crls_.size(); }
  // When the first of the lists that are current now stops being so; nothing where there is none.
  std::optional<WallTime> crlsGoodUntil(WallTime now) const;

  X509_STORE* store() const { return store_.get(); }

 private:
  TrustAnchors() = default;
  static Result<std::shared_ptr<const TrustAnchors>> make(std::vector<Certificate> certificates,
                                                          std::vector<std::shared_ptr<X509_CRL>> crls);

  std::vector<Certificate> certificates_;
  std::vector<std::shared_ptr<X509_CRL>> crls_;
  std::vector<WallTime> next_updates_;
  X509StorePtr store_;
};

// Which extended key usage a leaf must allow. A leaf without the extension allows all of them.
// `any`: client or server, for peers whose CA issues only one of them.
enum class Eku : std::uint8_t { any, client, server };

// Where the anchors come with revocation lists: `hard` refuses a path with a certificate for which there is
// no current list, `soft` takes what the lists say and accepts the rest.
enum class RevocationRule : std::uint8_t { hard, soft };

struct VerificationPolicy {
  Eku eku = Eku::any;
  RevocationRule revocation = RevocationRule::hard;
  unsigned max_intermediates = 4;
};

}  // namespace sallyport::crypto
