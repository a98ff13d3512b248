// SPDX-License-Identifier: Apache-2.0
#include "identity/digest_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "identity/digest_test_support.h"

namespace sallyport::identity {
namespace {

using namespace std::chrono_literals;
using test::kFlow;
using test::kNoon;
using test::kRealm;

class DigestServerTest : public testing::Test {
 protected:
  DigestServerTest() { policy_.realm = kRealm; }

  DigestAnswer answer(std::string username, std::string_view password = test::kPassword) {
    DigestAnswer fields;
    fields.username = std::move(username);
    fields.nonce = nonces_.issue(kFlow, kRealm, now_);
    fields.algorithm = DigestAlgorithm::sha256;
    return test::answered(fields, "REGISTER", password);
  }
  Result<DigestProof> verify(const DigestAnswer& answer, sip::FlowId flow = kFlow) {
    return server_.verify(policy_, *credentials_, answer, {"REGISTER", "sip:example.org", flow, now_});
  }
  std::string code(const DigestAnswer& answer, sip::FlowId flow = kFlow) {
    const auto proof = verify(answer, flow);
    return proof ? "" : proof.error().code;
  }

  WallTime now_ = kNoon;
  Nonces nonces_{test::secret("key")};
  NonceCounts counts_;
  DigestServer server_{nonces_, counts_};
  DigestPolicy policy_;
  CredentialStorePtr credentials_ = test::credentials();
};

TEST_F(DigestServerTest, ChallengesWithEachAlgorithmInTheOrderOfThePolicy) {
  policy_.algorithms = {DigestAlgorithm::sha512_256, DigestAlgorithm::sha256};
  const auto values = server_.challenges(policy_, kFlow, now_, Freshness::fresh);
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(DigestChallenge::parse(values[0])->algorithm, DigestAlgorithm::sha512_256);
  EXPECT_EQ(DigestChallenge::parse(values[1])->algorithm, DigestAlgorithm::sha256);
  EXPECT_EQ(values[0].find("stale"), std::string::npos);
  EXPECT_NE(server_.challenges(policy_, kFlow, now_, Freshness::stale)[0].find("stale=true"), std::string::npos);
}

TEST_F(DigestServerTest, BelievesWhoKnowsThePasswordAndProvesThatItKnewItToo) {
  for (const std::string name : {"alice", "alice@example.org"}) {
    const auto shown = answer(name);
    const auto proof = verify(shown);
    ASSERT_TRUE(proof) << describe(proof.error());
    EXPECT_EQ(proof->subject.identity, "alice@example.org");
    const auto info = DigestInfo::parse(proof->authentication_info);
    const auto ha1 = Ha1::of(DigestAlgorithm::sha256, name, kRealm, test::secret(test::kPassword));
    EXPECT_EQ(info->response, digestResponse(ha1, {shown.nonce, "00000001", shown.cnonce, "", "sip:example.org"}));
    EXPECT_EQ(info->next_nonce, "");
  }
}

TEST_F(DigestServerTest, BelievesAPeerWithMd5OnlyWhereThePolicySaysSo) {
  DigestAnswer fields;
  fields.username = "trunk7";
  fields.nonce = nonces_.issue(kFlow, kRealm, now_);
  const auto md5 = test::answered(fields, "REGISTER");
  EXPECT_EQ(code(md5), "identity.digest.wrong");
  policy_.algorithms = {DigestAlgorithm::sha256, DigestAlgorithm::md5};
  const auto proof = verify(md5);
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->subject.peer, "carrier");
}

TEST_F(DigestServerTest, HandsOutTheNextNonceWhenThisOneIsHalfUsedUp) {
  const auto shown = answer("alice");
  now_ += 151s;
  const auto proof = verify(shown);
  ASSERT_TRUE(proof);
  EXPECT_TRUE(nonces_.check(DigestInfo::parse(proof->authentication_info)->next_nonce, kFlow, kRealm));
}

TEST_F(DigestServerTest, RefusesAWrongPasswordAnUnknownUserAndAForeignRealmAlike) {
  EXPECT_EQ(code(answer("alice", "wrong")), "identity.digest.wrong");
  EXPECT_EQ(code(answer("mallory")), "identity.digest.wrong");
  auto foreign = answer("alice");
  foreign.realm = "example.com";
  EXPECT_EQ(code(test::answered(foreign, "REGISTER")), "identity.digest.wrong");
  EXPECT_EQ(code(foreign), "identity.digest.wrong");  // our realm's response under another realm's name
}

TEST_F(DigestServerTest, RefusesAResponseOfAnotherMethod) {
  auto shown = answer("alice");
  EXPECT_EQ(code(test::answered(shown, "INVITE")), "identity.digest.wrong");
}

TEST_F(DigestServerTest, RefusesAReplayAsStale) {
  const auto shown = answer("alice");
  EXPECT_EQ(code(shown), "");
  EXPECT_EQ(code(shown), "identity.digest.stale");
  auto next = shown;
  next.nonce_count = "00000002";
  EXPECT_EQ(code(test::answered(next, "REGISTER")), "");
}

TEST_F(DigestServerTest, RefusesANonceOfAnotherConnectionAsStale) {
  EXPECT_EQ(code(answer("alice"), sip::FlowId{8}), "identity.digest.stale");
}

TEST_F(DigestServerTest, RefusesAnExpiredNonceAsStale) {
  const auto shown = answer("alice");
  now_ += 301s;
  EXPECT_EQ(code(shown), "identity.digest.stale");
}

TEST_F(DigestServerTest, RefusesANonceOfItsClientsMakingAsStale) {
  auto shown = answer("alice");
  shown.nonce = "made by myself";
  EXPECT_EQ(code(test::answered(shown, "REGISTER")), "identity.digest.stale");
}

TEST_F(DigestServerTest, NeverSaysStaleToWhoDoesNotKnowThePassword) {
  const auto guess = answer("alice", "wrong");
  now_ += 301s;
  EXPECT_EQ(code(guess), "identity.digest.wrong");
  EXPECT_EQ(code(guess, sip::FlowId{8}), "identity.digest.wrong");
}

TEST_F(DigestServerTest, AWrongGuessUsesUpNoNonce) {
  auto shown = answer("alice", "wrong");
  EXPECT_EQ(code(shown), "identity.digest.wrong");
  EXPECT_EQ(counts_.size(), 0u);
  EXPECT_EQ(code(test::answered(shown, "REGISTER")), "");
}

TEST_F(DigestServerTest, RefusesASignatureOverAnotherUri) {
  auto shown = answer("alice");
  shown.uri = "sip:example.com";
  EXPECT_EQ(code(test::answered(shown, "REGISTER")), "identity.digest.uri");
}

TEST(DigestUri, NamesTheSameResourceAsTheRequestUri) {
  EXPECT_TRUE(isDigestUriOf("sip:bob@example.org", "sip:bob@example.org", "INVITE"));
  EXPECT_TRUE(isDigestUriOf("SIP:bob@EXAMPLE.org", "sip:bob@example.org;transport=tls", "INVITE"));
  EXPECT_TRUE(isDigestUriOf("tel:+4930123", "tel:+4930123", "INVITE"));
  EXPECT_FALSE(isDigestUriOf("sip:Bob@example.org", "sip:bob@example.org", "INVITE"));
  EXPECT_FALSE(isDigestUriOf("sip:bob@example.org:5071", "sip:bob@example.org", "INVITE"));
  EXPECT_FALSE(isDigestUriOf("sips:bob@example.org", "sip:bob@example.org", "INVITE"));
  EXPECT_FALSE(isDigestUriOf("*", "sip:bob@example.org", "INVITE"));
}

TEST(DigestUri, OfARegisterNamesTheDomain) {
  EXPECT_TRUE(isDigestUriOf("sips:Example.org:5061", "sip:example.org;transport=tls", "REGISTER"));
  EXPECT_FALSE(isDigestUriOf("sip:example.com", "sip:example.org", "REGISTER"));
}

// Two users over many turns, in turn so that both see the same machine: the time of an unknown user and of a wrong
// password may differ by noise, not by a step of the work.
TEST_F(DigestServerTest, TakesAsLongForAnUnknownUserAsForAWrongPassword) {
  const auto known = answer("alice", "wrong");
  const auto unknown = answer("malix", "wrong");
  const auto once = [this](const DigestAnswer& shown) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(code(shown), "identity.digest.wrong");
    return std::chrono::steady_clock::now() - begin;
  };
  std::vector<std::chrono::nanoseconds> of_known, of_unknown;
  for (int i = 0; i < 2'000; ++i) {
    of_known.push_back(once(known));
    of_unknown.push_back(once(unknown));
  }
  const auto median = [](std::vector<std::chrono::nanoseconds>& times) {
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    return static_cast<double>(times[times.size() / 2].count());
  };
  const auto ratio = median(of_known) / median(of_unknown);
  EXPECT_GT(ratio, 0.7);
  EXPECT_LT(ratio, 1.4);
}

}  // namespace
}  // namespace sallyport::identity
