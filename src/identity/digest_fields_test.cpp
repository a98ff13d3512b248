// SPDX-License-Identifier: Apache-2.0
#include "identity/digest_fields.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

const std::string kHash(64, 'a');

std::string goodAnswer() {
  return "Digest username=\"alice\", realm=\"example.org\", nonce=\"abc\", uri=\"sip:example.org\", response=\"" +
         kHash + "\", algorithm=SHA-256, cnonce=\"xyz\", opaque=\"o\", qop=auth, nc=0000000a";
}

std::string answerWith(std::string_view from, std::string_view to) {
  auto text = goodAnswer();
  return text.replace(text.find(from), from.size(), to);
}

std::string refusal(const std::string& value) {
  const auto answer = DigestAnswer::parse(value);
  return answer ? "" : answer.error().code;
}

TEST(DigestAnswer, IsReadInAllItsParts) {
  const auto answer = DigestAnswer::parse(goodAnswer());
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(answer->username, "alice");
  EXPECT_EQ(answer->realm, "example.org");
  EXPECT_EQ(answer->nonce, "abc");
  EXPECT_EQ(answer->uri, "sip:example.org");
  EXPECT_EQ(answer->cnonce, "xyz");
  EXPECT_EQ(answer->opaque, "o");
  EXPECT_EQ(answer->response, kHash);
  EXPECT_EQ(answer->nonce_count, "0000000a");
  EXPECT_EQ(answer->count(), 10u);
  EXPECT_EQ(answer->algorithm, DigestAlgorithm::sha256);
}

TEST(DigestAnswer, NamesAreReadInAnyCaseAndUnknownOnesPassedOver) {
  EXPECT_EQ(refusal(answerWith("Digest username", "DIGEST x-new=\"1\", UserName")), "");
  EXPECT_EQ(refusal(answerWith("SHA-256", "sha-512-256")), "");
  EXPECT_EQ(refusal(answerWith("qop=auth", "QOP=AUTH, userhash=false")), "");
}

TEST(DigestAnswer, IsWrittenAsItIsRead) {
  auto answer = DigestAnswer::parse(goodAnswer());
  ASSERT_TRUE(answer);
  answer->username = "al\"i\\ce";
  const auto again = DigestAnswer::parse(answer->toString());
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(again->username, answer->username);
  EXPECT_EQ(again->toString(), answer->toString());
}

TEST(DigestAnswer, OfAnotherSchemeIsNone) {
  EXPECT_EQ(refusal(answerWith("Digest", "Basic")), "identity.digest.scheme");
}

TEST(DigestAnswer, IsRefusedWhenAParameterIsMissing) {
  for (const std::string name : {"username", "realm", "nonce=\"abc\"", "uri", "response", "cnonce", "nc="}) {
    EXPECT_EQ(refusal(answerWith(name, "x" + name)), "identity.digest.missing") << name;
  }
}

TEST(DigestAnswer, IsRefusedWhenAParameterComesTwice) {
  EXPECT_EQ(refusal(goodAnswer() + ", Realm=\"example.net\""), "identity.params.repeated");
}

TEST(DigestAnswer, IsRefusedWhenAQuoteIsNotClosed) {
  EXPECT_EQ(refusal(answerWith("\"abc\"", "\"abc")), "identity.params.malformed");
}

