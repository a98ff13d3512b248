// SPDX-License-Identifier: Apache-2.0
#include "identity/digest_client.h"

#include <gtest/gtest.h>

#include "identity/digest_test_support.h"

namespace sallyport::identity {
namespace {

using test::secret;

constexpr std::string_view kUri = "sip:carrier.example";

sip::Message response(int status, const std::vector<std::string>& challenges) {
  std::string text = "SIP/2.0 " + std::to_string(status) +
                     " No\r\n"
                     "Via: SIP/2.0/TLS edge.example.net:5061;branch=z9hG4bK74bf9\r\n"
                     "From: <sip:trunk7@carrier.example>;tag=1\r\nTo: <sip:trunk7@carrier.example>;tag=2\r\n"
                     "Call-ID: 1@edge.example.net\r\nCSeq: 1 REGISTER\r\n";
  for (const auto& challenge : challenges) {
    text += (status == 407 ? "Proxy-Authenticate: " : "WWW-Authenticate: ") + challenge + "\r\n";
  }
  auto message = sip::Message::parse(text + "Content-Length: 0\r\n\r\n");
  EXPECT_TRUE(message) << describe(message.error());
  return *std::move(message);
}

std::string challenge(std::string realm, DigestAlgorithm algorithm, Freshness freshness = Freshness::fresh) {
  return DigestChallenge{std::move(realm), "n1", "op", algorithm, freshness}.toString();
}

const std::string kSha256 = challenge("carrier.example", DigestAlgorithm::sha256);
const std::string kStale = challenge("carrier.example", DigestAlgorithm::sha256, Freshness::stale);

class DigestClientTest : public testing::Test {
 protected:
  static DigestAccount account() {
    return {"trunk7", "carrier.example", secret("open sesame"), {DigestAlgorithm::sha512_256, DigestAlgorithm::sha256}};
  }
  DigestAnswer answer(int status, const std::vector<std::string>& challenges) {
    const auto authorization = client_.answer(response(status, challenges), attempts_, "REGISTER", kUri);
    EXPECT_TRUE(authorization) << describe(authorization.error());
    auto answer = DigestAnswer::parse(authorization->value);
    EXPECT_TRUE(answer);
    return *std::move(answer);
  }
  std::string refusal(const std::vector<std::string>& challenges) {
    const auto authorization = client_.answer(response(401, challenges), attempts_, "REGISTER", kUri);
    return authorization ? "" : authorization.error().code;
  }

