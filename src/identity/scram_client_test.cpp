// SPDX-License-Identifier: Apache-2.0
#include "identity/scram_client.h"

#include <gtest/gtest.h>

#include "identity/scram_test_support.h"

namespace sallyport::identity {
namespace {

using namespace testing;

// RFC 7677 3: the example, in the framing of RFC 7804.
constexpr std::string_view kNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramClient exampleClient() { return ScramClient{{"r", "user", secretOf("pencil")}, std::string{kNonce}}; }

std::string challengeWith(std::string_view message) { return authorization("s1", message, "r"); }

std::string info(std::string_view sid, std::string_view message) {
  return "sid=" + std::string{sid} + ", data=" + quotedString(crypto::base64Encode(bytesOf(message)));
}

std::string answerCode(std::string_view challenge) {
  auto client = exampleClient();
  const auto answer = client.answer(challenge);
  return answer ? "ok" : answer.error().code;
}

TEST(ScramClientTest, SaysWhatTheExampleOfRfc7677Says) {
  auto client = exampleClient();
  const auto first = client.begin("SCRAM-SHA-256 realm=\"r\"");
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_EQ(messageIn(*first), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(AuthParams::parse(*first)->find("realm"), "r");
  EXPECT_FALSE(AuthParams::parse(*first)->find("sid"));

  const auto answer = client.answer(challengeWith(kServerFirst));
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(messageIn(*answer), kClientFinal);
  EXPECT_EQ(AuthParams::parse(*answer)->find("sid"), "s1");
  EXPECT_TRUE(client.accept(info("s1", kServerFinal)));
}

TEST(ScramClientTest, ReadsTheUnquotedFormAndAChallengeWithoutRealmOfRfc7804) {
  auto client = exampleClient();
  const auto unquoted = "SCRAM-SHA-256 sid=s1, data=" + crypto::base64Encode(bytesOf(kServerFirst));
  const auto answer = client.answer(unquoted);
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(messageIn(*answer), kClientFinal);
}

TEST(ScramClientTest, AServerThatDoesNotProveItselfIsNone) {
  auto client = exampleClient();
  ASSERT_TRUE(client.answer(challengeWith(kServerFirst)));
  const auto codeOf = [&](const std::string& header) {
    const auto accepted = client.accept(header);
    return std::string{accepted ? "ok" : accepted.error().code};
  };
  for (const auto& header : {std::string{}, info("s1", "v=AAAA"), info("s1", "e=other-error"), info("s2", kServerFinal),
                             std::string{"sid=s1"}, info("s1", std::string{kServerFinal} + ",x=y"),
                             std::string{"sid=s1, data=\"?\""}, std::string{"sid"}}) {
    EXPECT_EQ(codeOf(header), "identity.scram.server_not_proven") << header;
  }
  EXPECT_EQ(codeOf(info("s1", kServerFinal)), "ok");
}

TEST(ScramClientTest, NothingIsProvenBeforeItHasAnswered) {
  const auto accepted = exampleClient().accept(info("", ""));
  ASSERT_FALSE(accepted);
  EXPECT_STREQ(accepted.error().code, "identity.scram.server_not_proven");
}

TEST(ScramClientTest, AnswersItsOwnRealmOnly) {
  for (const auto* challenge : {"SCRAM-SHA-256 realm=\"other\"", "SCRAM-SHA-256", "SCRAM-SHA-256 scope=x"}) {
    const auto first = exampleClient().begin(challenge);
    ASSERT_FALSE(first);
    EXPECT_STREQ(first.error().code, "identity.scram.realm") << challenge;
  }
  EXPECT_EQ(answerCode(authorization("s1", kServerFirst, "other")), "identity.scram.realm");
}

TEST(ScramClientTest, RefusesAnotherScheme) {
  EXPECT_EQ(answerCode("Digest realm=\"r\", sid=s1"), "identity.scram.scheme");
  EXPECT_EQ(answerCode("SCRAM-SHA-1 realm=\"r\", sid=s1"), "identity.scram.scheme");
}

TEST(ScramClientTest, ItsNonceMustBeContinued) {
  EXPECT_EQ(answerCode(challengeWith("r=stranger,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")), "identity.scram.nonce");
  EXPECT_EQ(answerCode(challengeWith("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")),
            "identity.scram.nonce");
}

TEST(ScramClientTest, TooFewIterationsDoNotProtectAndTooManyAreNotComputed) {
  const std::string start = "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=";
  EXPECT_EQ(answerCode(challengeWith(start + "4095")), "identity.scram.iterations");
  EXPECT_EQ(answerCode(challengeWith(start + "1000001")), "identity.scram.iterations");
  EXPECT_EQ(answerCode(challengeWith(start + "4096")), "ok");
}

TEST(ScramClientTest, RefusesWhatIsNoMessageOfAServer) {
  for (const auto* message :
       {"x", "r=a", "r=a,s=AAAAAAAA", "s=AAAAAAAA,i=4096", "r=a,i=4096,s=AAAAAAAA", "m=x,r=a,s=AA==,i=4096",
        "r=a,s=?,i=4096", "r=a,s=AAAAAAAA,i=x", "r=a,s=AAAAAAAA,i=4096,m=x"}) {
    EXPECT_EQ(answerCode(challengeWith(message)), "identity.scram.malformed") << message;
  }
  EXPECT_EQ(answerCode("SCRAM-SHA-256 realm=\"r\", data=\"AAAA\""), "identity.scram.malformed");  // no sid
}

TEST(ScramClientTest, ANameWithCommaAndEqualsSignIsEscapedAndArrivesWhole) {
  const auto find = [](std::string_view user) { return ScramAccount{std::string{user}, verifierOf("p\xc3\xa4ss")}; };
  ScramServer server{mechanism()};
  auto client = clientOf("a,b=c", "p\xc3\xa4ss");
  const auto first = *client.begin(mechanism()->challenge());
  EXPECT_NE(messageIn(first).find("n=a=2Cb=3Dc,"), std::string::npos);
  const auto step = [&](const std::string& header) { return server.step(header, find, {}); };
  const auto proven = step(*client.answer(step(first)->header));
  ASSERT_TRUE(proven) << describe(proven.error());
  EXPECT_EQ(proven->user, "a,b=c");
}

}  // namespace
}  // namespace sallyport::identity
