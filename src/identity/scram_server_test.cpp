// SPDX-License-Identifier: Apache-2.0
#include "identity/scram_server.h"

#include <gtest/gtest.h>

#include "identity/scram_test_support.h"

namespace sallyport::identity {
namespace {

using namespace testing;
using std::chrono::seconds;

class ScramServerTest : public ::testing::Test {
 protected:
  Result<ScramStep> step(const std::string& authorization) { return server_.step(authorization, findAlice, now_); }
  std::string codeOf(const std::string& authorization) {
    const auto result = step(authorization);
    return result ? "ok" : result.error().code;
  }
  // The first half of an exchange, as far as the server's challenge.
  std::string challenged(const ScramClient& client) {
    const auto result = step(*client.begin(mechanism_->challenge()));
    EXPECT_TRUE(result) << describe(result.error());
    return result->header;
  }

  const std::shared_ptr<const ScramMechanism> mechanism_ = mechanism();
  ScramServer server_{mechanism_};
  TimePoint now_{std::chrono::hours{1}};
};

TEST_F(ScramServerTest, BothSidesProveThatTheyKnowThePassword) {
  auto client = clientOf("alice", "correct horse");
  const auto answer = client.answer(challenged(client));
  ASSERT_TRUE(answer) << describe(answer.error());
  const auto proven = step(*answer);
  ASSERT_TRUE(proven) << describe(proven.error());
  EXPECT_EQ(proven->next, ScramStep::Next::proven);
  EXPECT_EQ(proven->user, "alice");
  EXPECT_TRUE(client.accept(proven->header));
  EXPECT_EQ(server_.exchanges(), 0u);
}

TEST_F(ScramServerTest, TheChallengeNamesTheRealmAndTheAnswerASid) {
  EXPECT_EQ(mechanism_->challenge(), "SCRAM-SHA-256 realm=\"sallyport.test\"");
  const auto header = challenged(clientOf("alice", "correct horse"));
  const auto params = AuthParams::parse(header);
  EXPECT_EQ(params->find("realm"), kRealm);
  EXPECT_EQ(params->find("sid")->size(), 24u);
  EXPECT_TRUE(messageIn(header).ends_with(",s=MDEyMzQ1Njc4OWFiY2RlZg==,i=4096")) << messageIn(header);
}

TEST_F(ScramServerTest, AClientThatCouldBindTheChannelButSeesNoOfferIsServed) {
  EXPECT_EQ(codeOf(authorization("", "y,,n=alice,r=abcdef")), "ok");
}

TEST_F(ScramServerTest, AWrongPasswordAndAnUnknownUserAreToldApartByNobodyOutside) {
  auto wrong = clientOf("alice", "wrong");
  auto nobody = clientOf("anton", "wrong");
  const auto to_wrong = challenged(wrong);
  const auto to_nobody = challenged(nobody);
  EXPECT_EQ(to_wrong.size(), to_nobody.size());
  EXPECT_EQ(messageIn(to_wrong).size(), messageIn(to_nobody).size());

  const auto refused = step(*wrong.answer(to_wrong));
  const auto unknown = step(*nobody.answer(to_nobody));
  ASSERT_FALSE(refused);
  ASSERT_FALSE(unknown);
  EXPECT_STREQ(refused.error().code, "identity.scram.not_proven");
  EXPECT_STREQ(unknown.error().code, refused.error().code);
  EXPECT_EQ(unknown.error().kind, refused.error().kind);
}

TEST_F(ScramServerTest, AnUnknownUserSeesTheSameSaltEachTime) {
  const auto saltOf = [](std::string_view message) { return std::string{message.substr(message.find(",s="))}; };
  const auto first = messageIn(challenged(clientOf("anton", "x")));
  const auto again = messageIn(challenged(clientOf("anton", "x")));
  const auto other = messageIn(challenged(clientOf("berta", "x")));
  EXPECT_EQ(saltOf(first), saltOf(again));
  EXPECT_NE(saltOf(first), saltOf(other));
}

TEST_F(ScramServerTest, AnUnknownUsersSaltIsAnotherUnderAnotherKey) {
  const auto client = clientOf("anton", "x");
  const auto elsewhere =
      *ScramMechanism::make({std::string{kRealm}, kIterations}, secretOf("a key of another process"));
  ScramServer other{elsewhere};
  const auto there = other.step(*client.begin(elsewhere->challenge()), findAlice, now_);
  const auto saltOf = [](const std::string& header) { return messageIn(header).substr(messageIn(header).find(",s=")); };
  EXPECT_NE(saltOf(there->header), saltOf(challenged(client)));
}

TEST_F(ScramServerTest, AFinalMessageServesOnce) {
  auto client = clientOf("alice", "correct horse");
  const auto answer = *client.answer(challenged(client));
  EXPECT_EQ(codeOf(answer), "ok");
  EXPECT_EQ(codeOf(answer), "identity.scram.unknown_sid");
}

TEST_F(ScramServerTest, AFailedExchangeIsOver) {
  auto client = clientOf("alice", "correct horse");
  const auto challenge = challenged(client);
  const auto answer = *client.answer(challenge);
  EXPECT_EQ(
      codeOf(authorization(sidIn(challenge), "c=biws,r=x,p=" + crypto::base64Encode(bytesOf(std::string(32, 'x'))))),
      "identity.scram.not_proven");
  EXPECT_EQ(codeOf(answer), "identity.scram.unknown_sid");
}

TEST_F(ScramServerTest, ASidOfAnotherConnectionIsUnknown) {
  auto client = clientOf("alice", "correct horse");
  const auto answer = *client.answer(challenged(client));
  ScramServer other{mechanism_};
  const auto there = other.step(answer, findAlice, now_);
  ASSERT_FALSE(there);
  EXPECT_STREQ(there.error().code, "identity.scram.unknown_sid");
  EXPECT_EQ(codeOf(answer), "ok");
}

TEST_F(ScramServerTest, AnAnswerUnderTheSidOfAnotherExchangeProvesNothing) {
  auto one = clientOf("alice", "correct horse");
  auto other = clientOf("alice", "correct horse");
  const auto to_one = challenged(one);
  const auto to_other = challenged(other);
  const auto swapped = authorization(sidIn(to_other), messageIn(*one.answer(to_one)));
  EXPECT_EQ(codeOf(swapped), "identity.scram.not_proven");
}

TEST_F(ScramServerTest, ExchangesSideBySideDoNotDisturbEachOther) {
  auto one = clientOf("alice", "correct horse");
  auto other = clientOf("alice", "correct horse");
  const auto to_one = challenged(one);
  const auto to_other = challenged(other);
  EXPECT_EQ(codeOf(*other.answer(to_other)), "ok");
  EXPECT_EQ(codeOf(*one.answer(to_one)), "ok");
}

TEST_F(ScramServerTest, AnExchangeEndsAfterItsLifetime) {
  auto client = clientOf("alice", "correct horse");
  const auto answer = *client.answer(challenged(client));
  now_ += seconds{30};
  EXPECT_EQ(codeOf(answer), "identity.scram.unknown_sid");
  EXPECT_EQ(server_.exchanges(), 0u);
}

TEST_F(ScramServerTest, WhatIsTooOldCanBeDroppedWithoutARequest) {
  challenged(clientOf("alice", "x"));
  server_.expire(now_ + seconds{29});
  EXPECT_EQ(server_.exchanges(), 1u);
  server_.expire(now_ + seconds{30});
  EXPECT_EQ(server_.exchanges(), 0u);
}

TEST_F(ScramServerTest, OfManyExchangesOfAConnectionTheNewestRemain) {
  auto first = clientOf("alice", "correct horse");
  auto last = clientOf("alice", "correct horse");
  const auto to_first = challenged(first);
  for (int i = 0; i < 2; ++i) challenged(clientOf("alice", "correct horse"));
  const auto to_last = challenged(last);
  EXPECT_EQ(server_.exchanges(), 3u);
  EXPECT_EQ(codeOf(*first.answer(to_first)), "identity.scram.unknown_sid");
  EXPECT_EQ(codeOf(*last.answer(to_last)), "ok");
}

TEST_F(ScramServerTest, RefusesChannelBindingAndOtherPeoplesNames) {
  EXPECT_EQ(codeOf(authorization("", "p=tls-exporter,,n=alice,r=abc")), "identity.scram.channel_binding");
  EXPECT_EQ(codeOf(authorization("", "n,a=root,n=alice,r=abc")), "identity.scram.authzid");
}

TEST_F(ScramServerTest, AClientThatChangesItsGs2HeaderAfterwardsProvesNothing) {
  auto client = clientOf("alice", "correct horse");
  const auto first = authorization("", "y,," + messageIn(*client.begin(mechanism_->challenge())).substr(3));
  const auto challenge = step(first)->header;
  EXPECT_EQ(codeOf(*client.answer(challenge)), "identity.scram.not_proven");  // says c=biws, which is "n,,"
}

TEST_F(ScramServerTest, RefusesAnotherRealm) {
  EXPECT_EQ(codeOf(authorization("", "n,,n=alice,r=abc", "elsewhere.test")), "identity.scram.realm");
  EXPECT_EQ(codeOf("SCRAM-SHA-256 data=\"biwsbj1hbGljZSxyPWFiYw==\""), "identity.scram.realm");
  const auto challenge = challenged(clientOf("alice", "x"));
  EXPECT_EQ(codeOf(authorization(sidIn(challenge), "c=biws,r=x,p=AAAA", "elsewhere.test")), "identity.scram.realm");
}

TEST_F(ScramServerTest, RefusesWhatIsNoMessageOfScram) {
  for (const auto* message :
       {"x", "n,,", "n,,n=alice", "n,,r=abc", "n,,n=alice,r=", "n,,n=,r=abc", "n,,m=x,n=alice,r=abc",
        "n,,n=al=ice,r=abc", "n,,n=alice=2,r=abc", "n,,n=alice\nx,r=abc", "z,,n=alice,r=abc", "n"}) {
    EXPECT_EQ(codeOf(authorization("", message)), "identity.scram.malformed") << message;
  }
  EXPECT_EQ(codeOf(authorization("", std::string{"n,,n=ali\0ce,r=abc", 17})), "identity.scram.malformed");
  EXPECT_EQ(codeOf("SCRAM-SHA-256 realm=\"sallyport.test\""), "identity.scram.malformed");
  EXPECT_EQ(codeOf("SCRAM-SHA-256 realm=\"sallyport.test\", data=\"no base64\""), "identity.scram.malformed");
  EXPECT_EQ(server_.exchanges(), 0u);
  for (const auto* message : {"c=biws", "x", "c=biws,r=abc", "c=biws,r=abc,p="}) {
    const auto sid = sidIn(challenged(clientOf("alice", "x")));
    EXPECT_EQ(codeOf(authorization(sid, message)), "identity.scram.malformed") << message;
  }
}

TEST_F(ScramServerTest, RefusesWhatIsTooLargeOrOfAnotherScheme) {
  EXPECT_EQ(codeOf(authorization("", "n,,n=alice,r=" + std::string(800, 'a'))), "identity.scram.too_large");
  EXPECT_EQ(codeOf("Digest realm=\"sallyport.test\""), "identity.scram.scheme");
  EXPECT_EQ(codeOf("SCRAM-SHA-256-PLUS realm=\"sallyport.test\", data=x"), "identity.scram.scheme");
  EXPECT_EQ(codeOf("SCRAM-SHA-256 realm"), "identity.params.malformed");
}

}  // namespace
}  // namespace sallyport::identity
