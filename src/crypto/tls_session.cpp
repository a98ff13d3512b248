// SPDX-License-Identifier: Apache-2.0
// What a session's end or its success says, in our words.
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/tls1.h>

#include "crypto/openssl_error.h"
#include "crypto/tls_context.h"
#include "crypto/tls_verification.h"

namespace sallyport::crypto {
namespace {

constexpr int kAlertReasons = 1000;  // SSL_AD_REASON_OFFSET: reasons above it are alerts received

struct Cause {
  ErrorKind kind;
  const char* code;
};

// Of the SSL library's reasons; anything unknown is the peer's broken protocol.
Cause causeOf(int reason) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER: return {ErrorKind::peerMisbehaved, "tls.handshake.not_tls"};
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_INAPPROPRIATE_FALLBACK: return {ErrorKind::peerDenied, "tls.handshake.version"};
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_WRONG_SIGNATURE_TYPE: return {ErrorKind::peerDenied, "tls.handshake.no_shared_cipher"};
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_NO_CERTIFICATES_RETURNED: return {ErrorKind::peerDenied, "tls.handshake.no_certificate"};
    case SSL_R_NO_APPLICATION_PROTOCOL: return {ErrorKind::peerDenied, "tls.handshake.alpn"};
    case SSL_R_EXCESSIVE_MESSAGE_SIZE: return {ErrorKind::peerMisbehaved, "tls.handshake.too_large"};
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return {ErrorKind::unavailable, "tls.handshake.closed"};
    default: break;
  }
  if (reason >= kAlertReasons) return {ErrorKind::peerDenied, "tls.handshake.alert"};
  return {ErrorKind::peerMisbehaved, "tls.handshake.protocol"};
}

}  // namespace

Result<VerifiedPeer> peerOf(const SSL* session) {
  const auto* verdict = TlsVerification::verdictOf(session);
  if (verdict != nullptr && !*verdict) return verdict->error();
  if (isAnonymous(session)) return Error{ErrorKind::peerDenied, "tls.handshake.no_certificate", ""};
  if (verdict == nullptr || SSL_is_init_finished(session) == 0) {
    return Error{ErrorKind::internal, "tls.handshake.incomplete", SSL_state_string_long(session)};
  }
  return **verdict;
}

bool isAnonymous(const SSL* session) {
  return SSL_is_init_finished(session) != 0 && SSL_is_server(session) != 0 &&
         TlsVerification::verdictOf(session) == nullptr && SSL_get0_peer_certificate(session) == nullptr;
}

Error handshakeError(const SSL* session) {
  const auto* verdict = TlsVerification::verdictOf(session);
  if (verdict != nullptr && !*verdict) {
    ERR_clear_error();
    return verdict->error();
  }
  const auto first = ERR_peek_error();
  if (first == 0) return {ErrorKind::unavailable, "tls.handshake.closed", SSL_state_string_long(session)};
  if (ERR_GET_LIB(first) != ERR_LIB_SSL) {
    return opensslError(ErrorKind::peerMisbehaved, "tls.handshake.protocol", SSL_state_string_long(session));
  }
  const int reason = ERR_GET_REASON(first);
  const auto cause = causeOf(reason);
  if (reason < kAlertReasons) return opensslError(cause.kind, cause.code, SSL_state_string_long(session));
  ERR_clear_error();
  return {cause.kind, cause.code, std::string{"the peer says: "} + SSL_alert_desc_string_long(reason - kAlertReasons)};
}

TlsSessionFacts factsOf(SSL* session) {
  TlsSessionFacts facts;
  facts.version = SSL_get_version(session);
  if (const auto* suite = SSL_get_current_cipher(session)) facts.suite = SSL_CIPHER_get_name(suite);
  const auto group = SSL_get_negotiated_group(session);
  if (group != 0) {
    if (const char* name = SSL_group_to_name(session, static_cast<int>(group))) facts.group = name;
  }
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session, &alpn, &size);
  if (size > 0) facts.alpn = {reinterpret_cast<const char*>(alpn), size};
  return facts;
}

}  // namespace sallyport::crypto
