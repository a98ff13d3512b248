// SPDX-License-Identifier: Apache-2.0
#pragma once
// What we speak in TLS, as dated constants: a posture is never edited once released, a new year gets a new
// one. Forward secrecy and AEAD only; nothing signs with SHA-1. OpenSSL's names, in order of preference.

#include <cstdint>

namespace sallyport::crypto {

struct TlsPosture {
  const char* name;
  int min_version;  // as on the wire: 0x0303 is TLS 1.2
  int max_version;
  const char* tls12_suites;
  const char* tls13_suites;
  const char* groups;
  const char* signature_algorithms;
};

// RFC 9325, less what SIP peers do not need. TLS 1.2 stays while Teams, Linphone and coturn speak nothing else.
inline constexpr TlsPosture kPosture2026{
    "2026",
    0x0303,
    0x0304,
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
    "X25519:P-256:P-384",
    "ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512",
};

}  // namespace sallyport::crypto
