// SPDX-License-Identifier: Apache-2.0
// INFO requests: keys reach the other side as it wants to hear of them; candidates are taken where there is ICE.
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const std::vector<std::pair<unsigned, std::string>> kWithEvents{{0, "PCMU/8000"}, {101, "telephone-event/8000"}};

class Keys : public CallServerTest {
 protected:
  void establish(std::vector<std::pair<unsigned, std::string>> callee_formats = kWithEvents) {
    Sdp offer;
    offer.formats = kWithEvents;
    ASSERT_TRUE(call.dial(offer.text()));
    auto answer = answering(call.invite->body());
    answer.formats = std::move(callee_formats);
    call.callee.respond(*call.invite, 200, answer.text());
    ASSERT_EQ(call.caller.final(), 200);
    call.caller.ack();
    EXPECT_TRUE(call.callee.request(sip::Method::ack));
  }
  int info(Party& party, const std::string& type, const std::string& body) {
    party.content_type = type;
    party.send("INFO", body);
    party.content_type = "application/sdp";
    return party.final(sip::Method::info);
  }
  int press(Party& party, const std::string& key = "5") {
    return info(party, "application/dtmf-relay", "Signal=" + key + "\r\nDuration=100\r\n");
  }
};

TEST_F(Keys, AreSentAsEventsInTheStream) {
  establish();
  EXPECT_EQ(press(call.caller), 200);
  border.pass(1s);
  const auto& sent = border.ports.latest->sent;
  ASSERT_EQ(sent.size(), 7u);  // 20 to 100 ms, and the end twice more
  for (const auto& packet : sent) {
    EXPECT_EQ(packet.to, media::Side::b);
    EXPECT_EQ(packet.destination.toString(), "10.20.30.40:41000");
    EXPECT_EQ(packet.datagram[1] & 0x7F, 101);
    EXPECT_GT(packet.datagram.size(), media::EventInserter::kPacketBytes);  // with its tag
  }
  EXPECT_EQ(info(call.callee, "application/dtmf", "#"), 200);
  border.pass(1s);
  EXPECT_EQ(border.ports.latest->sent.back().to, media::Side::a);
  hangUp();
}

TEST_F(Keys, NeedAStreamThatTakesThem) {
  establish({{0, "PCMU/8000"}});
  EXPECT_EQ(press(call.caller), 415);
  hangUp();
}

TEST_F(Keys, AreRefusedWhenBroken) {
  establish();
  EXPECT_EQ(press(call.caller, "nonsense"), 400);
  EXPECT_EQ(info(call.caller, "application/media_control+xml", "<x/>"), 415);
  EXPECT_THAT(std::string{call.caller.last->header(sip::HeaderId::accept).value_or("")}, HasSubstr("dtmf-relay"));
  hangUp();
}

TEST_F(Keys, QueueUpToABound) {
  establish();
  int status = 200;
  for (std::size_t i = 0; i < 40 && status == 200; ++i) status = press(call.caller);
  EXPECT_EQ(status, 503);
  border.pass(20s);
  EXPECT_EQ(press(call.caller), 200);
  hangUp();
}

TEST_F(Keys, AnEmptyInfoOnlyAsksWhetherTheDialogIsThere) {
  establish();
  call.caller.send("INFO");
  EXPECT_EQ(call.caller.final(sip::Method::info), 200);
  hangUp();
}

TEST_F(Keys, AMessageInsideACallIsRefused) {
  establish();
  EXPECT_EQ((call.caller.send("MESSAGE"), call.caller.final(sip::Method::message)), 405);
  EXPECT_THAT(std::string{call.caller.last->header(sip::HeaderId::allow).value_or("")}, HasSubstr("INFO"));
  hangUp();
}

TEST_F(Keys, BeforeTheAnswerReachOnlyACalleeThatIsHeard) {
  ASSERT_TRUE(call.dial() && call.ring());
  EXPECT_EQ(press(call.caller), 480);
  EXPECT_EQ(press(call.callee), 480);
  call.callee.respond(*call.invite, 486);
}

class KeysForInfo : public ::testing::Test {
 protected:
  static BorderConfig config() {
    BorderConfig made;
    made.core += "dtmf = \"info\"\n";
    return made;
  }
  void TearDown() override {
    border.pass(40s);
    EXPECT_EQ(border.leftovers(), "");
  }
  Border border{config()};
  ScriptedCall call{border};
};

