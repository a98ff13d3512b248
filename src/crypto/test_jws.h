// SPDX-License-Identifier: Apache-2.0
#pragma once
// JSON Web Keys and signatures for tests: any token an issuer, or somebody who says so, might make. Never part
// of the product.

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <string>
#include <string_view>
#include <vector>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/jws.h"
#include "crypto/openssl_ptr.h"
#include "crypto/test_certificates.h"

namespace sallyport::crypto::testing {

using Octets = std::vector<std::uint8_t>;

inline std::string base64UrlOf(std::string_view text) { return base64UrlEncode(bytesOf(text)); }

inline Octets numberOf(EVP_PKEY* key, const char* name, std::size_t size = 0) {
  BIGNUM* raw = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &raw), 1) << name;
  const BignumPtr number{raw};
  Octets bytes(size == 0 ? static_cast<std::size_t>(BN_num_bytes(raw)) : size);
  BN_bn2binpad(raw, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

inline Octets rawPublic(EVP_PKEY* key) {
  Octets bytes(64);
  auto size = bytes.size();
  EXPECT_EQ(EVP_PKEY_get_raw_public_key(key, bytes.data(), &size), 1);
  bytes.resize(size);
  return bytes;
}

// The members of a JWK that say which key it is, without braces: "kty":"EC",...
inline std::string jwkMembers(EVP_PKEY* key) {
  const auto member = [](std::string_view name, const Octets& value) {
    return "\"" + std::string{name} + "\":\"" + base64UrlEncode(value) + "\"";
  };
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    return "\"kty\":\"RSA\"," + member("n", numberOf(key, OSSL_PKEY_PARAM_RSA_N)) + "," +
           member("e", numberOf(key, OSSL_PKEY_PARAM_RSA_E));
  }
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return R"("kty":"OKP","crv":"Ed25519",)" + member("x", rawPublic(key));
  const auto coordinate = static_cast<std::size_t>(EVP_PKEY_get_bits(key) + 7) / 8;
  return "\"kty\":\"EC\",\"crv\":\"P-" + std::to_string(EVP_PKEY_get_bits(key)) + "\"," +
         member("x", numberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, coordinate)) + "," +
         member("y", numberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, coordinate));
}

inline Octets joseOf(const Octets& der, std::size_t coordinate) {
  const auto* at = der.data();
  const OpensslPtr<ECDSA_SIG, ECDSA_SIG_free> pair{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
  Octets jose(2 * coordinate);
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), jose.data(), static_cast<int>(coordinate));
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), jose.data() + coordinate, static_cast<int>(coordinate));
  return jose;
}

inline Octets jwsSignature(EVP_PKEY* key, JwsAlgorithm algorithm, std::string_view text) {
  const OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free> context{EVP_MD_CTX_new()};
  const EVP_MD* digest = algorithm == JwsAlgorithm::es384 ? EVP_sha384() : EVP_sha256();
  EVP_PKEY_CTX* options = nullptr;
  EXPECT_EQ(
      EVP_DigestSignInit(context.get(), &options, algorithm == JwsAlgorithm::eddsa ? nullptr : digest, nullptr, key),
      1);
  if (algorithm == JwsAlgorithm::ps256) {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
  }
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, data, text.size()), 1);
  Octets signature(size);
  EXPECT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, data, text.size()), 1);
  signature.resize(size);
  if (algorithm == JwsAlgorithm::es256) return joseOf(signature, 32);
  if (algorithm == JwsAlgorithm::es384) return joseOf(signature, 48);
  return signature;
}

// header.claims.signature
inline std::string jws(EVP_PKEY* key, JwsAlgorithm algorithm, std::string_view header, std::string_view claims) {
  const auto text = base64UrlOf(header) + "." + base64UrlOf(claims);
  return text + "." + base64UrlEncode(jwsSignature(key, algorithm, text));
}

}  // namespace sallyport::crypto::testing
