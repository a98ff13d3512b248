// SPDX-License-Identifier: Apache-2.0
#include "crypto/jws.h"

#include <gtest/gtest.h>

#include "crypto/test_jws.h"

namespace sallyport::crypto {
namespace {

using testing::jwsSignature;
using testing::makeKey;
using testing::numberOf;
using testing::Octets;
using testing::rawPublic;

constexpr std::string_view kText = "header.claims";

Result<JwsKey> publicOf(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    return JwsKey::rsa(numberOf(key, OSSL_PKEY_PARAM_RSA_N), numberOf(key, OSSL_PKEY_PARAM_RSA_E));
  }
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return JwsKey::ed25519(rawPublic(key));
  const bool is_p256 = EVP_PKEY_get_bits(key) == 256;
  const std::size_t size = is_p256 ? 32 : 48;
  return JwsKey::ec(is_p256 ? JwsCurve::p256 : JwsCurve::p384, numberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, size),
                    numberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, size));
}

std::string verdict(const JwsKey& key, JwsAlgorithm algorithm, std::string_view text, const Octets& signature) {
  const auto held = key.verify(algorithm, text, signature);
  return held ? "ok" : held.error().code;
}

template <typename T>
std::string codeOf(const Result<T>& result) {
  return result ? "ok" : result.error().code;
}

struct Kind {
  const char* key;
  JwsAlgorithm algorithm;
};

class JwsOfEveryKind : public ::testing::TestWithParam<Kind> {};

TEST_P(JwsOfEveryKind, AcceptsWhatWasSignedAndNothingElse) {
  const auto key = makeKey(GetParam().key);
  const auto algorithm = GetParam().algorithm;
  const auto known = publicOf(key.get());
  ASSERT_TRUE(known) << describe(known.error());
  ASSERT_TRUE(known->serves(algorithm));
  const auto signature = jwsSignature(key.get(), algorithm, kText);
  EXPECT_EQ(verdict(*known, algorithm, kText, signature), "ok");
  EXPECT_EQ(verdict(*known, algorithm, "header.claimz", signature), "crypto.jws.signature");
  EXPECT_EQ(verdict(*known, algorithm, "", signature), "crypto.jws.signature");
  for (const std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
    auto bent = signature;
    bent[at] ^= 1;
    EXPECT_EQ(verdict(*known, algorithm, kText, bent), "crypto.jws.signature") << at;
  }
  auto longer = signature;
  longer.push_back(0);
  EXPECT_EQ(verdict(*known, algorithm, kText, longer), "crypto.jws.signature");
  longer.resize(signature.size() - 1);
  EXPECT_EQ(verdict(*known, algorithm, kText, longer), "crypto.jws.signature");
  EXPECT_EQ(verdict(*known, algorithm, kText, {}), "crypto.jws.signature");
  EXPECT_EQ(verdict(*known, algorithm, kText, Octets(signature.size())), "crypto.jws.signature");
  EXPECT_EQ(verdict(*publicOf(makeKey(GetParam().key).get()), algorithm, kText, signature), "crypto.jws.signature");
}

