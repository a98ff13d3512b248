// SPDX-License-Identifier: Apache-2.0
// Several targets, one after the other: which failures lead to the next, what the caller hears of it, who is told.
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::ElementsAre;
using ::testing::Not;

class CallToServers : public CallServerTest {
 protected:
  void SetUp() override {
    border.places.groups = [this](const Target& target) {
      std::vector<TargetGroup> groups;
      for (const auto& server : servers) {
        auto one = target;
        one.address = *Endpoint::parse(server);
        one.label = server;
        groups.push_back({one});
      }
      return groups;
    };
  }
  // The INVITE that has reached this server.
  bool invited(const char* server) {
    const auto flow = flowTo(server);
    if (!flow) return false;
    auto invite = border.flows.take(*flow, [](const auto& m) { return m.method() == sip::Method::invite; });
    if (!invite) return false;
    call.callee = calleeOf(border, *flow, *invite);
    call.invite = std::move(*invite);
    return true;
  }
  std::optional<sip::FlowId> flowTo(const char* server) const {
    return border.flows.of("core", *Endpoint::parse(server));
  }
  static sip::Message copyOf(const sip::Message& message) {
    auto copy = sip::Message::parse(std::string{message.bytes()});
    SP_CHECK(copy.ok());
    return *std::move(copy);
  }
  const std::vector<telemetry::CallAttempt>& attempts() { return border.records.kept.front().attempts; }

  static constexpr const char* kFirst = "10.20.30.40:5061";
  static constexpr const char* kSecond = "10.20.30.50:5061";
  std::vector<std::string> servers{kFirst, kSecond};
};

TEST_F(CallToServers, AnUnavailableServerIsFollowedByTheNext) {
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  const auto first = call.invite->body();
  const std::string told{first};
  call.callee.respond(*call.invite, 503, {}, "Retry-After: 30\r\n");
  ASSERT_TRUE(invited(kSecond));
  EXPECT_NE(keyIn(call.invite->body()), keyIn(told));  // a key and a port of its own
  EXPECT_NE(linesOf(call.invite->body(), "m="), linesOf(told, "m="));
  EXPECT_TRUE(call.caller.silent());
  ASSERT_TRUE(call.answer());
  EXPECT_EQ(border.ports.latest->open(), 2u);
  hangUp();
  EXPECT_THAT(border.places.heard, ElementsAre("10.20.30.40:5061: call.rejected", "10.20.30.50:5061: fine"));
  EXPECT_EQ(border.places.retry_after, 30s);
  ASSERT_EQ(attempts().size(), 2u);
  EXPECT_EQ(attempts()[0], (telemetry::CallAttempt{kFirst, 503, "call.rejected", 0}));
  EXPECT_EQ(attempts()[1], (telemetry::CallAttempt{kSecond, 200, "", 0}));
  EXPECT_EQ(border.log.events("call.attempt.failed").size(), 1u);
}

class FailingOver : public CallToServers, public ::testing::WithParamInterface<int> {};
TEST_P(FailingOver, ServerTroubleLeadsToTheNext) {
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  call.callee.respond(*call.invite, GetParam());
  ASSERT_TRUE(invited(kSecond));
  ASSERT_TRUE(call.answer());
  hangUp();
}
INSTANTIATE_TEST_SUITE_P(Statuses, FailingOver, ::testing::Values(408, 503));

class Answering : public CallToServers, public ::testing::WithParamInterface<int> {};
TEST_P(Answering, AnAnswerOfTheUserIsTheCallers) {
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  call.callee.respond(*call.invite, GetParam());
  EXPECT_FALSE(invited(kSecond));
  EXPECT_EQ(call.caller.final(), GetParam());
  EXPECT_THAT(border.places.heard, ElementsAre("10.20.30.40:5061: fine"));
}
INSTANTIATE_TEST_SUITE_P(Statuses, Answering, ::testing::Values(404, 480, 486, 488, 603));

TEST_F(CallToServers, AServerThatRefusesConnectionsIsFollowedByTheNext) {
  border.flows.unreachable.insert(*Endpoint::parse(kFirst));
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kSecond));
  ASSERT_TRUE(call.answer());
  hangUp();
  EXPECT_EQ(attempts()[0].code, "net.connect.refused");
  EXPECT_EQ(attempts()[0].status, 503u);
}

