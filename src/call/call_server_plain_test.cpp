// SPDX-License-Identifier: Apache-2.0
// A core that is configured as unprotected: plain TCP and RTP on its side, and on no other.
#include <gmock/gmock.h>

#include "call/call_test_script.h"
#include "media/media_test_support.h"

namespace sallyport::call::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Sdp kPlain{.host = "10.20.30.40", .port = 41'000, .profile = "RTP/AVP", .suite = ""};

BorderConfig withPlainCore() {
  BorderConfig config;
  config.core = "address = \"10.20.30.40:5060\"\nunprotected = true\n";
  config.media = "[unprotected_listener]\naddress = \"10.0.0.1:5060\"\n";
  config.routes += "[[route]]\nuser = \"outside\"\nto = \"carrier\"\n";
  return config;
}

class PlainCore : public ::testing::Test {
 protected:
  PlainCore() { border.flows.unprotected = {"core"}; }
  void TearDown() override {
    border.pass(40s);
    EXPECT_EQ(border.leftovers(), "");
  }

  // alice's call is answered by the core in clear.
  void establish() {
    ASSERT_TRUE(call.dial());
    call.callee.contact = "Contact: <sip:inner@10.20.30.40:5060;transport=tcp>\r\n";
    call.callee.respond(*call.invite, 200, kPlain.text());
    ASSERT_EQ(call.caller.final(), 200);
    ASSERT_TRUE(call.callee.request(sip::Method::ack));
    call.caller.ack();
  }
  void hangUp() {
    call.caller.send("BYE");
    EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
    auto bye = call.callee.request(sip::Method::bye);
    ASSERT_TRUE(bye);
    EXPECT_THAT(std::string{*bye->header(sip::HeaderId::via)}, HasSubstr("SIP/2.0/TCP 10.0.0.1:5060;"));
    call.callee.respond(*bye, 200);
  }
  // What the relay makes of a datagram that comes in on a side.
  media::Verdict relayed(media::Side from, const char* source, std::vector<std::uint8_t>& datagram) {
    const auto length = datagram.size();
    datagram.resize(length + media::kSrtpTailroom);
    const auto verdict = border.ports.latest->relay.onPacket(from, media::Channel::rtp, *Endpoint::parse(source),
                                                             datagram, length, border.clock.steady());
    datagram.resize(verdict.forward() ? verdict.length : 0);
    return verdict;
  }

