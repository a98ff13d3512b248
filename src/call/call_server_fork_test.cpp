// SPDX-License-Identifier: Apache-2.0
// A user with several phones: all ring, one answers, the others stop (RFC 3261 16.7).
#include <gmock/gmock.h>

#include <set>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::HasSubstr;

class CallToPhones : public CallServerTest {
 protected:
  struct Phone {
    sip::FlowId flow{};
    std::optional<Party> party;
    std::optional<sip::Message> invite;
  };
  void SetUp() override { ring(3); }
  // A call to bob, who has so many phones.
  void ring(std::size_t count) {
    phones.clear();
    phones.resize(count);
    TargetGroup group;
    for (auto& phone : phones) {
      phone.flow = border.flows.open("bob");
      Target target{.peer = border.policy->peer(kDevices)};
      target.flow = phone.flow;
      target.request_uri = "sip:bob@10.7.7.7:5061;transport=tls";
      target.to_uri = "sip:bob@sallyport.test";
      target.from_uri = "sip:alice@sallyport.test";
      target.label = "phone " + std::to_string(group.size());
      group.push_back(target);
    }
    border.places.groups = [group](const Target&) { return std::vector<TargetGroup>{group}; };
  }
  std::size_t dial(const std::string& offer = Sdp{}.text()) {
    call.caller.send("INVITE", offer);
    std::size_t reached = 0;
    for (auto& phone : phones) {
      phone.party.emplace(border, phone.flow);
      phone.invite = phone.party->request(sip::Method::invite);
      if (!phone.invite) continue;
      phone.party = calleeOf(border, phone.flow, *phone.invite);
      phone.party->tag = "phone-tag-" + std::to_string(reached++);
    }
    return reached;
  }
  void respond(std::size_t index, int status, const std::string& body = {}) {
    phones[index].party->respond(*phones[index].invite, status, body);
  }
  std::string described(std::size_t index) const {
    auto answer = answering(phones[index].invite->body());
    answer.key = static_cast<std::uint8_t>(0xB2 + index);
    return answer.text();
  }
  void expectStopped(std::size_t index) {
    auto cancel = phones[index].party->request(sip::Method::cancel);
    ASSERT_TRUE(cancel);
    phones[index].party->respond(*cancel, 200);
    respond(index, 487);
    EXPECT_TRUE(phones[index].party->request(sip::Method::ack));
  }
  void pickUp(std::size_t index) {
    respond(index, 200, described(index));
    ASSERT_EQ(call.caller.final(), 200);
    call.caller.ack();
    EXPECT_TRUE(phones[index].party->request(sip::Method::ack));
  }
  void hangUpOn(std::size_t index) {
    call.caller.send("BYE");
    EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
    answerBye(*phones[index].party);
  }

  std::vector<Phone> phones;
};

TEST_F(CallToPhones, EachIsOfferedAKeyAndAPortOfItsOwn) {
  ASSERT_EQ(dial(), 3u);
  std::set<std::string> keys, ports, calls;
  for (const auto& phone : phones) {
    for (std::size_t line = 0; line < linesOf(phone.invite->body(), "a=crypto:").size(); ++line) {
      EXPECT_TRUE(keys.insert(keyIn(phone.invite->body(), line)).second);
    }
    ports.insert(linesOf(phone.invite->body(), "m=audio ").front());
    calls.insert(std::string{phone.invite->callId()});
  }
  EXPECT_EQ(ports.size(), 3u);
  EXPECT_EQ(calls.size(), 3u);
  call.caller.cancel();
  for (auto& phone : phones) phone.party->respond(*phone.invite, 487);
}

TEST_F(CallToPhones, TheFirstAnswerWinsAndTheOthersStop) {
  ASSERT_EQ(dial(), 3u);
  for (std::size_t i = 0; i < 3; ++i) respond(i, 180);
  pickUp(1);
  EXPECT_EQ(border.ports.latest->open(), 2u);
  auto cancel = phones[0].party->request(sip::Method::cancel);
  ASSERT_TRUE(cancel);
  EXPECT_THAT(std::string{cancel->header(sip::HeaderId::reason).value_or("")}, HasSubstr("cause=200"));
  respond(0, 487);
  expectStopped(2);
  hangUpOn(1);
  const auto& record = border.records.kept.front();
  ASSERT_EQ(record.attempts.size(), 3u);
  EXPECT_EQ(record.attempts.front().target, "phone 1");
  EXPECT_EQ(record.attempts.back().code, "call.answered_elsewhere");
  EXPECT_EQ(record.legs[1].sip_call_id, phones[1].invite->callId());
}

TEST_F(CallToPhones, MediaFlowsThroughTheWinnersPortOnly) {
  ASSERT_EQ(dial(), 3u);
  respond(0, 183, described(0));
  const auto port_of = [&](std::size_t i) { return std::stoi(linesOf(phones[i].invite->body(), "m=audio ").front()); };
  EXPECT_EQ(border.ports.latest->used[1], port_of(0));
  pickUp(2);
  EXPECT_EQ(border.ports.latest->used[1], port_of(2));
  for (std::size_t i : {0u, 1u}) respond(i, 487);
  hangUpOn(2);
}