TEST(DigestAnswer, IsRefusedWhenAValueIsTooLong) {
  EXPECT_EQ(refusal(answerWith("alice", std::string(513, 'a'))), "identity.digest.too_long");
  EXPECT_EQ(refusal(answerWith("\"sip:", "\"sip:" + std::string(1'024, 'a'))), "identity.digest.too_long");
}

TEST(DigestAnswer, IsRefusedWithoutQopAuth) {
  EXPECT_EQ(refusal(answerWith("qop=auth", "x=y")), "identity.digest.qop");
  EXPECT_EQ(refusal(answerWith("qop=auth", "qop=auth-int")), "identity.digest.qop");
}

TEST(DigestAnswer, IsRefusedForAnAlgorithmNobodyAskedForOrASessionVariant) {
  EXPECT_EQ(refusal(answerWith("SHA-256", "SHA-256-sess")), "identity.digest.algorithm");
  EXPECT_EQ(refusal(answerWith("SHA-256", "SHA-1")), "identity.digest.algorithm");
}

TEST(DigestAnswer, IsRefusedUnlessTheCountIsEightHexDigitsAndNotZero) {
  for (const std::string count : {"a", "0000000g", "000000001", "00000000", "\"0x00000a\""}) {
    EXPECT_EQ(refusal(answerWith("0000000a", count)), "identity.digest.nonce_count") << count;
  }
}

TEST(DigestAnswer, IsRefusedUnlessTheResponseIsAsLongAsItsAlgorithms) {
  EXPECT_EQ(refusal(answerWith("algorithm=SHA-256", "algorithm=MD5")), "identity.digest.response");
  EXPECT_EQ(refusal(answerWith(", algorithm=SHA-256", "")), "identity.digest.response");  // MD5, unsaid
  EXPECT_EQ(refusal(answerWith("\"aaaa", "\"AAAA")), "identity.digest.response");
}

TEST(DigestAnswer, IsRefusedWithAHashedOrEncodedUsername) {
  EXPECT_EQ(refusal(goodAnswer() + ", userhash=true"), "identity.digest.userhash");
  EXPECT_EQ(refusal(answerWith("username=\"alice\"", "username*=UTF-8''alice")), "identity.digest.userhash");
}

TEST(DigestAnswer, WithNeitherNonceNorResponseIsABlankForm) {
  EXPECT_EQ(refusal("Digest username=\"a\", realm=\"r\", nonce=\"\", uri=\"sip:r\", response=\"\""),
            "identity.digest.blank");
}

TEST(DigestChallenge, IsWrittenWithOneQopAndReadBack) {
  DigestChallenge challenge{"example.org", "abc", "", DigestAlgorithm::sha512_256, Freshness::stale};
  EXPECT_EQ(challenge.toString(),
            "Digest realm=\"example.org\", nonce=\"abc\", algorithm=SHA-512-256, qop=\"auth\", stale=true");
  const auto again = DigestChallenge::parse(challenge.toString());
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(again->toString(), challenge.toString());
}

TEST(DigestChallenge, OfOthersIsReadWithWhatElseTheyOffer) {
  const auto challenge = DigestChallenge::parse(
      "digest realm=\"carrier.example\", nonce=\"n\", stale=FALSE, opaque=\"o\", qop=\"auth-int, auth\", "
      "domain=\"sip:x\"");
  ASSERT_TRUE(challenge) << describe(challenge.error());
  EXPECT_EQ(challenge->algorithm, DigestAlgorithm::md5);
  EXPECT_EQ(challenge->freshness, Freshness::fresh);
  EXPECT_EQ(challenge->opaque, "o");
}

TEST(DigestChallenge, IsRefusedWithoutQopAuthRealmOrNonce) {
  const auto code = [](std::string_view value) {
    const auto challenge = DigestChallenge::parse(value);
    return challenge ? std::string{} : std::string{challenge.error().code};
  };
  EXPECT_EQ(code("Digest realm=\"r\", nonce=\"n\""), "identity.digest.qop");
  EXPECT_EQ(code("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""), "identity.digest.qop");
  EXPECT_EQ(code("Digest nonce=\"n\", qop=\"auth\""), "identity.digest.missing");
  EXPECT_EQ(code("Digest realm=\"r\", qop=\"auth\""), "identity.digest.missing");
  EXPECT_EQ(code("Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256-sess"), "identity.digest.algorithm");
}

TEST(DigestInfo, IsWrittenAndReadBack) {
  const DigestInfo info{"next", kHash, "xyz", "00000001"};
  EXPECT_EQ(info.toString(), "nextnonce=\"next\", qop=auth, rspauth=\"" + kHash + "\", cnonce=\"xyz\", nc=00000001");
  const auto again = DigestInfo::parse(info.toString());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->toString(), info.toString());
}

}  // namespace
}  // namespace sallyport::identity