  Border border{withPlainCore()};
  ScriptedCall call{border};
};

TEST_F(PlainCore, IsCalledOverTcpAndOfferedPlainRtp) {
  establish();
  const std::string invite{call.invite->bytes()};
  EXPECT_THAT(invite, HasSubstr("Via: SIP/2.0/TCP 10.0.0.1:5060;branch="));
  EXPECT_THAT(invite, HasSubstr("@10.0.0.1:5060;transport=tcp>"));
  EXPECT_THAT(invite, HasSubstr(" RTP/AVP "));
  for (const auto* secret : {"a=crypto", "SIP/2.0/TLS", "transport=tls", "edge.sallyport.test"})
    EXPECT_THAT(invite, Not(HasSubstr(secret)));
  hangUp();
}

TEST_F(PlainCore, LeavesTheCallersSideWithTlsAndSrtp) {
  establish();
  const std::string done{call.caller.last->bytes()};
  EXPECT_THAT(done, HasSubstr("@edge.sallyport.test:5061;transport=tls>"));
  EXPECT_THAT(done, HasSubstr(" RTP/SAVP "));
  EXPECT_THAT(done, HasSubstr("a=crypto:1 AEAD_AES_256_GCM"));
  EXPECT_THAT(done, Not(HasSubstr("10.0.0.1")));
  hangUp();
}

TEST_F(PlainCore, VoiceIsEncryptedOnTheCallersSideOnly) {
  establish();
  auto clear = media::test::rtpPacket(0xB1, 7);
  const auto verdict = relayed(media::Side::b, "10.20.30.40:41000", clear);
  ASSERT_TRUE(verdict.forward());
  EXPECT_EQ(clear.size(), media::test::rtpPacket(0xB1, 7).size() + 16) << "the tag of AEAD_AES_256_GCM";

  auto unencrypted = media::test::rtpPacket(0xA1, 7);
  EXPECT_EQ(relayed(media::Side::a, "10.9.8.7:40000", unencrypted).reason, media::DropReason::badTag);
  auto elsewhere = media::test::rtpPacket(0xB1, 8);
  EXPECT_EQ(relayed(media::Side::b, "10.20.30.41:41000", elsewhere).reason, media::DropReason::foreignSource);
  hangUp();
}

TEST_F(PlainCore, TheRecordSaysThatTheLegWasUnprotected) {
  establish();
  hangUp();
  ASSERT_EQ(border.records.kept.size(), 1u);
  const auto& record = border.records.kept.front();
  EXPECT_FALSE(record.legs[0].unprotected);
  EXPECT_EQ(record.legs[0].srtp_suite, "AEAD_AES_256_GCM");
  const auto& leg = record.legs[1];
  EXPECT_TRUE(leg.unprotected);
  EXPECT_EQ(leg.proven_by, "network");
  EXPECT_EQ(leg.codec, "PCMU");
  EXPECT_THAT(leg.srtp_suite + leg.keying + leg.tls_version + leg.tls_suite + leg.fingerprint, IsEmpty());
  EXPECT_THAT(record.downgrades, Contains(HasSubstr("core is unprotected")));
}

TEST_F(PlainCore, MayCallOutAndTheOtherSideIsProtected) {
  const auto carrier = border.flows.open("carrier");
  auto core = callerOn(border, border.flows.open("core"), "outside", "core-user");
  core.contact = "Contact: <sip:core@10.20.30.40:5060;transport=tcp>\r\n";
  core.send("INVITE", kPlain.text());
  Party callee{border, carrier};
  auto invite = callee.request(sip::Method::invite);
  ASSERT_TRUE(invite);
  callee = calleeOf(border, carrier, *invite);
  EXPECT_THAT(std::string{invite->bytes()}, HasSubstr("Via: SIP/2.0/TLS edge.sallyport.test:5061;"));
  EXPECT_THAT(std::string{invite->body()}, HasSubstr(" RTP/SAVP "));
  callee.respond(*invite, 200, answering(invite->body()).text());
  ASSERT_EQ(core.final(), 200);
  EXPECT_THAT(std::string{core.last->bytes()}, HasSubstr("@10.0.0.1:5060;transport=tcp>"));
  EXPECT_THAT(std::string{core.last->body()}, HasSubstr(" RTP/AVP "));
  EXPECT_THAT(std::string{core.last->body()}, Not(HasSubstr("a=crypto")));
  ASSERT_TRUE(callee.request(sip::Method::ack));
  core.ack();
  core.send("BYE");
  EXPECT_EQ(core.final(sip::Method::bye), 200);
  auto bye = callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  callee.respond(*bye, 200);
  EXPECT_TRUE(border.records.kept.front().legs[0].unprotected);
}

TEST_F(PlainCore, IsOfferedPlainRtpWhereTheCallerOffersNothing) {
  ASSERT_TRUE(call.dial(""));
  EXPECT_THAT(std::string{call.invite->body()}, HasSubstr(" RTP/AVP "));
  EXPECT_THAT(std::string{call.invite->body()}, Not(HasSubstr("a=crypto")));
  call.callee.respond(*call.invite, 200, kPlain.text());
  ASSERT_EQ(call.caller.final(), 200);
  EXPECT_THAT(std::string{call.caller.last->body()}, HasSubstr(" RTP/SAVP "));
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  call.caller.ack(answering(call.caller.last->body(), {.host = "10.9.8.7", .key = 0xA1}).text());
  hangUp();
}

TEST_F(PlainCore, ItsReofferIsAnsweredInClear) {
  establish();
  auto moved = kPlain;
  moved.port = 41'002;
  moved.version = 2;
  call.callee.send("INVITE", moved.text());
  ASSERT_EQ(call.callee.final(), 200);
  EXPECT_THAT(std::string{call.callee.last->body()}, HasSubstr(" RTP/AVP "));
  call.callee.ack();
  auto clear = media::test::rtpPacket(0xB1, 7);
  EXPECT_TRUE(relayed(media::Side::b, "10.20.30.40:41002", clear).forward());
  hangUp();
}

// --- refusals ------------------------------------------------------------------------------------------------------

TEST_F(PlainCore, ASipsCallNeverGoesThere) {
  call.caller.target = "sips:bob@sallyport.test";
  call.caller.to = "<sips:bob@sallyport.test>";
  call.caller.send("INVITE", Sdp{}.text());
  EXPECT_EQ(call.caller.final(), 480);
  EXPECT_THAT(std::string{call.caller.last->bytes()}, HasSubstr("Warning: 380 "));
  EXPECT_FALSE(border.flows.of("core")) << "not even a connection";
  call.caller.ack();
}

TEST_F(PlainCore, ASipsCallFromThereIsRefused) {
  auto core = callerOn(border, border.flows.open("core"), "outside", "core-user");
  core.target = "sips:outside@sallyport.test";
  core.to = "<sips:outside@sallyport.test>";
  core.send("INVITE", kPlain.text());
  EXPECT_EQ(core.final(), 416);
  core.ack();
}

TEST_F(PlainCore, ItsSrtpIsRefusedSinceTheKeysCameInClear) {
  auto core = callerOn(border, border.flows.open("core"), "outside", "core-user");
  core.send("INVITE", Sdp{}.text());
  EXPECT_EQ(core.final(), 488);
  core.ack();
}

TEST_F(PlainCore, AnAnswerThatIsNotWhatWasOfferedEndsTheCall) {
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, 200, Sdp{.host = "10.20.30.40"}.text());
  EXPECT_GE(call.caller.final(), 400);
  call.caller.ack();
  ASSERT_TRUE(call.callee.request(sip::Method::ack));
  auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  call.callee.respond(*bye, 200);
}

TEST_F(PlainCore, APlainOfferFromAnybodyElseStaysRefused) {
  for (const auto* who : {"alice", "carrier"}) {
    auto caller = callerOn(border, border.flows.open(who), "bob", who);
    caller.send("INVITE", Sdp{.profile = "RTP/AVP", .suite = ""}.text());
    EXPECT_EQ(caller.final(), 488) << who;
    caller.ack();
  }
  EXPECT_FALSE(border.flows.of("core"));
}

// A connection from before the peer was made unprotected: its rules and the connection's do not go together.
TEST_F(PlainCore, ItsTlsConnectionOfBeforeServesNoCall) {
  border.flows.unprotected.clear();
  auto core = callerOn(border, border.flows.open("core"), "outside", "core-user");
  core.send("INVITE", kPlain.text());
  EXPECT_EQ(core.final(), 403);
  core.ack();
}

TEST_F(PlainCore, AtThatListenerNobodyElseHasAnythingToProveItselfBy) {
  const auto flow = border.flows.openStranger(std::string{config::kUnprotectedListener}, "198.51.100.66:5060");
  auto stranger = callerOn(border, flow, "bob", "alice");
  stranger.send("INVITE", Sdp{}.text());
  EXPECT_EQ(stranger.final(), 403);
  EXPECT_THAT(std::string{stranger.last->bytes()}, Not(HasSubstr("Authenticate")));
  stranger.ack();
}

}  // namespace
}  // namespace sallyport::call::test
