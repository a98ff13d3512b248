// SPDX-License-Identifier: Apache-2.0
#include "crypto/tls_verification.h"

#include <openssl/x509_vfy.h>

#include <exception>
#include <string_view>
#include <vector>

#include "crypto/openssl_error.h"

namespace sallyport::crypto {
namespace {

using Verdict = Result<VerifiedPeer>;
using Owner = std::shared_ptr<const TlsVerification>;

void freeVerdict(void*, void* verdict, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Verdict*>(verdict); }
void freeOwner(void*, void* owner, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Owner*>(owner); }

int verdictSlot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, freeVerdict);
  return slot;
}
int ownerSlot() {
  static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, freeOwner);
  return slot;
}

// OpenSSL turns the verification error into the alert (RFC 8446 6.2): a stranger learns no more than the
// class of the refusal, a peer's operator learns which of the usual mistakes it was.
int alertCauseOf(std::string_view code) {
  struct Cause {
    std::string_view code;
    int error;
  };
  static constexpr Cause kCauses[] = {
      {"tls.certificate.expired", X509_V_ERR_CERT_HAS_EXPIRED},
      {"tls.certificate.not_yet_valid", X509_V_ERR_CERT_NOT_YET_VALID},
      {"tls.certificate.revoked", X509_V_ERR_CERT_REVOKED},
      {"tls.certificate.untrusted_issuer", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
      {"tls.certificate.bad_signature", X509_V_ERR_CERT_SIGNATURE_FAILURE},
      {"tls.certificate.wrong_eku", X509_V_ERR_INVALID_PURPOSE},
      {"tls.certificate.key_usage", X509_V_ERR_INVALID_PURPOSE},
      {"tls.certificate.weak_key", X509_V_ERR_EE_KEY_TOO_SMALL},
      {"tls.certificate.weak_signature", X509_V_ERR_CA_MD_TOO_WEAK},
  };
  for (const auto& cause : kCauses) {
    if (cause.code == code) return cause.error;
  }
  constexpr std::string_view kCertificate = "tls.certificate.";
  return code.starts_with(kCertificate) ? X509_V_ERR_CERT_REJECTED : X509_V_ERR_APPLICATION_VERIFICATION;
}

int demandOf(ClientCertificates certificates) {
  switch (certificates) {
    case ClientCertificates::required: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case ClientCertificates::optional: return SSL_VERIFY_PEER;
    case ClientCertificates::notAsked: return SSL_VERIFY_NONE;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

}  // namespace

Status TlsVerification::install(SSL_CTX* context, const Owner& self, ClientCertificates certificates) {
  auto owner = std::make_unique<Owner>(self);
  if (SSL_CTX_set_ex_data(context, ownerSlot(), owner.get()) != 1) {
    return opensslError(ErrorKind::internal, "tls.context.failed", "ex_data");
  }
  auto* verification = const_cast<TlsVerification*>(owner.release()->get());  // OpenSSL's void*, used as const
  SSL_CTX_set_verify(context, demandOf(certificates), nullptr);
  SSL_CTX_set_cert_verify_callback(context, &TlsVerification::verify, verification);
  return verification->settleAlpn(context);
}

Status TlsVerification::settleAlpn(SSL_CTX* context) const {
  constexpr std::size_t kMaxName = 255;
  if (alpn_.empty()) return success();
  if (alpn_.size() > kMaxName) return Error{ErrorKind::misconfigured, "tls.posture.refused", "ALPN: " + alpn_};
  if (peer_role_ == PeerRole::client) {
    SSL_CTX_set_alpn_select_cb(context, &TlsVerification::selectAlpn, const_cast<TlsVerification*>(this));
    return success();
  }
  const std::string offer = static_cast<char>(alpn_.size()) + alpn_;
  const auto* bytes = reinterpret_cast<const unsigned char*>(offer.data());
  if (SSL_CTX_set_alpn_protos(context, bytes, static_cast<unsigned>(offer.size())) == 0) return success();
  return opensslError(ErrorKind::internal, "tls.context.failed", "ALPN");
}

// RFC 7301 3.2: a client that names only other protocols is not talking to us. This is also what keeps a
// browser's request for another service from being taken for SIP.
int TlsVerification::selectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                                unsigned int offered_size, void* self) {
  const std::string_view ours{static_cast<const TlsVerification*>(self)->alpn_};
  for (unsigned at = 0; at < offered_size;) {  // OpenSSL has checked that the lengths add up
    const unsigned char* value = offered + at + 1;
    if (std::string_view{reinterpret_cast<const char*>(value), offered[at]} == ours) {
      *out = value;
      *out_size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
    at += offered[at] + 1u;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

const Verdict* TlsVerification::verdictOf(const SSL* session) {
  return static_cast<const Verdict*>(SSL_get_ex_data(session, verdictSlot()));
}

Result<VerifiedPeer> TlsVerification::judge(X509_STORE_CTX* chain) const {
  X509* leaf = X509_STORE_CTX_get0_cert(chain);
  if (leaf == nullptr) return Error{ErrorKind::peerDenied, "tls.handshake.no_certificate", ""};
  std::vector<Certificate> intermediates;
  const STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(chain);
  for (int i = 0; i < sk_X509_num(shown); ++i) {  // the stack begins with the leaf
    if (sk_X509_value(shown, i) != leaf) intermediates.push_back(Certificate::share(sk_X509_value(shown, i)));
  }
  return peers()->identify(Certificate::share(leaf), intermediates, peer_role_, clock_.wall());
}

int TlsVerification::verify(X509_STORE_CTX* chain, void* self) {
  auto* session = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509_STORE_CTX_set_error(chain, X509_V_ERR_UNSPECIFIED);
  try {
    auto verdict = std::make_unique<Verdict>(static_cast<const TlsVerification*>(self)->judge(chain));
    const bool proven = verdict->ok();
    X509_STORE_CTX_set_error(chain, proven ? X509_V_OK : alertCauseOf(verdict->error().code));
    freeVerdict(nullptr, SSL_get_ex_data(session, verdictSlot()), nullptr, 0, 0, nullptr);
    if (SSL_set_ex_data(session, verdictSlot(), verdict.get()) != 1) return 0;
    verdict.release();
    return proven ? 1 : 0;
  } catch (const std::exception&) {  // out of memory, or the enrolment predicate's: the handshake fails closed
    return 0;
  }
}

}  // namespace sallyport::crypto
