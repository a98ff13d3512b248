// SPDX-License-Identifier: Apache-2.0
#pragma once
// The SSL_CTX behind a DtlsCertificate: DTLS 1.2 with the posture of TLS (tls_posture.h), certificates of both
// sides, no renegotiation, no compression, no resumption. Internal to the room.

#include <openssl/ssl.h>

#include "core/result.h"
#include "crypto/certificate.h"
#include "crypto/openssl_ptr.h"

namespace sallyport::crypto {

// Who says in the handshake whether the peer's certificate will do. The SSL object's application data.
class DtlsJudge {
 public:
  virtual bool admits(const Certificate& certificate) = 0;

 protected:
  ~DtlsJudge() = default;
};

// Sessions of the context must have a DtlsJudge before their handshake begins. Error: crypto.dtls.context (internal).
Result<SslContextPtr> makeDtlsContext(const LocalIdentity& identity);

}  // namespace sallyport::crypto