TEST_F(KeysForInfo, ArePassedOnAsInfo) {
  ASSERT_TRUE(call.establish());
  call.caller.content_type = "application/dtmf";
  call.caller.send("INFO", "9");
  EXPECT_EQ(call.caller.final(sip::Method::info), 200);
  auto info = call.callee.request(sip::Method::info);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->contentType(), "application/dtmf-relay");
  EXPECT_EQ(info->body(), "Signal=9\r\nDuration=160\r\n");
  call.callee.respond(*info, 415);
  EXPECT_EQ(border.server.liveCalls(), 1u);
  border.server.endAll({"test.over", "", "edge", 0});
  for (auto* party : {&call.caller, &call.callee}) {
    auto bye = party->request(sip::Method::bye);
    ASSERT_TRUE(bye);
    party->respond(*bye, 200);
  }
}

TEST_F(KeysForInfo, OfSuchAPeerAreMadeIntoEventsForTheOther) {
  Sdp offer;
  offer.formats = kWithEvents;
  ASSERT_TRUE(call.dial(offer.text()));
  call.callee.respond(*call.invite, 200, call.answerBody());  // knows no events
  ASSERT_EQ(call.caller.final(), 200);
  EXPECT_THAT(linesOf(call.caller.last->body(), "a=rtpmap:"), Contains(HasSubstr("telephone-event")));
  call.caller.ack();
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  call.callee.content_type = "application/dtmf-relay";
  call.callee.send("INFO", "Signal=1\r\n");
  EXPECT_EQ(call.callee.final(sip::Method::info), 200);
  border.pass(1s);
  ASSERT_FALSE(border.ports.latest->sent.empty());
  EXPECT_EQ(border.ports.latest->sent.front().to, media::Side::a);
  call.callee.content_type = "application/sdp";
  call.callee.send("BYE");
  auto bye = call.caller.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  call.caller.respond(*bye, 200);
}

// --- candidates that follow a description (RFC 8840)

class Trickled : public ::testing::Test {
 protected:
  static BorderConfig config() {
    BorderConfig made;
    made.devices += "ice = \"accept\"\n";
    return made;
  }
  void SetUp() override { ASSERT_TRUE(call.establish()); }
  void TearDown() override {
    call.caller.send("BYE");
    EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
    const auto bye = call.callee.request(sip::Method::bye);
    ASSERT_TRUE(bye);
    call.callee.respond(*bye, 200);
    border.pass(40s);
    EXPECT_EQ(border.leftovers(), "");
  }
  int tell(Party& party, const std::string& body, const std::string& package = "trickle-ice") {
    party.content_type = "application/trickle-ice-sdpfrag";
    party.send("INFO", body, "Info-Package: " + package + "\r\n");
    party.content_type = "application/sdp";
    return party.final(sip::Method::info);
  }
  const std::string candidates =
      "a=ice-pwd:passwordpasswordpassword\r\na=ice-ufrag:peer\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
      "a=candidate:1 1 UDP 2130706431 10.9.8.7 40000 typ host\r\na=end-of-candidates\r\n";
  Border border{config()};
  ScriptedCall call{border};
};

TEST_F(Trickled, IsSaidToBeHeardWhereIceIs) {
  EXPECT_TRUE(call.caller.last->listContains(sip::HeaderId::supported, "trickle-ice"));
  EXPECT_EQ(call.caller.last->header("Recv-Info"), "trickle-ice");
  EXPECT_FALSE(call.invite->listContains(sip::HeaderId::supported, "trickle-ice"));
  EXPECT_FALSE(call.invite->header("Recv-Info"));
}

TEST_F(Trickled, IsTakenAndChangesNothing) {
  EXPECT_EQ(tell(call.caller, candidates), 200);
  EXPECT_TRUE(call.callee.silent());
}

TEST_F(Trickled, IsRefusedWhenBroken) {
  EXPECT_EQ(tell(call.caller, "a=candidate:1 1 UDP\r\n"), 400);
  EXPECT_EQ(tell(call.caller, "m=audio 9 RTP/AVP 0\r\n"), 400) << "no credentials";
}

TEST_F(Trickled, OtherPackagesAreRefusedByName) {
  EXPECT_EQ(tell(call.caller, candidates, "infoDtmf"), 469);
  EXPECT_EQ(call.caller.last->header("Recv-Info"), "trickle-ice");
  EXPECT_EQ(tell(call.callee, candidates), 469) << "that side has no ICE";
}

}  // namespace
}  // namespace sallyport::call::test