TEST_F(CallToPhones, TwoWhoAnswerAtOnceLeaveOneCall) {
  ASSERT_EQ(dial(), 3u);
  for (std::size_t i = 0; i < 3; ++i) respond(i, 180);
  pickUp(0);
  respond(1, 200, described(1));  // crosses the CANCEL
  EXPECT_TRUE(phones[1].party->request(sip::Method::ack));
  answerBye(*phones[1].party);
  respond(2, 487);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  EXPECT_EQ(call.caller.final(), 0);
  hangUpOn(0);
}

TEST_F(CallToPhones, EarlyMediaIsThatOfTheFirstToSendIt) {
  ASSERT_EQ(dial(), 3u);
  respond(1, 183, described(1));
  auto early = call.caller.response(183);
  ASSERT_TRUE(early);
  EXPECT_FALSE(early->body().empty());
  respond(2, 183, described(2));
  EXPECT_FALSE(call.caller.response(183));
  // It falls away: the other takes its place.
  respond(1, 486);
  early = call.caller.response(183);
  ASSERT_TRUE(early);
  EXPECT_FALSE(early->body().empty());
  for (std::size_t i : {0u, 2u}) respond(i, 486);
  EXPECT_EQ(call.caller.final(), 486);
}

TEST_F(CallToPhones, RingingIsPassedOnce) {
  ASSERT_EQ(dial(), 3u);
  for (std::size_t i = 0; i < 3; ++i) respond(i, 180);
  EXPECT_TRUE(call.caller.response(180));
  EXPECT_FALSE(call.caller.response(180));
  call.caller.cancel();
  for (std::size_t i = 0; i < 3; ++i) expectStopped(i);
  EXPECT_EQ(call.caller.final(), 487);
}

TEST_F(CallToPhones, OneWhoDeclinesForAllEndsItForAll) {
  ASSERT_EQ(dial(), 3u);
  for (std::size_t i = 0; i < 3; ++i) respond(i, 180);
  respond(1, 603);
  EXPECT_EQ(call.caller.final(), 603);
  expectStopped(0);
  expectStopped(2);
}

TEST_F(CallToPhones, TheBestFinalAnswerIsTheCallers) {
  ASSERT_EQ(dial(), 3u);
  respond(0, 503);
  respond(1, 486);
  EXPECT_EQ(call.caller.final(), 0);
  respond(2, 500);
  EXPECT_EQ(call.caller.final(), 486);
}

TEST_F(CallToPhones, AConnectionThatIsGoneIsNoPlaceToRing) {
  border.drop(phones[0].flow);
  ASSERT_EQ(dial(), 2u);
  respond(1, 180);
  respond(2, 180);
  pickUp(1);
  respond(2, 487);
  hangUpOn(1);
  EXPECT_EQ(border.records.kept.front().attempts.front().code, "call.flow.gone");
}

TEST_F(CallToPhones, APhoneThatIsLostWhileItRingsLeavesTheOthersRinging) {
  ASSERT_EQ(dial(), 3u);
  for (std::size_t i = 0; i < 3; ++i) respond(i, 180);
  border.drop(phones[0].flow);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  pickUp(1);
  respond(2, 487);
  hangUpOn(1);
}

TEST_F(CallToPhones, AllConnectionsGoneIsTemporarilyUnavailable) {
  for (const auto& phone : phones) border.drop(phone.flow);
  EXPECT_EQ(dial(), 0u);
  EXPECT_EQ(call.caller.final(), 480);
  expectEnded("call.flow.gone", "edge");
}

TEST_F(CallToPhones, AnAnswerThatPolicyRefusesLeavesTheOthersRinging) {
  ASSERT_EQ(dial(), 2u + 1u);
  respond(0, 180);
  respond(1, 200, "v=0\r\nnonsense");
  EXPECT_TRUE(phones[1].party->request(sip::Method::ack));
  answerBye(*phones[1].party);
  pickUp(0);
  respond(2, 487);
  hangUpOn(0);
}

TEST_F(CallToPhones, NoMoreThanSixteenRing) {
  ring(20);
  EXPECT_EQ(dial(), 16u);
  call.caller.cancel();
  for (auto& phone : phones) {
    if (phone.invite) phone.party->respond(*phone.invite, 487);
  }
}

TEST_F(CallToPhones, ALateOfferIsMadeByWhoeverAnswers) {
  ASSERT_EQ(dial({}), 3u);
  for (std::size_t i = 0; i < 3; ++i) respond(i, 180);
  respond(2, 200, described(2));
  ASSERT_EQ(call.caller.final(), 200);
  call.caller.ack(answering(call.caller.last->body(), {.key = 0xA1}).text());
  EXPECT_TRUE(phones[2].party->request(sip::Method::ack));
  for (std::size_t i : {0u, 1u}) respond(i, 487);
  hangUpOn(2);
}

TEST_F(CallToPhones, TheCallServerEndsThemAll) {
  ASSERT_EQ(dial(), 3u);
  for (std::size_t i = 0; i < 3; ++i) respond(i, 180);
  border.server.endAll({"edge.shutdown", "", "edge", 503});
  EXPECT_EQ(call.caller.final(), 503);
  for (std::size_t i = 0; i < 3; ++i) expectStopped(i);
}

TEST_F(CallToPhones, PhonesThatNeverAnswerTheCancelAreLetGo) {
  ASSERT_EQ(dial(), 3u);
  for (std::size_t i = 0; i < 3; ++i) respond(i, 180);
  call.caller.cancel();
  EXPECT_EQ(border.server.liveCalls(), 0u);
  border.pass(70s);
}

}  // namespace
}  // namespace sallyport::call::test
