// SPDX-License-Identifier: Apache-2.0
#pragma once
// TLS as Sallyport speaks it (RFC 8446, RFC 5246 with RFC 9325; RFC 5922 for identity), on OpenSSL. A
// context makes SSL objects that verify their peer inside the handshake: the handshake fails unless a
// PeerDirectory vouches. A server always shows a certificate and a client must, unless the listener says that
// those without one may prove themselves by other means; a certificate that is shown is judged all the same. There is
// no renegotiation, no compression, no early data, and no resumption of any form: every connection proves its peer anew
// against today's trust.
//
// A context is shared by all workers; its functions may be called from any thread. Replacing what it holds
// concerns handshakes that begin afterwards, except that peers are looked up at the moment of verification.
// SSL objects keep what they need alive and belong to one thread each.

#include <openssl/ssl.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/certificate.h"
#include "crypto/openssl_ptr.h"
#include "crypto/peer_directory.h"
#include "crypto/tls_posture.h"
#include "crypto/verified_peer.h"

namespace sallyport::crypto {

enum class ClientCertificates : std::uint8_t {
  required,
  optional,
  notAsked,  // for browsers, which would ask their user which one to show
};

struct TlsServerSettings {
  std::vector<LocalIdentity> identities;       // one, or one EC and one RSA
  std::shared_ptr<const PeerDirectory> peers;  // never null
  const Clock* clock = nullptr;                // outlives the context
  TlsPosture posture = kPosture2026;
  ClientCertificates client_certificates = ClientCertificates::required;
  std::string alpn = "sip";  // a client that offers ALPN must offer it (RFC 7301); one that offers none is served
};

class TlsServerContext {
 public:
  // Errors (misconfigured): tls.identity.none, tls.identity.duplicate (two of a kind), tls.identity.refused,
  // tls.posture.refused.
  static Result<std::unique_ptr<TlsServerContext>> create(TlsServerSettings settings);
  ~TlsServerContext();

  // In accept state, without a BIO. Error: tls.session.failed (out of memory).
  Result<SslPtr> newSession() const;

  void replacePeers(std::shared_ptr<const PeerDirectory> peers);
  Status replaceIdentities(std::vector<LocalIdentity> identities);  // all or nothing; errors as of create()

 private:
  struct Shared;
  explicit TlsServerContext(std::unique_ptr<Shared> shared);
  std::unique_ptr<Shared> shared_;
};

struct TlsClientSettings {
  std::optional<LocalIdentity> identity = std::nullopt;  // unset: connects without a certificate
  std::shared_ptr<const PeerDirectory> peers;            // of the one peer expected there; never null
  const Clock* clock = nullptr;                          // outlives the context
  TlsPosture posture = kPosture2026;
  std::string server_name = {};  // SNI (RFC 6066 3), a DNS name; empty: none sent
  std::string alpn = "sip";      // offered; empty: none
};

class TlsClientContext {
 public:
  // Errors: as of TlsServerContext::create(), and tls.server_name.malformed.
  static Result<std::unique_ptr<TlsClientContext>> create(TlsClientSettings settings);
  ~TlsClientContext();

  // In connect state, without a BIO. Error: tls.session.failed.
  Result<SslPtr> newSession() const;

  void replacePeers(std::shared_ptr<const PeerDirectory> peers);
  Status replaceIdentity(std::optional<LocalIdentity> identity);

 private:
  struct Shared;
  explicit TlsClientContext(std::unique_ptr<Shared> shared);
  std::unique_ptr<Shared> shared_;
};

// Whom the completed handshake proved. The error of the verification where it failed, and
// tls.handshake.incomplete before it ended; tls.handshake.no_certificate where a client showed none and may.
Result<VerifiedPeer> peerOf(const SSL* session);
// The handshake is complete and the client showed no certificate.
bool isAnonymous(const SSL* session);

// Why a handshake (or a later read or write) failed, after SSL_do_handshake returned `SSL_ERROR_SSL` or
// `SSL_ERROR_SYSCALL`; drains the error queue. The verification's own error where that is what failed, else:
// tls.handshake.not_tls, .version, .no_shared_cipher, .no_certificate, .alpn, .too_large, .closed (end of stream),
// .alert (the peer refused us; the detail names its alert), .protocol.
Error handshakeError(const SSL* session);

// What was negotiated. Static storage, except alpn, which lives as long as `session`.
struct TlsSessionFacts {
  std::string_view version;  // "TLSv1.3"
  std::string_view suite;    // "TLS_AES_256_GCM_SHA384"
  std::string_view group;    // "x25519"; empty when unknown
  std::string_view alpn;     // "sip"; empty when none
};
TlsSessionFacts factsOf(SSL* session);

}  // namespace sallyport::crypto
