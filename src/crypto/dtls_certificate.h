// SPDX-License-Identifier: Apache-2.0
#pragma once
// The certificate we show in DTLS-SRTP (RFC 5763 5, RFC 8827 6.5): ECDSA P-256, signed by itself, naming nobody.
// What makes it worth anything is its fingerprint in the signalling. A new one every day, so that what is
// seen of it on the wire does not tell calls of different days to be ours.
//
// A DtlsCertificate is immutable and shared: whoever announced one in SDP holds it until the handshakes that were
// announced with it are over. DtlsCertificates is one for the process and may be asked from any thread.

#include <chrono>
#include <memory>
#include <mutex>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/certificate.h"
#include "crypto/certificate_fingerprint.h"
#include "crypto/openssl_ptr.h"

namespace sallyport::crypto {

class DtlsCertificate {
 public:
  // Valid from a day before `now`, for the clocks of others. Errors (internal): crypto.key.generation,
  // crypto.dtls.certificate, crypto.dtls.context.
  static Result<std::shared_ptr<const DtlsCertificate>> generate(WallTime now);

  const CertificateFingerprint& fingerprint() const { return fingerprint_; }  // sha-256, for a=fingerprint
  const Certificate& certificate() const { return identity_.leaf(); }
  SSL_CTX* context() const { return context_.get(); }  // for DtlsSession

 private:
  DtlsCertificate(LocalIdentity identity, SslContextPtr context);

  LocalIdentity identity_;
  CertificateFingerprint fingerprint_;
  SslContextPtr context_;
};

class DtlsCertificates {
 public:
  static constexpr std::chrono::hours kLife{24};

  // Today's. Made when there is none, and anew once it is kLife old. Errors: as of generate().
  Result<std::shared_ptr<const DtlsCertificate>> current(WallTime now);

 private:
  std::mutex mutex_;
  std::shared_ptr<const DtlsCertificate> current_;
  WallTime made_;
};

}  // namespace sallyport::crypto
