// SPDX-License-Identifier: Apache-2.0
#include "identity/authenticator.h"

#include <gtest/gtest.h>

#include "identity/authenticator_test_support.h"
#include "identity/scram_client.h"
#include "identity/scram_text.h"

namespace sallyport::identity::test {
namespace {

using namespace std::chrono_literals;

TEST_F(AuthenticatorTest, WhoShowsNothingIsChallengedAndHasNotFailed) {
  const auto challenge = challengeFrom(authenticate({}));
  EXPECT_EQ(challenge.status, 401);
  ASSERT_EQ(challenge.headers.size(), 2u);
  EXPECT_EQ(challenge.headers[0].first, sip::HeaderId::wwwAuthenticate);
  EXPECT_TRUE(DigestChallenge::parse(challenge.headers[0].second));
  EXPECT_EQ(challenge.failure, Failure::none);
  EXPECT_EQ(challenge.failed_identity, "");
}

TEST_F(AuthenticatorTest, ABlankFormIsNoAnswer) {
  const auto outcome = authenticate({"Digest username=\"a\", realm=\"r\", nonce=\"\", uri=\"sip:r\", response=\"\""});
  EXPECT_EQ(challengeFrom(outcome).failure, Failure::none);
}

TEST_F(AuthenticatorTest, ARightAnswerMakesAPrincipalAndIsAnsweredWithOurProof) {
  const auto outcome = authenticate({digest("alice")});
  const auto principal = principalFrom(outcome);
  EXPECT_EQ(principal.identity(), "alice@example.org");
  EXPECT_EQ(principal.kind(), PeerKind::device);
  EXPECT_EQ(principal.proofs(), Proofs{Proof::digest});
  EXPECT_EQ(principal.remark(), "SHA-256");
  const auto& headers = std::get<Authenticated>(outcome).answer_headers;
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers[0].first, sip::HeaderId::authenticationInfo);
}

TEST_F(AuthenticatorTest, AWrongPasswordIsAFailureOfThatName) {
  const auto challenge = challengeFrom(authenticate({digest("alice", "wrong")}));
  EXPECT_EQ(challenge.failure, Failure::wrong);
  EXPECT_EQ(challenge.failed_identity, "alice@example.org");
}

// Byte for byte but for the nonces, which are random for everybody.
TEST_F(AuthenticatorTest, AnUnknownUserIsAnsweredAsAWrongPasswordIs) {
  const auto shape = [this](const Challenge& challenge) {
    std::string text;
    for (const auto& [id, value] : challenge.headers) {
      auto parsed = DigestChallenge::parse(value);
      EXPECT_TRUE(nonces_.check(parsed->nonce, flow_, kRealm));
      text += value.substr(0, value.find("nonce=")) + value.substr(value.find(", algorithm")) +
              std::to_string(value.size()) + "\n";
    }
    return std::to_string(challenge.status) + "\n" + text;
  };
  const auto wrong = shape(challengeFrom(authenticate({digest("alice", "wrong")})));
  EXPECT_EQ(shape(challengeFrom(authenticate({digest("mallory")}))), wrong);
  auto foreign = DigestAnswer::parse(digest("alice"));
  foreign->realm = "example.com";
  EXPECT_EQ(shape(challengeFrom(authenticate({answered(*foreign, "REGISTER").toString()}))), wrong);
  EXPECT_EQ(shape(challengeFrom(authenticate({}))), wrong);
}

TEST_F(AuthenticatorTest, AnOldNonceIsAskedForAgainAndIsNoFailure) {
  const auto late = digest("alice");
  now_ += 301s;
  const auto challenge = challengeFrom(authenticate({late}));
  EXPECT_EQ(challenge.failure, Failure::stale);
  EXPECT_EQ(DigestChallenge::parse(challenge.headers[0].second)->freshness, Freshness::stale);
}

TEST_F(AuthenticatorTest, AnAnswerTakenFromAnotherConnectionIsNotTaken) {
  const auto stolen = digest("alice");
  flow_ = sip::FlowId{99};
  EXPECT_EQ(challengeFrom(authenticate({stolen})).failure, Failure::stale);
}

TEST_F(AuthenticatorTest, AnAnswerIsTakenOnce) {
  const auto once = digest("alice");
  principalFrom(authenticate({once}));
  EXPECT_EQ(challengeFrom(authenticate({once})).failure, Failure::stale);
}

TEST_F(AuthenticatorTest, OfSeveralAnswersThatOfOurRealmCounts) {
  auto foreign = *DigestAnswer::parse(digest("alice"));
  foreign.realm = "core.example";
  EXPECT_EQ(principalFrom(authenticate({foreign.toString(), digest("alice")})).identity(), "alice@example.org");
  EXPECT_EQ(refusal(authenticate({digest("alice"), digest("bob")})), "400 identity.digest.repeated");
}

TEST_F(AuthenticatorTest, ABrokenAnswerIsRefused) {
  EXPECT_EQ(refusal(authenticate({"Digest username=\"alice\""})), "400 identity.digest.missing");
  auto elsewhere = *DigestAnswer::parse(digest("alice"));
  elsewhere.uri = "sip:example.com";
  EXPECT_EQ(refusal(authenticate({answered(elsewhere, "REGISTER").toString()})), "400 identity.digest.uri");
}

TEST_F(AuthenticatorTest, AnEstablishedPrincipalIsNotAskedAgain) {
  established_ = principalFrom(authenticate({digest("alice")}));
  const auto outcome = authenticate({}, "INVITE");
  EXPECT_EQ(principalFrom(outcome).identity(), "alice@example.org");
  EXPECT_TRUE(std::get<Authenticated>(outcome).answer_headers.empty());
}

TEST_F(AuthenticatorTest, AConnectionDoesNotChangeHands) {
  established_ = principalFrom(authenticate({digest("alice")}));
  EXPECT_EQ(refusal(authenticate({digest("bob")})), "403 identity.flow.other_principal");
  EXPECT_EQ(refusal(authenticate({digest("mallory", "wrong")})), "403 identity.flow.other_principal");
  EXPECT_EQ(principalFrom(authenticate({digest("alice@example.org")})).identity(), "alice@example.org");
}

TEST_F(AuthenticatorTest, ACertificateAndAPasswordMustNameTheSame) {
  policy_.any_of = {{Proof::certificate, Proof::digest}};
  established_ = certified("alice@example.org");
  EXPECT_EQ(refusal(authenticate({digest("bob")})), "403 identity.flow.other_principal");
  const auto principal = principalFrom(authenticate({digest("alice")}));
  EXPECT_EQ(principal.proofs().toString(), "certificate and digest");
  EXPECT_EQ(principal.identity(), "alice@example.org");
}

TEST_F(AuthenticatorTest, WhatIsDemandedTogetherIsNotGivenForOneOfThem) {
  policy_.any_of = {{Proof::certificate, Proof::digest}};
  established_ = certified("alice@example.org");
  EXPECT_EQ(challengeFrom(authenticate({})).failure, Failure::none);
  established_.reset();
  EXPECT_EQ(refusal(authenticate({digest("alice")})), "403 identity.proof.missing");
}

TEST_F(AuthenticatorTest, AnyAlternativeThatIsWholeIsEnough) {
  policy_.any_of = {{Proof::certificate}, {Proof::digest}};
  EXPECT_EQ(principalFrom(authenticate({digest("alice")})).proofs(), Proofs{Proof::digest});
  established_ = certified("alice@example.org");
  EXPECT_EQ(principalFrom(authenticate({})).proofs(), Proofs{Proof::certificate});
}

TEST_F(AuthenticatorTest, NothingIsEnoughWhereThePolicyNamesNothing) {
  policy_.any_of.clear();
  EXPECT_EQ(refusal(authenticate({digest("alice")})), "403 identity.proof.missing");
  policy_.any_of = {Proofs{}};
  EXPECT_EQ(refusal(authenticate({digest("alice")})), "403 identity.proof.missing");
}

TEST_F(AuthenticatorTest, NoSchemeIsAskedForThatIsNotConfigured) {
  policy_.any_of = {{Proof::token}, {Proof::scram}, {Proof::network}};
  EXPECT_EQ(refusal(authenticate({})), "403 identity.proof.missing");
  policy_.any_of = {{Proof::digest}};
  policy_.credentials.reset();
  EXPECT_EQ(refusal(authenticate({})), "403 identity.proof.missing");
}

TEST_F(AuthenticatorTest, AckAndCancelAreNeverChallenged) {
  EXPECT_EQ(refusal(authenticate({}, "ACK")), "403 identity.proof.missing");
  EXPECT_EQ(refusal(authenticate({}, "CANCEL")), "403 identity.proof.missing");
  established_ = principalFrom(authenticate({digest("alice")}));
  EXPECT_EQ(principalFrom(authenticate({}, "ACK")).identity(), "alice@example.org");
}

TEST_F(AuthenticatorTest, APeerOfANetworkProvesItselfWithItsOwnPasswordAndMd5IsRemarked) {
  policy_.any_of = {{Proof::network, Proof::digest}};
  policy_.digest.algorithms = {DigestAlgorithm::sha256, DigestAlgorithm::md5};
  established_ = Principal::fromSourceNetwork("carrier");
  DigestAnswer fields;
  fields.username = "trunk7";
  fields.nonce = nonces_.issue(flow_, kRealm, now_);
  const auto shown = answered(fields, "REGISTER").toString();
  const auto principal = principalFrom(authenticate({shown}));
  EXPECT_EQ(principal.peer(), "carrier");
  EXPECT_EQ(principal.identity(), "net:carrier");
  EXPECT_EQ(principal.remark(), "MD5");
  established_ = Principal::fromSourceNetwork("othercarrier");
  fields.nonce_count = "00000002";
  EXPECT_EQ(refusal(authenticate({answered(fields, "REGISTER").toString()})), "403 identity.flow.other_principal");
}

TEST_F(AuthenticatorTest, APeerIsTakenForItselfWhateverAnswersItCarries) {
  policy_.any_of = {{Proof::certificate}};
  established_ = certified("carrier");
  EXPECT_EQ(principalFrom(authenticate({digest("bob")})).peer(), "carrier");
}

TEST_F(AuthenticatorTest, ThatMd5IsAllowedIsRemarkedEvenWhenItIsNotUsed) {
  policy_.digest.algorithms = {DigestAlgorithm::sha256, DigestAlgorithm::md5};
  EXPECT_EQ(principalFrom(authenticate({digest("alice")})).remark(), "SHA-256 with MD5 allowed");
}

class AuthenticatorScramTest : public AuthenticatorTest {
 protected:
  AuthenticatorScramTest() {
    CredentialRequest request;
    request.identity = "alice@example.org";
    request.digests.clear();
    request.scram_iterations = kScramMinIterations;
    auto store = CredentialStore::parse(textOf(*credentialLines(request, secret(kPassword))), secret("key"));
    policy_.credentials = std::make_shared<const CredentialStore>(*std::move(store));
    policy_.any_of = {{Proof::scram}};
    policy_.scram = *ScramMechanism::make({std::string{kRealm}, kScramMinIterations}, secret("a key of 16 bytes"));
  }
  // A whole exchange: the outcome of its last request.
  Outcome exchange(const std::string& user, std::string_view password = kPassword) {
    ScramClient client{{std::string{kRealm}, user, secret(password)}};
    const auto first = challengeFrom(authenticate({})).headers.at(0).second;
    const auto second = challengeFrom(authenticate({*client.begin(first)})).headers.at(0).second;
    return authenticate({*client.answer(second)});
  }
};

TEST_F(AuthenticatorScramTest, AnExchangeMakesAPrincipalWithOurProofInTheAnswer) {
  const auto outcome = exchange("alice");
  EXPECT_EQ(principalFrom(outcome).identity(), "alice@example.org");
  EXPECT_EQ(principalFrom(outcome).proofs(), Proofs{Proof::scram});
  EXPECT_EQ(std::get<Authenticated>(outcome).answer_headers.at(0).first, sip::HeaderId::authenticationInfo);
}

TEST_F(AuthenticatorScramTest, AWrongPasswordAndAnUnknownUserFailAlike) {
  const auto wrong = challengeFrom(exchange("alice", "wrong"));
  EXPECT_EQ(wrong.failure, Failure::wrong);
  EXPECT_EQ(wrong.failed_identity, "alice@example.org");
  const auto unknown = challengeFrom(exchange("mallory"));
  EXPECT_EQ(unknown.failure, Failure::wrong);
  EXPECT_EQ(unknown.failed_identity, "mallory@example.org");
  EXPECT_EQ(unknown.headers, wrong.headers);
}

// One user has one salt however the name is written, and so must one whom nobody knows.
TEST_F(AuthenticatorScramTest, AnUnknownNameHasOneSaltInAllItsSpellingsAsAKnownOneHas) {
  const auto saltOf = [this](const std::string& user) {
    ScramClient client{{std::string{kRealm}, user, secret("no matter")}};
    const auto first = challengeFrom(authenticate({})).headers.at(0).second;
    const auto header = challengeFrom(authenticate({*client.begin(first)})).headers.at(0).second;
    const auto message = *scramMessageIn(*AuthParams::parse(header));
    return message.substr(message.find(",s="));
  };
  for (const std::string user : {"alice", "mallory"}) {
    EXPECT_EQ(saltOf(user), saltOf(user + "@example.org")) << user;
    EXPECT_EQ(saltOf(user), saltOf(user + "@Example.ORG")) << user;
  }
  EXPECT_NE(saltOf("alice"), saltOf("mallory"));
}

TEST_F(AuthenticatorScramTest, AnExchangeEndsWithItsConnection) {
  ScramClient client{{std::string{kRealm}, "alice", secret(kPassword)}};
  const auto first = challengeFrom(authenticate({})).headers.at(0).second;
  const auto second = challengeFrom(authenticate({*client.begin(first)})).headers.at(0).second;
  authenticator_.flowClosed(flow_);
  EXPECT_EQ(challengeFrom(authenticate({*client.answer(second)})).failure, Failure::stale);
}

TEST_F(AuthenticatorScramTest, IsAskedForBesideDigestWhereEitherWillDo) {
  policy_.any_of = {{Proof::scram}, {Proof::digest}};
  const auto headers = challengeFrom(authenticate({})).headers;
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_TRUE(headers[0].second.starts_with("SCRAM-SHA-256"));
  EXPECT_TRUE(headers[1].second.starts_with("Digest"));
}

TEST_F(AuthenticatorTest, APasswordsProofStandsAsLongAsItsVerifiersDo) {
  const auto principal = principalFrom(authenticate({digest("alice")}));
  const auto after = [&](const std::string& text) {
    policy_.credentials = std::make_shared<const CredentialStore>(
        *CredentialStore::parse(text, secret("a key of this process, 32 bytes.")));
    return stillStands(principal, policy_);
  };
  const auto alice = lineFor("alice@example.org", "", {DigestAlgorithm::sha256, DigestAlgorithm::sha512_256});
  const auto bob = lineFor("bob@example.org", "", {DigestAlgorithm::sha256});
  EXPECT_TRUE(after(bob + alice));
  EXPECT_STREQ(after(bob).error().code, "identity.proof.withdrawn");
  EXPECT_STREQ(after(lineFor("alice@example.org", "", {DigestAlgorithm::sha256})).error().code,
               "identity.proof.withdrawn");
  policy_.credentials.reset();
  EXPECT_STREQ(stillStands(principal, policy_).error().code, "identity.proof.withdrawn");
  EXPECT_TRUE(stillStands(certified("alice@example.org"), policy_));
}

TEST_F(AuthenticatorTest, ThePasswordBesideACertificateMayBeWithdrawnAlone) {
  established_ = certified("carrier");
  policy_.any_of = {{Proof::certificate, Proof::digest}};
  policy_.digest.algorithms = {DigestAlgorithm::md5};
  DigestAnswer fields;
  fields.username = "trunk7";
  fields.nonce = nonces_.issue(flow_, kRealm, now_);
  fields.algorithm = DigestAlgorithm::md5;
  const auto principal = principalFrom(authenticate({answered(fields, "REGISTER").toString()}));
  EXPECT_EQ(principal.identity(), "dns:sbc.carrier.test");
  EXPECT_TRUE(stillStands(principal, policy_));
  policy_.credentials = std::make_shared<const CredentialStore>(secret("a key of this process, 32 bytes."));
  EXPECT_STREQ(stillStands(principal, policy_).error().code, "identity.proof.withdrawn");
}

}  // namespace
}  // namespace sallyport::identity::test
