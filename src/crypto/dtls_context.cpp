// SPDX-License-Identifier: Apache-2.0
#include "crypto/dtls_context.h"

#include <openssl/err.h>

#include "crypto/openssl_error.h"
#include "crypto/tls_posture.h"

namespace sallyport::crypto {
namespace {

constexpr long kMaxPeerChainBytes = 16L * 1024;  // a peer's to fill

// No path is validated: the fingerprint is the whole trust (RFC 5763 6.7), and dates are no part of it.
int judgePeer(X509_STORE_CTX* verification, void*) {
  const auto* session =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* judge = static_cast<DtlsJudge*>(SSL_get_app_data(session));
  X509* shown = X509_STORE_CTX_get0_cert(verification);
  const bool admitted = judge != nullptr && shown != nullptr && judge->admits(Certificate::share(shown));
  if (!admitted) X509_STORE_CTX_set_error(verification, X509_V_ERR_APPLICATION_VERIFICATION);
  return admitted ? 1 : 0;
}

}  // namespace

Result<SslContextPtr> makeDtlsContext(const LocalIdentity& identity) {
  ERR_clear_error();
  SslContextPtr context{SSL_CTX_new(DTLS_method())};
  const bool built =
      context && SSL_CTX_set_min_proto_version(context.get(), DTLS1_2_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(context.get(), DTLS1_2_VERSION) == 1 &&
      SSL_CTX_set_cipher_list(context.get(), kPosture2026.tls12_suites) == 1 &&
      SSL_CTX_set1_groups_list(context.get(), kPosture2026.groups) == 1 &&
      SSL_CTX_set1_sigalgs_list(context.get(), kPosture2026.signature_algorithms) == 1 &&
      SSL_CTX_use_cert_and_key(context.get(), identity.leaf().handle(), identity.key().handle(), nullptr, 1) == 1;
  if (!built) return opensslError(ErrorKind::internal, "crypto.dtls.context", kPosture2026.name);
  SSL_CTX_set_security_level(context.get(), 2);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_QUERY_MTU);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_max_cert_list(context.get(), kMaxPeerChainBytes);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), judgePeer, nullptr);
  return context;
}

}  // namespace sallyport::crypto
