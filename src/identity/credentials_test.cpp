// SPDX-License-Identifier: Apache-2.0
#include "identity/credentials.h"

#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "identity/digest_test_support.h"

namespace sallyport::identity {
namespace {

using test::kPassword;
using test::kRealm;
using test::secret;

const std::string kHash(64, 'a');

Result<CredentialStore> parsed(std::string_view text) { return CredentialStore::parse(text, secret("key")); }

std::string refusal(std::string_view text) {
  const auto store = parsed(text);
  return store ? "" : describe(store.error());
}

TEST(Credentials, KnowADeviceByItsUserAndByItsWholeName) {
  const auto store = test::credentials();
  for (const std::string_view name : {"alice", "alice@example.org", "alice@Example.ORG"}) {
    const auto verifier = store->digest({name, "example.org"}, kRealm, DigestAlgorithm::sha256);
    EXPECT_EQ(verifier.known, Known::yes) << name;
    EXPECT_EQ(verifier.subject.identity, "alice@example.org");
    EXPECT_EQ(verifier.subject.peer, crypto::kDevicePeerName);
    EXPECT_EQ(verifier.subject.kind, crypto::PeerKind::device);
  }
  const auto full = store->digest({"alice@example.org", "x"}, kRealm, DigestAlgorithm::sha512_256);
  EXPECT_EQ(full.ha1.bytes, Ha1::of(DigestAlgorithm::sha512_256, "alice@example.org", kRealm, secret(kPassword)).bytes);
}

TEST(Credentials, KnowAPeerByItsUsername) {
  const auto verifier = test::credentials()->digest({"trunk7", "example.org"}, kRealm, DigestAlgorithm::md5);
  EXPECT_EQ(verifier.known, Known::yes);
  EXPECT_EQ(verifier.subject.kind, crypto::PeerKind::peer);
  EXPECT_EQ(verifier.subject.peer, "carrier");
  EXPECT_EQ(verifier.subject.identity, "digest:trunk7");
  EXPECT_EQ(verifier.ha1.bytes.size(), 16u);
}

TEST(Credentials, TellWhetherAnythingOfSomebodyHasChanged) {
  const std::string digest = "alice@example.org digest-sha-256 example.org " + kHash + "\n";
  const std::string scram =
      "alice@example.org scram-sha-256 4096$c2FsdA==$" + std::string(43, 'A') + "=:" + std::string(43, 'A') + "=\n";
  const std::string bob = "bob@example.org digest-sha-256 example.org " + kHash + "\n";
  const auto state = [](const std::string& text, std::string_view who = "alice@example.org") {
    const auto store = parsed(text);
    EXPECT_TRUE(store) << describe(store.error());
    return store->stateOf(who);
  };
  EXPECT_TRUE(state(digest));
  EXPECT_EQ(state(digest + scram), state(bob + scram + digest));
  EXPECT_NE(state(digest), state(digest + scram));
  EXPECT_NE(state(digest), state("alice@example.org digest-sha-256 example.org " + std::string(64, 'b') + "\n"));
  EXPECT_NE(state(digest), state("alice@example.org digest-sha-256 elsewhere " + kHash + "\n"));
  EXPECT_NE(state(digest), state(bob, "bob@example.org"));
  EXPECT_FALSE(state(bob));
  EXPECT_FALSE(state(digest, "mallory@example.org"));
  const std::string trunk = " trunk7 digest-sha-256 example.org " + kHash + "\n";
  EXPECT_NE(state("peer:carrier" + trunk, "digest:trunk7"), state("peer:other" + trunk, "digest:trunk7"));
}

TEST(Credentials, GiveAnUnknownUserAVerifierThatStaysTheSameAndIsNobodys) {
  const auto store = test::credentials();
  const auto mallory = store->digest({"mallory", "example.org"}, kRealm, DigestAlgorithm::sha256);
  EXPECT_EQ(mallory.known, Known::no);
  EXPECT_EQ(mallory.subject.identity, "mallory@example.org");
  EXPECT_EQ(mallory.ha1.bytes.size(), 32u);
  EXPECT_EQ(mallory.ha1.bytes, store->digest({"mallory", "example.org"}, kRealm, DigestAlgorithm::sha256).ha1.bytes);
  EXPECT_FALSE(mallory.ha1.bytes == store->digest({"eve", "example.org"}, kRealm, DigestAlgorithm::sha256).ha1.bytes);
  // Nor does a known one have any in another realm, domain or algorithm.
  EXPECT_EQ(store->digest({"alice", "example.org"}, "example.com", DigestAlgorithm::sha256).known, Known::no);
  EXPECT_EQ(store->digest({"alice", "example.com"}, kRealm, DigestAlgorithm::sha256).known, Known::no);
  EXPECT_EQ(store->digest({"alice", "example.org"}, kRealm, DigestAlgorithm::md5).known, Known::no);
}

TEST(Credentials, KnowOnlyTheFormOfTheNameTheyHaveAHashFor) {
  const auto store = parsed("alice@example.org digest-sha-256 example.org " + kHash);
  ASSERT_TRUE(store);
  EXPECT_EQ(store->digest({"alice", "example.org"}, kRealm, DigestAlgorithm::sha256).known, Known::yes);
  EXPECT_EQ(store->digest({"alice@example.org", ""}, kRealm, DigestAlgorithm::sha256).known, Known::no);
}

TEST(Credentials, HoldScramVerifiersOfThoseTheyKnow) {
  CredentialRequest request;
  request.identity = "alice@example.org";
  request.digests.clear();
  request.scram_iterations = 4'096;
  const auto lines = credentialLines(request, secret(kPassword));
  ASSERT_TRUE(lines) << describe(lines.error());
  const auto store = parsed(textOf(*lines));
  ASSERT_TRUE(store) << describe(store.error());
  const auto verifier = store->scram({"alice", "example.org"});
  ASSERT_TRUE(verifier);
  EXPECT_EQ(verifier->iterations, 4'096u);
  EXPECT_EQ(*verifier, *makeScramVerifier(kPassword, 4'096, verifier->salt));
  EXPECT_FALSE(store->scram({"mallory", "example.org"}));
}

TEST(Credentials, MadeFromAPasswordNeverContainIt) {
  EXPECT_EQ(test::credentialsText().find(kPassword), std::string::npos);
  EXPECT_EQ(test::credentials()->size(), 5u);
}

TEST(Credentials, CountLinesFromOneAndSayWhichIsWrong) {
  EXPECT_EQ(refusal("# a comment\r\n\r\nalice@example.org digest-sha-256"), "identity.credentials.fields: line 3");
  EXPECT_EQ(refusal("alice@example.org digest-sha-256 r " + kHash + " " + kHash + " more"),
            "identity.credentials.fields: line 1");
  EXPECT_EQ(refusal("peer:carrier trunk7 digest-sha-256 r " + kHash + " " + kHash),
            "identity.credentials.fields: line 1");
  EXPECT_EQ(refusal("alice@example.org scram-sha-256 a b"), "identity.credentials.fields: line 1");
}

TEST(Credentials, RefuseWhatIsNoIdentity) {
  for (const std::string name :
       {"alice", "@example.org", "al%69ce@example.org", "alice:pw@example.org", "alice@example.org:5061",
        "alice@example.org;x=y", "alice@-", "sip:alice@example.org"}) {
    EXPECT_EQ(refusal(name + " digest-sha-256 r " + kHash), "identity.credentials.identity: line 1") << name;
  }
  EXPECT_EQ(refusal("peer: trunk7 digest-sha-256 r " + kHash), "identity.credentials.identity: line 1");
  EXPECT_EQ(refusal("peer:device trunk7 digest-sha-256 r " + kHash), "identity.credentials.identity: line 1");
}

TEST(Credentials, RefuseAUsernameThatNeedsQuoting) {
  EXPECT_EQ(refusal("peer:carrier tr\"7 digest-sha-256 r " + kHash), "identity.credentials.username: line 1");
}

TEST(Credentials, RefuseWhatTheyCannotVerifyWith) {
  EXPECT_EQ(refusal("alice@example.org password r secret"), "identity.credentials.kind: line 1");
  EXPECT_EQ(refusal("alice@example.org digest-sha-256 r\\ " + kHash), "identity.credentials.realm: line 1");
  EXPECT_EQ(refusal("alice@example.org digest-sha-256 r abcd"), "identity.credentials.hash: line 1");
  EXPECT_EQ(refusal("alice@example.org digest-sha-256 r " + kHash + " abcd"), "identity.credentials.hash: line 1");
  EXPECT_EQ(refusal("alice@example.org scram-sha-256 4096$"), "identity.credentials.scram: line 1");
}

TEST(Credentials, TakeMd5ForNamedPeersOnly) {
  const std::string hash(32, 'a');
  EXPECT_EQ(refusal("alice@example.org digest-md5 r " + hash), "identity.credentials.md5: line 1");
  EXPECT_EQ(refusal("peer:carrier trunk7 digest-md5 r " + hash), "");
}

TEST(Credentials, RefuseASecondVerifierOfTheSameKind) {
  const auto line = "alice@example.org digest-sha-256 r " + kHash + "\n";
  EXPECT_EQ(refusal(line + line), "identity.credentials.repeated: line 2");
  EXPECT_EQ(refusal(line + "alice@EXAMPLE.org digest-sha-256 r " + kHash), "identity.credentials.repeated: line 2");
}

TEST(Credentials, RefuseAUsernameThatCouldMeanTwo) {
  const auto alice = "alice@example.org digest-sha-256 r " + kHash + "\n";
  EXPECT_EQ(refusal(alice + "peer:carrier alice digest-sha-256 r " + kHash), "identity.credentials.ambiguous: line 2");
  EXPECT_EQ(refusal("peer:carrier alice digest-sha-256 r " + kHash + "\n" + alice),
            "identity.credentials.ambiguous: line 2");
  EXPECT_EQ(refusal("peer:a trunk7 digest-sha-256 r " + kHash + "\npeer:b trunk7 digest-sha-512-256 r " + kHash),
            "identity.credentials.ambiguous: line 2");
}

TEST(CredentialLines, AreNotMadeFromWhatTheFileWouldNotTake) {
  const auto code = [](const CredentialRequest& request, std::string_view password) {
    const auto lines = credentialLines(request, secret(password));
    return lines ? std::string{} : std::string{lines.error().code};
  };
  CredentialRequest request;
  request.identity = "alice@example.org";
  request.realm = "example.org";
  request.scram_iterations = 0;
  EXPECT_EQ(code(request, "good"), "");
  EXPECT_EQ(code(request, ""), "identity.credentials.password");
  EXPECT_EQ(code(request, std::string(257, 'x')), "identity.credentials.password");
  request.digests = {DigestAlgorithm::md5};
  EXPECT_EQ(code(request, "good"), "identity.credentials.md5");
  request.digests = {DigestAlgorithm::sha256};
  request.realm = "two words";
  EXPECT_EQ(code(request, "good"), "identity.credentials.realm");
  request.identity = "alice";
  EXPECT_EQ(code(request, "good"), "identity.credentials.identity");
  request.identity = "peer:carrier";
  EXPECT_EQ(code(request, "good"), "identity.credentials.username");
}

}  // namespace
}  // namespace sallyport::identity