  DigestClient client_{account()};
  DigestAttempts attempts_;
};

TEST_F(DigestClientTest, HoldsTheServerToTheProofItGives) {
  const auto shown = answer(401, {kSha256});
  const auto ha1 = Ha1::of(DigestAlgorithm::sha256, "trunk7", "carrier.example", secret("open sesame"));
  const auto proof = [&](const Ha1& known) {
    return DigestInfo{{}, digestResponse(known, {"n1", "00000001", shown.cnonce, "", kUri}), shown.cnonce, "00000001"};
  };
  EXPECT_TRUE(client_.accept(proof(ha1).toString()));
  const auto guessed = Ha1::of(DigestAlgorithm::sha256, "trunk7", "carrier.example", secret("guessed"));
  for (const auto& wrong : {proof(guessed).toString(), std::string{"nextnonce=\"n2\""}, std::string{"\""}}) {
    EXPECT_STREQ(client_.accept(wrong).error().code, "identity.digest.server_not_proven") << wrong;
  }
}

TEST_F(DigestClientTest, AnswersAChallengeOfItsRealm) {
  const auto shown = answer(401, {kSha256});
  EXPECT_EQ(shown.username, "trunk7");
  EXPECT_EQ(shown.nonce, "n1");
  EXPECT_EQ(shown.opaque, "op");
  EXPECT_EQ(shown.count(), 1u);
  EXPECT_EQ(test::answered(shown, "REGISTER", "open sesame").response, shown.response);
}

TEST_F(DigestClientTest, AnswersAProxyInTheProxysHeader) {
  const auto to_proxy = client_.answer(response(407, {kSha256}), attempts_, "INVITE", kUri);
  ASSERT_TRUE(to_proxy);
  EXPECT_EQ(to_proxy->header, sip::HeaderId::proxyAuthorization);
  DigestAttempts others;
  EXPECT_EQ(client_.answer(response(401, {kSha256}), others, "INVITE", kUri)->header, sip::HeaderId::authorization);
}

TEST_F(DigestClientTest, ChoosesTheStrongestAlgorithmWhateverTheOrder) {
  const auto strong = challenge("carrier.example", DigestAlgorithm::sha512_256);
  const auto weak = challenge("carrier.example", DigestAlgorithm::md5);
  EXPECT_EQ(answer(401, {weak, kSha256, strong}).algorithm, DigestAlgorithm::sha512_256);
}

TEST_F(DigestClientTest, AnswersNoOtherRealm) {
  EXPECT_EQ(refusal({challenge("evil.example", DigestAlgorithm::sha256)}), "identity.digest.realm_foreign");
  EXPECT_EQ(refusal({}), "identity.digest.realm_foreign");
  EXPECT_EQ(answer(401, {challenge("evil.example", DigestAlgorithm::sha256), kSha256}).realm, "carrier.example");
}

TEST_F(DigestClientTest, AnswersMd5OnlyWhereItIsAllowed) {
  const auto weak = challenge("carrier.example", DigestAlgorithm::md5);
  EXPECT_EQ(refusal({weak}), "identity.digest.algorithm_refused");
  auto permissive = account();
  permissive.algorithms.push_back(DigestAlgorithm::md5);
  EXPECT_TRUE(DigestClient{std::move(permissive)}.answer(response(401, {weak}), attempts_, "REGISTER", kUri));
}

TEST_F(DigestClientTest, WithAHashAnswersItsAlgorithmOnly) {
  auto hashed = account();
  hashed.proof = Ha1::of(DigestAlgorithm::sha256, "trunk7", "carrier.example", secret("open sesame"));
  DigestClient client{std::move(hashed)};
  const auto strong = challenge("carrier.example", DigestAlgorithm::sha512_256);
  const auto authorization = client.answer(response(401, {strong, kSha256}), attempts_, "REGISTER", kUri);
  ASSERT_TRUE(authorization);
  const auto shown = DigestAnswer::parse(authorization->value);
  EXPECT_EQ(shown->algorithm, DigestAlgorithm::sha256);
  EXPECT_EQ(test::answered(*shown, "REGISTER", "open sesame").response, shown->response);
}

TEST_F(DigestClientTest, GivesUpWhenItsAnswerIsNotTaken) {
  answer(401, {kSha256});
  EXPECT_EQ(refusal({kSha256}), "identity.digest.rejected");
}

TEST_F(DigestClientTest, AnswersAStaleNonceOnceMoreAndNoMore) {
  answer(401, {kSha256});
  answer(401, {kStale});
  EXPECT_EQ(refusal({kStale}), "identity.digest.rejected");
}

TEST_F(DigestClientTest, SaysWhyTheOnlyChallengeCannotBeRead) {
  EXPECT_EQ(refusal({"Digest realm=\"carrier.example\", nonce=\"n\""}), "identity.digest.qop");
  EXPECT_EQ(refusal({"Basic realm=\"carrier.example\""}), "identity.digest.scheme");
}

TEST_F(DigestClientTest, CountsTheUsesOfANonceAndNeverRepeatsAClientNonce) {
  EXPECT_FALSE(client_.authorize("REGISTER", kUri));
  const auto first = answer(401, {kSha256});
  const auto again = client_.authorize("INVITE", "sip:bob@carrier.example");
  ASSERT_TRUE(again);
  const auto second = DigestAnswer::parse(again->value);
  EXPECT_EQ(second->count(), 2u);
  EXPECT_NE(second->cnonce, first.cnonce);
  EXPECT_EQ(test::answered(*second, "INVITE", "open sesame").response, second->response);
}

TEST_F(DigestClientTest, ForgetsANonceThatWasRejected) {
  answer(401, {kSha256});
  EXPECT_EQ(refusal({kSha256}), "identity.digest.rejected");
  EXPECT_FALSE(client_.authorize("REGISTER", kUri));
}

}  // namespace
}  // namespace sallyport::identity
