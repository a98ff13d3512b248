// SPDX-License-Identifier: Apache-2.0
// Bearer tokens among the proofs that an Authenticator weighs.
#include <gtest/gtest.h>

#include "identity/authenticator_test_support.h"
#include "identity/token_test_support.h"

namespace sallyport::identity::test {
namespace {

using namespace std::chrono_literals;

class AuthenticatorTokenTest : public AuthenticatorTest {
 protected:
  AuthenticatorTokenTest() {
    TokenPolicy tokens;
    tokens.issuer = "https://idp.test";
    tokens.audiences = {"sallyport"};
    tokens.domain = tokens.realm = "example.org";
    tokens.leeway = 0s;
    policy_.any_of = {{Proof::token}};
    policy_.tokens =
        std::make_shared<const TokenVerifier>(tokens, testing::issuerKeys(), std::make_shared<TokenBindings>());
  }
  // Good from kNoon for ten minutes.
  static std::string token(const std::string& user) {
    return "Bearer " + testing::tokenOf("{\"iss\":\"https://idp.test\",\"aud\":\"sallyport\",\"sub\":\"" + user +
                                        "\",\"iat\":1800000000,\"exp\":1800000600}");
  }
};

TEST_F(AuthenticatorTokenTest, ATokenMakesAPrincipalThatEndsWithIt) {
  const auto principal = principalFrom(authenticate({token("alice@example.org")}));
  EXPECT_EQ(principal.identity(), "alice@example.org");
  EXPECT_EQ(principal.proofs(), Proofs{Proof::token});
  EXPECT_EQ(principal.expires(), kNoon + 600s);
}

TEST_F(AuthenticatorTokenTest, WhenItHasExpiredAnotherOfTheSameUserIsAskedFor) {
  established_ = principalFrom(authenticate({token("alice@example.org")}));
  now_ += 599s;
  principalFrom(authenticate({}));
  now_ += 1s;
  const auto challenge = challengeFrom(authenticate({}));
  EXPECT_EQ(challenge.failure, Failure::none);
  EXPECT_TRUE(challenge.headers.at(0).second.starts_with("Bearer "));
  EXPECT_EQ(challengeFrom(authenticate({token("alice@example.org")})).failure, Failure::stale);
}

TEST_F(AuthenticatorTokenTest, AProofStandsAsLongAsItsKeyIsOneOfTheIssuers) {
  const auto keys = std::make_shared<IssuerKeys>(testing::issuerKeys());
  const auto principal = principalFrom(authenticate({token("alice@example.org")}));
  policy_.tokens = std::make_shared<const TokenVerifier>(TokenPolicy{}, keys, std::make_shared<TokenBindings>());
  EXPECT_TRUE(stillStands(principal, policy_));
  keys->replace(*parseJwks(testing::setOf({testing::jwkOf("P-256", "under another name")})));
  EXPECT_TRUE(stillStands(principal, policy_));
  keys->replace(*parseJwks(testing::setOf({testing::jwkOf("P-384", "ec")})));
  EXPECT_STREQ(stillStands(principal, policy_).error().code, "identity.proof.withdrawn");
  policy_.tokens.reset();
  EXPECT_STREQ(stillStands(principal, policy_).error().code, "identity.proof.withdrawn");
}

TEST_F(AuthenticatorTokenTest, WithoutTheIssuersKeysNobodyIsAtFault) {
  const auto keys = std::make_shared<IssuerKeys>();
  policy_.tokens = std::make_shared<const TokenVerifier>(TokenPolicy{}, keys, std::make_shared<TokenBindings>());
  EXPECT_EQ(refusal(authenticate({token("alice@example.org")})), "503 identity.token.no_keys");
  EXPECT_EQ(keys->missed(), 0u);
  keys->replace(*parseJwks(testing::setOf({testing::jwkOf("P-384", "another")})));
  EXPECT_EQ(challengeFrom(authenticate({token("alice@example.org")})).failure, Failure::wrong);
  EXPECT_EQ(keys->missed(), 1u);  // time to look for newer ones
}

TEST_F(AuthenticatorTokenTest, AWrongTokenIsAFailure) {
  const auto challenge = challengeFrom(authenticate({token("alice@example.com")}));
  EXPECT_EQ(challenge.failure, Failure::wrong);
  EXPECT_NE(challenge.headers.at(0).second.find("invalid_token"), std::string::npos);
  EXPECT_EQ(refusal(authenticate({"Bearer x"})), "400 identity.token.malformed");
}

TEST_F(AuthenticatorTokenTest, TogetherWithAPasswordBothAreAskedForAndBothMustNameTheSame) {
  policy_.any_of = {{Proof::digest, Proof::token}};
  EXPECT_EQ(challengeFrom(authenticate({})).headers.size(), 3u);
  const auto half = challengeFrom(authenticate({digest("alice")}));
  ASSERT_EQ(half.headers.size(), 1u);
  EXPECT_TRUE(half.headers[0].second.starts_with("Bearer "));
  EXPECT_EQ(half.failure, Failure::none);
  EXPECT_EQ(refusal(authenticate({digest("bob"), token("alice@example.org")})), "403 identity.flow.other_principal");
  const auto principal = principalFrom(authenticate({digest("alice"), token("alice@example.org")}));
  EXPECT_EQ(principal.proofs().toString(), "digest and token");
  EXPECT_EQ(principal.expires(), kNoon + 600s);
}

TEST_F(AuthenticatorTokenTest, AnExpiredTokenLeavesWhatTheConnectionItselfShows) {
  policy_.any_of = {{Proof::certificate, Proof::token}};
  established_ = certified("alice@example.org");
  established_ = principalFrom(authenticate({token("alice@example.org")}));
  EXPECT_EQ(established_->proofs().toString(), "certificate and token");
  now_ += 600s;
  EXPECT_EQ(challengeFrom(authenticate({})).failure, Failure::none);
  policy_.any_of.push_back({Proof::certificate});
  EXPECT_EQ(principalFrom(authenticate({})).identity(), "alice@example.org");
}

TEST_F(AuthenticatorTokenTest, ACertificateOfOneAndATokenOfAnotherAreRefused) {
  policy_.any_of = {{Proof::certificate, Proof::token}};
  established_ = certified("alice@example.org");
  EXPECT_EQ(refusal(authenticate({token("bob@example.org")})), "403 identity.flow.other_principal");
}

}  // namespace
}  // namespace sallyport::identity::test
