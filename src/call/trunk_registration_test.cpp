// SPDX-License-Identifier: Apache-2.0
#include "call/trunk_registration.h"

#include <gtest/gtest.h>

#include "call/requester_test_support.h"

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using test::FakeRequester;
using Change = TrunkRegistration::Change;

constexpr TimePoint kStart{std::chrono::hours{1}};

// Answers every challenge of the realm it knows, once per attempt.
class OneRealm final : public Challenges {
 public:
  Result<Authorization> answer(const ChallengedRequest& request, const sip::Message& challenge,
                               identity::DigestAttempts& attempts) override {
    if (attempts.answered++ > 0) return Error{ErrorKind::peerDenied, "identity.digest.rejected", ""};
    const bool proxy = challenge.status() == 407;
    return Authorization{proxy ? sip::HeaderId::proxyAuthorization : sip::HeaderId::authorization,
                         "Digest for " + std::string{request.peer} + " " + std::string{request.uri}};
  }
  std::optional<Authorization> authorize(const ChallengedRequest&) override {
    if (standing.empty()) return std::nullopt;
    return Authorization{sip::HeaderId::authorization, standing};
  }
  std::string standing;
};

TrunkAccount account() {
  return {"carrier",
          "sip:+4930123@carrier.test",
          "sip:carrier.test",
          "sip:+4930123@edge.sallyport.test:5061;transport=tls",
          "call-id-of-the-registration",
          "tag-of-the-registration",
          600s};
}

struct Desk {
  // The REGISTER that is due, on its way.
  bool ask() {
    const auto attempt = registration.due(now, challenges);
    if (!attempt) return false;
    auto parsed = sip::Message::parse(writeRegister(registration.account(), *attempt, "SIP/2.0/TLS e;branch=z9hG4bK1"));
    SP_CHECK(parsed.ok());
    request.emplace(*std::move(parsed));
    return true;
  }
  Change answer(int status, const std::string& headers = {}, std::uint64_t random = 0) {
    return registration.onResponse(FakeRequester::responseTo(*request, status, headers), now, random, challenges);
  }
  Change registerFor(const std::string& headers = "Expires: 600\r\n") {
    if (!ask()) return Change::none;
    return answer(200, headers);
  }
  void wait(std::chrono::nanoseconds time) { now += time; }
  std::chrono::nanoseconds untilNext() const { return *registration.deadline() - now; }

  OneRealm challenges;
  TimePoint now = kStart;
  TrunkRegistration registration{account(), kStart};
  std::optional<sip::Message> request;
};

TEST(TrunkRegistration, AsksTheRegistrarOfItsAddressForTheBindingOfOurContact) {
  Desk desk;
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(desk.request->requestUri(), "sip:carrier.test");
  EXPECT_EQ(*desk.request->header(sip::HeaderId::to), "<sip:+4930123@carrier.test>");
  EXPECT_EQ(*desk.request->header(sip::HeaderId::from), "<sip:+4930123@carrier.test>;tag=tag-of-the-registration");
  EXPECT_EQ(*desk.request->header(sip::HeaderId::contact),
            "<sip:+4930123@edge.sallyport.test:5061;transport=tls>;expires=600");
  EXPECT_EQ(*desk.request->header(sip::HeaderId::expires), "600");
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::registering);
  EXPECT_FALSE(desk.ask());  // one at a time
  EXPECT_EQ(desk.answer(200, "Expires: 600\r\n"), Change::registered);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::registered);
  EXPECT_EQ(desk.registration.lastStatus(), 200);
}

