// SPDX-License-Identifier: Apache-2.0
#pragma once
// One DTLS 1.2 session with the use_srtp extension (RFC 6347, RFC 5764) on OpenSSL: datagrams in, datagrams out, the
// peer's certificate and the keys that come of it. It knows neither addresses nor time. When to repeat a
// flight, when to give up and whether the certificate is the announced one before keys are used: that is
// media::DtlsAssociation.
//
// Owned by one association, on one thread; not movable, OpenSSL points into it.

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"
#include "crypto/certificate_fingerprint.h"
#include "crypto/datagram_bio.h"
#include "crypto/dtls_certificate.h"
#include "crypto/dtls_context.h"
#include "crypto/dtls_role.h"
#include "crypto/srtp_suite.h"
#include "crypto/tls_context.h"

namespace sallyport::crypto {

// The suites that are DTLS-SRTP protection profiles (RFC 5764 4.1.2, RFC 7714 14.2), strongest first.
inline constexpr std::array kDtlsSrtpSuites{SrtpSuite::aeadAes256Gcm, SrtpSuite::aeadAes128Gcm,
                                            SrtpSuite::aesCm128HmacSha1_80};

struct DtlsSessionSettings {
  std::shared_ptr<const DtlsCertificate> certificate;  // never null; held until the session ends
  DtlsRole role = DtlsRole::server;
  std::vector<SrtpSuite> suites{kDtlsSrtpSuites.begin(), kDtlsSrtpSuites.end()};  // preferred first
  std::chrono::microseconds first_timeout = std::chrono::seconds{1};  // what the library's own timer begins with
};

// RFC 5764 4.2: master key and master salt of what either end sends.
struct DtlsSrtpMaterial {
  SrtpSuite suite = SrtpSuite::aeadAes256Gcm;
  Secret client;
  Secret server;
};

class DtlsSession final : private DtlsJudge {
 public:
  // Errors: dtls.srtp.no_profile (misconfigured: no suite that DTLS could agree), dtls.session.failed (internal).
  static Result<std::unique_ptr<DtlsSession>> create(DtlsSessionSettings settings);
  ~DtlsSession();

  // The certificates that the handshake admits from now on. Unset: any, for the time being.
  void announce(std::vector<CertificateFingerprint> announced) { announced_ = std::move(announced); }

  // A client says hello. Error: as of receive().
  Status start();
  // One datagram. After an error there is nothing more to be done with the session but sending what is
  // outgoing. Errors: dtls.fingerprint.mismatch, dtls.certificate.weak_key, those of handshakeError(), and at the
  // end of the handshake dtls.srtp.no_profile, dtls.extended_master_secret.missing (RFC 7627).
  Status receive(Bytes datagram);
  // Our last flight again: in new records where the library's own clock agrees that it is time, else byte for byte.
  void repeatFlight();
  void close();  // close_notify

  std::vector<Datagram> takeOutgoing() { return std::exchange(port_.outgoing, {}); }

  bool complete() const { return complete_; }
  bool closedByPeer() const { return closed_; }  // what says so was encrypted
  const std::optional<Certificate>& peer() const { return peer_; }
  Result<DtlsSrtpMaterial> exportKeys() const;  // when complete. Error: dtls.export.failed (internal)
  TlsSessionFacts facts() const { return factsOf(session_.get()); }

 private:
  explicit DtlsSession(DtlsSessionSettings settings);
  bool admits(const Certificate& certificate) override;
  bool prepare();
  Status advance();
  Status checkOutcome();
  void readOn();
  static unsigned nextTimeout(SSL* session, unsigned microseconds);

  DtlsSessionSettings settings_;
  DatagramPort port_;
  SslPtr session_;
  std::vector<CertificateFingerprint> announced_;
  std::optional<Certificate> peer_;
  std::optional<Error> refusal_;  // of the certificate
  std::vector<Datagram> last_flight_;
  bool complete_ = false;
  bool closed_ = false;
};

}  // namespace sallyport::crypto
