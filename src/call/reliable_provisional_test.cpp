// SPDX-License-Identifier: Apache-2.0
#include "call/reliable_provisional.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using Due = UnackedProvisional::Due;

constexpr TimePoint kNow{1h};
const sip::TimerConfig kTimers{};

sip::Message parsed(const std::string& start, const std::string& method, const std::string& extra) {
  auto message = sip::Message::parse(
      start + "\r\nVia: SIP/2.0/TLS a.test;branch=z9hG4bKx\r\nFrom: <sip:a@a.test>;tag=1\r\n" +
      "Call-ID: c\r\nMax-Forwards: 70\r\nCSeq: 7 " + method + "\r\n" + extra + "Content-Length: 0\r\n\r\n");
  SP_CHECK(message.ok());
  return *std::move(message);
}
sip::Message prack(const std::string& rack) {
  return parsed("PRACK sip:a@a.test SIP/2.0", "PRACK", "To: <sip:b@a.test>;tag=2\r\n" + rack);
}
sip::Message progress(const std::string& rseq, const std::string& tag = "t", const std::string& require = "100rel") {
  return parsed("SIP/2.0 183 Progress", "INVITE",
                "To: <sip:b@a.test>;tag=" + tag + "\r\nRequire: " + require + "\r\nRSeq: " + rseq + "\r\n");
}
std::string acknowledged(ProvisionalOrder& order, const sip::Message& response) {
  const auto rack = order.acknowledge(response);
  return rack ? rack->toString() : "";
}

TEST(RAckHeader, IsThreeWords) {
  const auto rack = RAck::in(prack("RAck: 776656  1\tINVITE\r\n"));
  ASSERT_TRUE(rack);
  EXPECT_EQ(rack->toString(), "776656 1 INVITE");
}
TEST(RAckHeader, IsRefusedInAnyOtherForm) {
  for (const char* value :
       {"", "RAck: \r\n", "RAck: 1\r\n", "RAck: 1 2\r\n", "RAck: 0 2 INVITE\r\n", "RAck: 1 2 INVITE x\r\n",
        "RAck: -1 2 INVITE\r\n", "RAck: 4294967296 2 INVITE\r\n", "RAck: 1 2 IN;VITE\r\n"}) {
    const auto rack = RAck::in(prack(value));
    ASSERT_FALSE(rack) << value;
    EXPECT_STREQ(rack.error().code, "sip.rack");
  }
}

class Answering : public ::testing::Test {
 protected:
  void SetUp() override { unacked.sent("183", 7, UnackedProvisional::Body::sdp, kNow, kTimers); }
  UnackedProvisional unacked{100};
};

TEST_F(Answering, IsAcknowledgedByItsOwnNumbersOnly) {
  EXPECT_FALSE(unacked.onPrack({101, 7, sip::Method::invite}));
  EXPECT_FALSE(unacked.onPrack({100, 8, sip::Method::invite}));
  EXPECT_FALSE(unacked.onPrack({100, 7, sip::Method::update}));
  EXPECT_TRUE(unacked.describes());
  EXPECT_TRUE(unacked.onPrack({100, 7, sip::Method::invite}));
  EXPECT_FALSE(unacked.onPrack({100, 7, sip::Method::invite}));
  EXPECT_FALSE(unacked.isWaiting());
  EXPECT_EQ(unacked.nextRseq(), 101u);
}
TEST_F(Answering, IsResentAtDoublingIntervalsAndGivenUpAfter64T1) {
  EXPECT_EQ(unacked.advance(kNow + 499ms), Due::nothing);
  for (const auto at : {500ms, 1'500ms, 3'500ms, 7'500ms, 15'500ms, 31'500ms}) {
    EXPECT_EQ(unacked.deadline(), kNow + at);
    EXPECT_EQ(unacked.advance(kNow + at), Due::resend);
  }
  EXPECT_EQ(unacked.advance(kNow + 32s), Due::giveUp);
  EXPECT_EQ(unacked.deadline(), std::nullopt);
}

TEST_F(Answering, AfterTheFinalAnswerAPrackThatIsUnderWayIsStillKnown) {
  unacked.stop();
  EXPECT_FALSE(unacked.isWaiting());
  EXPECT_EQ(unacked.advance(kNow + 1s), Due::nothing);
  EXPECT_TRUE(unacked.onPrack({100, 7, sip::Method::invite}));
}

TEST(Asking, AcknowledgesInOrderAndEachOnce) {
  ProvisionalOrder order;
  EXPECT_EQ(acknowledged(order, progress("5")), "5 7 INVITE");
  EXPECT_EQ(acknowledged(order, progress("5")), "");
  EXPECT_EQ(acknowledged(order, progress("7")), "");
  EXPECT_EQ(acknowledged(order, progress("6")), "6 7 INVITE");
  EXPECT_EQ(acknowledged(order, progress("7")), "7 7 INVITE");
}
TEST(Asking, CountsEachEarlyDialogForItself) {
  ProvisionalOrder order;
  EXPECT_EQ(acknowledged(order, progress("5", "one")), "5 7 INVITE");
  EXPECT_EQ(acknowledged(order, progress("90", "two")), "90 7 INVITE");
  EXPECT_EQ(acknowledged(order, progress("6", "one")), "6 7 INVITE");
}
TEST(Asking, LeavesAloneWhatIsNotReliable) {
  ProvisionalOrder order;
  EXPECT_EQ(acknowledged(order, progress("5", "t", "timer")), "");
  EXPECT_EQ(acknowledged(order, progress("0")), "");
  EXPECT_EQ(acknowledged(order, progress("many")), "");
}
TEST(Asking, RemembersABoundedNumberOfDialogs) {
  ProvisionalOrder order;
  for (int i = 0; i < 16; ++i) EXPECT_NE(acknowledged(order, progress("1", "t" + std::to_string(i))), "");
  EXPECT_EQ(acknowledged(order, progress("1", "one-too-many")), "");
}

}  // namespace
}  // namespace sallyport::call
