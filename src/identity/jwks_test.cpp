// SPDX-License-Identifier: Apache-2.0
#include "identity/jwks.h"

#include <gtest/gtest.h>

#include "identity/token_test_support.h"

namespace sallyport::identity {
namespace {

using namespace testing;

std::string codeOf(std::string_view text) {
  const auto keys = parseJwks(text);
  return keys ? "ok" : keys.error().code;
}

std::string with(std::string_view more) { return setOf({jwkOf("P-256", "good"), jwkOf("RSA-2048", "other", more)}); }

TEST(JwksTest, FindsAKeyOfEveryKindByItsKid) {
  const auto keys = issuerKeys();
  EXPECT_EQ(keys->size(), 5u);
  EXPECT_TRUE(keys->find("ec")->key.serves(JwsAlgorithm::es256));
  EXPECT_TRUE(keys->find("ec384")->key.serves(JwsAlgorithm::es384));
  EXPECT_TRUE(keys->find("rsa")->key.serves(JwsAlgorithm::rs256));
  EXPECT_TRUE(keys->find("ed")->key.serves(JwsAlgorithm::eddsa));
  EXPECT_FALSE(keys->find("rsa")->algorithm);
  EXPECT_EQ(keys->find("pss-only")->algorithm, JwsAlgorithm::ps256);
  EXPECT_EQ(keys->find("EC"), nullptr);
  EXPECT_EQ(keys->find(""), nullptr);
}

TEST(JwksTest, LeavesOutWhatIsNotForSignaturesOfOurs) {
  for (const auto* more : {R"(,"use":"enc")", R"(,"key_ops":["encrypt"])", R"(,"key_ops":"verify")", R"(,"use":1)",
                           R"(,"alg":"RS512")", R"(,"alg":"RSA-OAEP")", R"(,"alg":1)"}) {
    const auto keys = parseJwks(with(more));
    ASSERT_TRUE(keys) << more << describe(keys.error());
    EXPECT_EQ((*keys)->size(), 1u) << more;
  }
  for (const auto* more :
       {R"(,"use":"sig")", R"(,"key_ops":["sign","verify"])", R"(,"alg":"RS256")", R"(,"x5c":["AA=="])"}) {
    EXPECT_EQ((*parseJwks(with(more)))->size(), 2u) << more;
  }
  const auto foreign = parseJwks(setOf({jwkOf("P-256", "good"), R"({"kty":"EC","crv":"P-521","x":"AA","y":"AA"})",
                                        R"({"kty":"OKP","crv":"X25519","x":"AA"})", R"({"kty":"future"})"}));
  ASSERT_TRUE(foreign) << describe(foreign.error());
  EXPECT_EQ((*foreign)->size(), 1u);
}

TEST(JwksTest, RefusesTwoKeysOfOneKidAndAKeyWithoutOne) {
  EXPECT_EQ(codeOf(setOf({jwkOf("P-256", "a"), jwkOf("P-384", "a")})), "identity.jwks.kid");
  EXPECT_EQ(codeOf(setOf({jwkOf("P-256", "")})), "identity.jwks.kid");
  EXPECT_EQ(codeOf(setOf({"{" + crypto::testing::jwkMembers(keyFor("P-256")) + "}"})), "identity.jwks.kid");
  EXPECT_EQ(codeOf(setOf({jwkOf("P-256", std::string(257, 'k'))})), "identity.jwks.kid");
}

TEST(JwksTest, RefusesSecretsInAPublicSet) {
  EXPECT_EQ(codeOf(with(R"(,"d":"AAAA")")), "identity.jwks.private");
  EXPECT_EQ(codeOf(setOf({jwkOf("P-256", "a"), R"({"kty":"oct","k":"AAAA","kid":"b"})"})), "identity.jwks.private");
}

TEST(JwksTest, RefusesKeysOfOursThatAreBrokenOrWeak) {
  for (const auto* key :
       {R"({"kid":"a"})", R"({"kty":7,"kid":"a"})", R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"a"})",
        R"({"kty":"EC","crv":"P-256","x":"AA","kid":"a"})", R"({"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a"})",
        R"({"kty":"RSA","n":"AQ+B","e":"AQAB","kid":"a"})", R"({"kty":"OKP","crv":"Ed25519","x":"AA","kid":"a"})"}) {
    EXPECT_EQ(codeOf(setOf({key})), "identity.jwks.key") << key;
  }
  EXPECT_EQ(codeOf(setOf({jwkOf("RSA-1024", "a")})), "identity.jwks.key");
  EXPECT_EQ(codeOf(with(R"(,"alg":"ES256")")), "identity.jwks.key");
}

TEST(JwksTest, RefusesWhatIsNoKeySetAndWhatIsTooLarge) {
  for (const auto* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[1]})", R"({"keys":[],"keys":[]})"}) {
    EXPECT_EQ(codeOf(text), "identity.jwks.malformed") << text;
  }
  EXPECT_EQ(codeOf(R"({"keys":[]})"), "identity.jwks.none");
  EXPECT_EQ(codeOf(setOf({R"({"kty":"future"})"})), "identity.jwks.none");
  EXPECT_EQ(codeOf(setOf(std::vector<std::string>(65, R"({"kty":"future"})"))), "identity.jwks.too_large");
  EXPECT_EQ(codeOf(std::string(256 * 1024 + 1, ' ')), "identity.jwks.too_large");
}

}  // namespace
}  // namespace sallyport::identity
