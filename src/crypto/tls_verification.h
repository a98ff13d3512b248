// SPDX-License-Identifier: Apache-2.0
#pragma once
// What connects an SSL_CTX with the PeerDirectory: the directory of the moment, and the verification that
// OpenSSL calls inside the handshake. For the sources of tls_context only.

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/peer_directory.h"
#include "crypto/tls_context.h"

namespace sallyport::crypto {

class TlsVerification {
 public:
  // `alpn` is the one application protocol spoken; empty: none is negotiated.
  TlsVerification(PeerRole peer_role, const Clock& clock, std::string alpn, std::shared_ptr<const PeerDirectory> peers)
      : peer_role_(peer_role), clock_(clock), alpn_(std::move(alpn)), peers_(std::move(peers)) {}

  std::shared_ptr<const PeerDirectory> peers() const {
    const std::lock_guard lock{mutex_};
    return peers_;
  }
  void replacePeers(std::shared_ptr<const PeerDirectory> peers) {
    const std::lock_guard lock{mutex_};
    peers_.swap(peers);
  }

  // Has `context` verify the peer's certificate, demand one unless it is optional, and settle ALPN; it and its
  // sessions keep `self` alive.
  static Status install(SSL_CTX* context, const std::shared_ptr<const TlsVerification>& self,
                        ClientCertificates certificates);

  // The outcome in this session; null before the peer's certificate came.
  static const Result<VerifiedPeer>* verdictOf(const SSL* session);

 private:
  static int verify(X509_STORE_CTX* chain, void* self);
  static int selectAlpn(SSL* session, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                        unsigned int offered_size, void* self);
  Status settleAlpn(SSL_CTX* context) const;
  Result<VerifiedPeer> judge(X509_STORE_CTX* chain) const;

  const PeerRole peer_role_;
  const Clock& clock_;
  const std::string alpn_;
  mutable std::mutex mutex_;
  std::shared_ptr<const PeerDirectory> peers_;
};

}  // namespace sallyport::crypto