TEST_P(JwsOfEveryKind, ServesNoAlgorithmOfAnotherKind) {
  const auto known = publicOf(makeKey(GetParam().key).get());
  for (const auto algorithm :
       {JwsAlgorithm::es256, JwsAlgorithm::es384, JwsAlgorithm::rs256, JwsAlgorithm::ps256, JwsAlgorithm::eddsa}) {
    if (known->serves(algorithm)) continue;
    EXPECT_EQ(verdict(*known, algorithm, kText, Octets(64)), "crypto.jws.algorithm") << toString(algorithm);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, JwsOfEveryKind,
                         ::testing::Values(Kind{"P-256", JwsAlgorithm::es256}, Kind{"P-384", JwsAlgorithm::es384},
                                           Kind{"RSA-2048", JwsAlgorithm::rs256}, Kind{"RSA-2048", JwsAlgorithm::ps256},
                                           Kind{"ED25519", JwsAlgorithm::eddsa}),
                         [](const auto& test) { return std::string{toString(test.param.algorithm)}; });

TEST(JwsAlgorithmTest, KnowsFiveNamesAndNoOther) {
  for (const auto* name : {"ES256", "ES384", "RS256", "PS256", "EdDSA"}) {
    EXPECT_EQ(toString(*jwsAlgorithmFrom(name)), name);
  }
  for (const auto* name : {"none", "None", "", "HS256", "HS512", "es256", "RS512", "ES256K", "RS1"}) {
    EXPECT_FALSE(jwsAlgorithmFrom(name)) << name;
  }
}

TEST(JwsKeyTest, ASignatureWithTheOtherPaddingOfRsaIsNone) {
  const auto key = makeKey("RSA-2048");
  const auto known = publicOf(key.get());
  EXPECT_EQ(verdict(*known, JwsAlgorithm::ps256, kText, jwsSignature(key.get(), JwsAlgorithm::rs256, kText)),
            "crypto.jws.signature");
  EXPECT_EQ(verdict(*known, JwsAlgorithm::rs256, kText, jwsSignature(key.get(), JwsAlgorithm::ps256, kText)),
            "crypto.jws.signature");
}

TEST(JwsKeyTest, RefusesAPointThatIsNotOnItsCurve) {
  const auto key = makeKey("P-256");
  const auto x = numberOf(key.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32);
  auto y = numberOf(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32);
  y.back() ^= 1;
  EXPECT_EQ(codeOf(JwsKey::ec(JwsCurve::p256, x, y)), "crypto.jws.key_malformed");
  EXPECT_EQ(codeOf(JwsKey::ec(JwsCurve::p256, Octets(32), Octets(32))), "crypto.jws.key_malformed");
  EXPECT_EQ(codeOf(JwsKey::ec(JwsCurve::p384, x, x)), "crypto.jws.key_malformed");
  EXPECT_EQ(codeOf(JwsKey::ec(JwsCurve::p256, Octets(31, 1), x)), "crypto.jws.key_malformed");
}

TEST(JwsKeyTest, RefusesRsaThatIsTooShortTooLongOrHasABadExponent) {
  const auto rsa = [](const PkeyPtr& key, const Octets& exponent) {
    return codeOf(JwsKey::rsa(numberOf(key.get(), OSSL_PKEY_PARAM_RSA_N), exponent));
  };
  const Octets f4{1, 0, 1};
  const auto key = makeKey("RSA-2048");
  EXPECT_EQ(rsa(key, f4), "ok");
  EXPECT_EQ(rsa(makeKey("RSA-1024"), f4), "crypto.jws.key_weak");
  for (const auto& exponent : {Octets{3}, Octets{1}, Octets{1, 0, 2}, Octets{}, Octets(40, 255)}) {
    EXPECT_EQ(rsa(key, exponent), "crypto.jws.key_weak");
  }
  EXPECT_EQ(codeOf(JwsKey::rsa(Octets(1'025, 255), f4)), "crypto.jws.key_weak");
  EXPECT_EQ(codeOf(JwsKey::rsa({}, f4)), "crypto.jws.key_weak");
  auto even = numberOf(key.get(), OSSL_PKEY_PARAM_RSA_N);
  even.back() &= 0xfe;
  EXPECT_EQ(codeOf(JwsKey::rsa(even, f4)), "crypto.jws.key_malformed");
}

TEST(JwsKeyTest, RefusesAnEd25519KeyOfAnotherSize) {
  EXPECT_EQ(codeOf(JwsKey::ed25519(Octets(31))), "crypto.jws.key_malformed");
  EXPECT_EQ(codeOf(JwsKey::ed25519(Octets(33))), "crypto.jws.key_malformed");
}

// RFC 8037 appendix A.4 with the key of A.2.
TEST(JwsKeyTest, AcceptsTheExampleOfRfc8037) {
  const auto key = JwsKey::ed25519(*base64UrlDecode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
  const auto signature =
      *base64UrlDecode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  EXPECT_EQ(verdict(*key, JwsAlgorithm::eddsa, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", signature),
            "ok");
}

}  // namespace
}  // namespace sallyport::crypto