TEST(TrunkRegistration, RefreshesInTheLastFifthAndAMinuteBeforeTheEndAtTheLatest) {
  EXPECT_EQ(refreshDelay(600s, 0), 480s);
  EXPECT_EQ(refreshDelay(600s, 60'000), 540s);
  EXPECT_EQ(refreshDelay(3'600s, 360'000), 3'240s);
  EXPECT_EQ(refreshDelay(300s, 30'000), 240s);  // not 270 s
  EXPECT_EQ(refreshDelay(100s, 5), 50s);
  for (std::uint64_t random = 0; random < 500'000; random += 977) {
    EXPECT_GE(refreshDelay(1'800s, random), 1'440s);
    EXPECT_LE(refreshDelay(1'800s, random), 1'620s);
  }
}

TEST(TrunkRegistration, RefreshesWithTheSameCallIdAndTheNextNumber) {
  Desk desk;
  ASSERT_EQ(desk.registerFor(), Change::registered);
  const std::string call_id{desk.request->callId()};
  EXPECT_EQ(desk.untilNext(), 480s);
  desk.wait(479s);
  EXPECT_FALSE(desk.ask());
  desk.wait(1s);
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(desk.request->callId(), call_id);
  EXPECT_EQ(desk.request->cseq(), 2u);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::registered);  // the binding still stands
  EXPECT_EQ(desk.answer(200, "Expires: 600\r\n"), Change::none);
}

TEST(TrunkRegistration, GoesByWhatTheRegistrarGrantedOurContact) {
  Desk desk;
  EXPECT_EQ(desk.registerFor("Contact: <sip:other@192.0.2.9>;expires=60, "
                             "<sip:+4930123@EDGE.sallyport.test:5061>;expires=300\r\nExpires: 900\r\n"),
            Change::registered);
  EXPECT_EQ(*desk.registration.expires() - desk.now, 300s);
}

TEST(TrunkRegistration, TakesTheOnlyBindingForOursHoweverItIsWritten) {
  Desk desk;
  EXPECT_EQ(desk.registerFor("Contact: <sip:x@10.0.0.1>;expires=120\r\n"), Change::registered);
  EXPECT_EQ(*desk.registration.expires() - desk.now, 120s);
}

TEST(TrunkRegistration, NeverWaitsLongerThanItAskedFor) {
  Desk desk;
  EXPECT_EQ(desk.registerFor("Expires: 86400\r\n"), Change::registered);
  EXPECT_EQ(*desk.registration.expires() - desk.now, 600s);
}

TEST(TrunkRegistration, HasFailedWhenTheAnswerHoldsNoBindingOfOurs) {
  Desk desk;
  EXPECT_EQ(desk.registerFor("Contact: <sip:a@192.0.2.9>;expires=60, <sip:b@192.0.2.9>;expires=60\r\n"),
            Change::failed);
  EXPECT_EQ(desk.registration.lastReason(), "trunk.registration.not_bound");
  Desk other;
  EXPECT_EQ(other.registerFor("Contact: <sip:x@10.0.0.1>;expires=0\r\n"), Change::failed);
}

TEST(TrunkRegistration, AnswersAChallengeAtOnceAndOnce) {
  Desk desk;
  ASSERT_TRUE(desk.ask());
  EXPECT_FALSE(desk.request->has(sip::HeaderId::authorization));
  EXPECT_EQ(desk.answer(401), Change::none);
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(*desk.request->header(sip::HeaderId::authorization), "Digest for carrier sip:carrier.test");
  EXPECT_EQ(desk.request->cseq(), 2u);
  EXPECT_EQ(desk.answer(401), Change::failed);
  EXPECT_EQ(desk.registration.lastReason(), "identity.digest.rejected");
  EXPECT_EQ(desk.registration.lastStatus(), 401);
  desk.wait(60s);
  ASSERT_TRUE(desk.ask());  // a new attempt, with a new answer
  EXPECT_EQ(desk.answer(407), Change::none);
  ASSERT_TRUE(desk.ask());
  EXPECT_TRUE(desk.request->has(sip::HeaderId::proxyAuthorization));
  EXPECT_EQ(desk.answer(200), Change::registered);
}

TEST(TrunkRegistration, SendsTheProofAlongWhileItsNonceStands) {
  Desk desk;
  desk.challenges.standing = "Digest standing";
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(*desk.request->header(sip::HeaderId::authorization), "Digest standing");
}

TEST(TrunkRegistration, RaisesAnIntervalThatIsTooBrief) {
  Desk desk;
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(desk.answer(423, "Min-Expires: 1800\r\n"), Change::none);
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(*desk.request->header(sip::HeaderId::expires), "1800");
  EXPECT_EQ(desk.answer(200), Change::registered);
  EXPECT_EQ(*desk.registration.expires() - desk.now, 1'800s);
}

TEST(TrunkRegistration, DoesNotFollowAnIntervalThatIsNoneOrRisesForEver) {
  for (const auto* bad : {"", "Min-Expires: 60\r\n", "Min-Expires: soon\r\n"}) {
    Desk desk;
    ASSERT_TRUE(desk.ask());
    EXPECT_EQ(desk.answer(423, bad), Change::failed) << bad;
    EXPECT_EQ(desk.registration.lastReason(), "trunk.registration.too_brief");
  }
  Desk desk;
  for (const auto* more : {"Min-Expires: 700\r\n", "Min-Expires: 800\r\n"}) {
    ASSERT_TRUE(desk.ask());
    EXPECT_EQ(desk.answer(423, more), Change::none);
  }
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(desk.answer(423, "Min-Expires: 900\r\n"), Change::failed);
}

TEST(TrunkRegistration, WaitsLongerAfterEveryFailureUpToHalfAnHour) {
  EXPECT_EQ(registrationBackoff(1, 0), 30s);
  EXPECT_EQ(registrationBackoff(1, 30'000), 60s);
  EXPECT_EQ(registrationBackoff(3, 0), 120s);
  EXPECT_EQ(registrationBackoff(3, 120'000), 240s);
  EXPECT_EQ(registrationBackoff(6, 0), 900s);
  EXPECT_EQ(registrationBackoff(1'000, 900'000), 1'800s);
  Desk desk;
  for (const auto wait : {30s, 60s, 120s, 240s, 480s, 900s, 900s}) {
    ASSERT_TRUE(desk.ask());
    EXPECT_EQ(desk.answer(403), Change::failed);
    EXPECT_EQ(desk.registration.lastReason(), "trunk.registration.rejected");
    EXPECT_EQ(desk.untilNext(), wait);
    desk.wait(wait);
  }
  EXPECT_EQ(desk.registration.failures(), 7u);
  EXPECT_EQ(desk.registerFor(), Change::registered);
  EXPECT_EQ(desk.registration.failures(), 0u);
}

TEST(TrunkRegistration, WaitsAsLongAsTheRegistrarSaysWithinBounds) {
  Desk desk;
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(desk.answer(503, "Retry-After: 300 (maintenance)\r\n"), Change::failed);
  EXPECT_EQ(desk.untilNext(), 300s);
  desk.wait(300s);
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(desk.answer(503, "Retry-After: 4000000\r\n"), Change::failed);
  EXPECT_EQ(desk.untilNext(), 1'800s);
}

TEST(TrunkRegistration, CountsNoAnswerAsAFailure) {
  Desk desk;
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(desk.registration.onFailure({ErrorKind::unavailable, "sip.transaction.timeout", ""}, desk.now, 0),
            Change::failed);
  EXPECT_EQ(desk.registration.lastStatus(), 0);
  EXPECT_EQ(desk.registration.lastReason(), "sip.transaction.timeout");
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::waiting);
  EXPECT_EQ(desk.untilNext(), 30s);
}

TEST(TrunkRegistration, StandsUntilItExpiresWhenARefreshFails) {
  Desk desk;
  ASSERT_EQ(desk.registerFor(), Change::registered);
  desk.wait(480s);
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(desk.answer(500), Change::failed);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::registered);
  desk.wait(120s);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::waiting);
  EXPECT_EQ(desk.registerFor(), Change::registered);
}

TEST(TrunkRegistration, RegistersAgainAtOnceWhenItsConnectionIsLost) {
  Desk desk;
  ASSERT_EQ(desk.registerFor(), Change::registered);
  desk.wait(31s);
  desk.registration.connectionLost(desk.now, 0);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::waiting);
  EXPECT_EQ(desk.registerFor(), Change::registered);
}

TEST(TrunkRegistration, DoesNotHurryBackOverAConnectionThatKeepsBreaking) {
  Desk desk;
  ASSERT_EQ(desk.registerFor(), Change::registered);
  desk.wait(1s);
  desk.registration.connectionLost(desk.now, 0);
  EXPECT_FALSE(desk.ask());
  EXPECT_EQ(desk.untilNext(), 30s);
  EXPECT_EQ(desk.registration.lastReason(), "trunk.registration.unstable");
  desk.registration.connectionLost(desk.now, 0);  // nothing was registered any more
  EXPECT_EQ(desk.registration.failures(), 1u);
}

TEST(TrunkRegistration, UnregistersWhenItLeaves) {
  Desk desk;
  ASSERT_EQ(desk.registerFor(), Change::registered);
  desk.registration.leave(desk.now);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::leaving);
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(*desk.request->header(sip::HeaderId::expires), "0");
  EXPECT_EQ(desk.answer(401), Change::none);  // this one may be challenged too
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(*desk.request->header(sip::HeaderId::expires), "0");
  EXPECT_EQ(desk.answer(200), Change::left);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::left);
  EXPECT_FALSE(desk.registration.deadline());
}

TEST(TrunkRegistration, LeavesWithoutAWordWhereNothingIsBound) {
  Desk desk;
  desk.registration.leave(desk.now);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::left);
  EXPECT_FALSE(desk.ask());
}

TEST(TrunkRegistration, UnregistersWhatIsGrantedWhileItLeaves) {
  Desk desk;
  ASSERT_TRUE(desk.ask());
  desk.registration.leave(desk.now);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::leaving);
  desk.answer(200);
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(*desk.request->header(sip::HeaderId::expires), "0");
  EXPECT_EQ(desk.answer(200), Change::left);
}

TEST(TrunkRegistration, IsGoneWhenUnregisteringFails) {
  Desk desk;
  ASSERT_EQ(desk.registerFor(), Change::registered);
  desk.registration.leave(desk.now);
  ASSERT_TRUE(desk.ask());
  EXPECT_EQ(desk.registration.onFailure({ErrorKind::unavailable, "sip.transaction.timeout", ""}, desk.now, 0),
            Change::left);
}

TEST(TrunkRegistration, IgnoresAnAnswerToNothing) {
  Desk desk;
  ASSERT_EQ(desk.registerFor(), Change::registered);
  EXPECT_EQ(desk.answer(403), Change::none);
  EXPECT_EQ(desk.registration.onFailure({ErrorKind::unavailable, "net.x", ""}, desk.now, 0), Change::none);
  EXPECT_EQ(desk.registration.state(desk.now), TrunkState::registered);
}

}  // namespace
}  // namespace sallyport::call