TEST_F(CallToServers, AServerThatSaysNothingIsGivenUpForTheNext) {
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  call.callee.respond(*call.invite, 100);
  border.pass(9s);
  EXPECT_FALSE(flowTo(kSecond));
  border.pass(2s);
  auto first = call.callee;
  const auto old = copyOf(*call.invite);
  EXPECT_TRUE(first.request(sip::Method::cancel));
  ASSERT_TRUE(invited(kSecond));
  ASSERT_TRUE(call.answer());
  first.respond(old, 487);
  hangUp();
  EXPECT_EQ(attempts()[0].code, "call.attempt.timeout");
  EXPECT_GE(attempts()[0].milliseconds, 10'000u);
}

TEST_F(CallToServers, ALateAnswerOfAServerThatWasGivenUpIsTakenDown) {
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  border.pass(11s);
  auto late = call.callee;
  const auto old = copyOf(*call.invite);
  ASSERT_TRUE(invited(kSecond));
  ASSERT_TRUE(call.answer());
  late.respond(old, 200, answering(old.body()).text());
  EXPECT_TRUE(late.request(sip::Method::ack));
  answerBye(late);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(CallToServers, ARingingServerIsNotGivenUp) {
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  call.callee.respond(*call.invite, 180);
  border.pass(60s);
  EXPECT_FALSE(flowTo(kSecond));
  ASSERT_TRUE(call.answer());
  hangUp();
}

TEST_F(CallToServers, TheLastServerMayTakeAsLongAsTheCall) {
  servers = {kFirst};
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  call.callee.respond(*call.invite, 100);
  border.pass(60s);
  ASSERT_TRUE(call.answer());
  hangUp();
}

TEST_F(CallToServers, NobodyElseIsTriedOnceTheCallerHearsEarlyMedia) {
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  call.callee.respond(*call.invite, 183, call.answerBody());
  ASSERT_TRUE(call.caller.response(183));
  call.callee.respond(*call.invite, 503);
  EXPECT_FALSE(flowTo(kSecond));
  EXPECT_EQ(call.caller.final(), 500);
}

TEST_F(CallToServers, WhenAllFailTheCallerIsToldTheBestOfTheirAnswers) {
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  call.callee.respond(*call.invite, 503);
  ASSERT_TRUE(invited(kSecond));
  call.callee.respond(*call.invite, 486);
  EXPECT_EQ(call.caller.final(), 486);
  expectEnded("call.rejected", "callee");
  EXPECT_EQ(border.ports.open_calls, 0);
}

TEST_F(CallToServers, GivingUpEndsWhatIsUnderWayAndNothingMoreIsTried) {
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  call.callee.respond(*call.invite, 100);
  call.caller.cancel();
  EXPECT_EQ(call.caller.final(), 487);
  ASSERT_TRUE(call.callee.request(sip::Method::cancel));
  call.callee.respond(*call.invite, 503);
  EXPECT_FALSE(flowTo(kSecond));
  expectEnded("call.cancelled", "caller");
  EXPECT_EQ(attempts()[0].code, "call.cancelled");
}

TEST_F(CallToServers, WithoutPortsNothingIsTried) {
  border.ports.exhausted = true;
  call.caller.send("INVITE", Sdp{}.text());
  EXPECT_EQ(call.caller.final(), 503);
  expectEnded("net.ports.exhausted", "edge");
}

TEST_F(CallToServers, TheLatestDescriptionsKeysAreThoseOfTheCall) {
  servers = {kFirst};
  call.caller.send("INVITE", Sdp{}.text());
  ASSERT_TRUE(invited(kFirst));
  for (const std::uint8_t key : std::vector<std::uint8_t>{0xB2, 0xB3, 0xB4}) {
    auto early = answering(call.invite->body());
    early.key = key;
    early.port = 41'000u + key;
    call.callee.respond(*call.invite, 183, early.text());
    EXPECT_TRUE(call.caller.response(183));
  }
  auto last = answering(call.invite->body());
  last.key = 0xB5;
  call.callee.respond(*call.invite, 200, last.text());
  EXPECT_EQ(call.caller.final(), 200);
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  call.caller.ack();
  hangUp();
}

}  // namespace
}  // namespace sallyport::call::test
