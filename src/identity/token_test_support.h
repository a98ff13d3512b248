// SPDX-License-Identifier: Apache-2.0
#pragma once
// An issuer with one key of each kind, for the tests of tokens. Never part of the product.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/test_jws.h"
#include "identity/jwks.h"

namespace sallyport::identity::testing {

using crypto::JwsAlgorithm;

// Made once: RSA keys take their time.
inline EVP_PKEY* keyFor(const std::string& kind) {
  static std::map<std::string, crypto::PkeyPtr> keys;
  auto& key = keys[kind];
  if (!key) key = crypto::testing::makeKey(kind);
  return key.get();
}

// One JWK; `more` are further members, each with a comma before it.
inline std::string jwkOf(const std::string& kind, std::string_view kid, std::string_view more = {}) {
  return "{" + crypto::testing::jwkMembers(keyFor(kind)) + ",\"kid\":\"" + std::string{kid} + "\"" + std::string{more} +
         "}";
}

inline std::string setOf(const std::vector<std::string>& keys) {
  std::string text = "{\"keys\":[";
  for (const auto& key : keys) text += (text.back() == '[' ? "" : ",") + key;
  return text + "]}";
}

inline JwksPtr issuerKeys() {
  auto keys = parseJwks(setOf({jwkOf("P-256", "ec"), jwkOf("P-384", "ec384"), jwkOf("RSA-2048", "rsa"),
                               jwkOf("ED25519", "ed"), jwkOf("RSA-2048", "pss-only", ",\"alg\":\"PS256\"")}));
  EXPECT_TRUE(keys) << describe(keys.error());
  return *std::move(keys);
}

inline std::string headerOf(JwsAlgorithm algorithm, std::string_view kid, std::string_view more = {}) {
  return "{\"alg\":\"" + std::string{crypto::toString(algorithm)} + "\",\"kid\":\"" + std::string{kid} + "\"" +
         std::string{more} + "}";
}

// Signed with the key "ec".
inline std::string tokenOf(std::string_view claims, std::string_view header_more = {}) {
  return crypto::testing::jws(keyFor("P-256"), JwsAlgorithm::es256, headerOf(JwsAlgorithm::es256, "ec", header_more),
                              claims);
}

}  // namespace sallyport::identity::testing
