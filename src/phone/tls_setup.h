// SPDX-License-Identifier: Apache-2.0
#pragma once
// The phone's end of the zero-trust bargain: its own certificate and key where it has them, the CA it believes, and the
// one identity it expects at the other end, whichever side connects (RFC 5922). Loaded once at start.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "crypto/certificate.h"
#include "crypto/tls_context.h"

namespace sallyport::phone {

struct TlsFiles {
  std::string certificate;  // PEM chain, leaf first; empty: none is shown
  std::string key;          // PEM, readable by its owner alone
  std::string ca;           // PEM anchors
};

// "dns:edge.example.com", "ip:192.0.2.1", "uri:sip:example.com". Error (misconfigured): "phone.san.malformed".
Result<crypto::SubjectAltName> parseSan(std::string_view text);

class TlsSetup {
 public:
  // Without `expected` the peer must be the edge of our own domain: dns:<domain> of the sip: URI in our
  // certificate. Errors: crypto.*, peers.*, tls.*, and "phone.san.needed" when there is no such URI.
  static Result<TlsSetup> load(const TlsFiles& files, std::optional<crypto::SubjectAltName> expected,
                               const Clock& clock);
  static Result<TlsSetup> make(std::optional<crypto::LocalIdentity> identity,
                               std::shared_ptr<const crypto::TrustAnchors> anchors,
                               std::optional<crypto::SubjectAltName> expected, const Clock& clock);

  const crypto::SubjectAltName& expected() const { return expected_; }
  // The sip: URI in our certificate, "" when it names none.
  const std::string& ownUri() const { return own_uri_; }

  // Error (misconfigured): "phone.certificate.needed", as nobody can connect to whom has none.
  Result<std::shared_ptr<const crypto::TlsServerContext>> serverContext() const;
  // `server_name` is sent as SNI; empty: the expected DNS name, if it is one.
  Result<std::shared_ptr<const crypto::TlsClientContext>> clientContext(std::string server_name) const;

 private:
  TlsSetup(std::optional<crypto::LocalIdentity> identity, std::shared_ptr<const crypto::PeerDirectory> peers,
           crypto::SubjectAltName expected, std::string own_uri, const Clock& clock)
      : identity_(std::move(identity)),
        peers_(std::move(peers)),
        expected_(std::move(expected)),
        own_uri_(std::move(own_uri)),
        clock_(&clock) {}

  std::optional<crypto::LocalIdentity> identity_;
  std::shared_ptr<const crypto::PeerDirectory> peers_;
  crypto::SubjectAltName expected_;
  std::string own_uri_;
  const Clock* clock_;
};

}  // namespace sallyport::phone
