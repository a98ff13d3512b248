// SPDX-License-Identifier: Apache-2.0
// Calls of a device that is keyed by DTLS: what becomes of one whose handshake is through, fails, or never comes.
#include <gmock/gmock.h>

#include "call/call_test_script.h"
#include "media/dtls/test_pair.h"

namespace sallyport::call::test {
namespace {

using crypto::DtlsRole;
using media::testing::End;

class CallKeyedByDtls : public ::testing::Test {
 protected:
  // alice's description names the certificate of `announced`; she is the client.
  void establish(const End& announced) {
    Sdp offer{.profile = "UDP/TLS/RTP/SAVP", .suite = {}};
    offer.extra =
        "a=fingerprint:" + announced.certificate->fingerprint().text() + "\r\na=setup:active\r\na=rtcp-mux\r\n";
    ASSERT_TRUE(call.dial(offer.text()));
    ASSERT_TRUE(call.answer());
    const auto ours = linesOf(call.caller.last->body(), "a=fingerprint:");
    ASSERT_EQ(ours.size(), 1u);
    ASSERT_TRUE(phone.association.announce({*crypto::CertificateFingerprint::parse(ours.front())}));
  }
  void shakeHands() {
    phone.association.start(border.clock.steady());
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& datagram : phone.association.takeOutgoing()) {
        border.ports.latest->path.onPathDatagram(0, *Endpoint::parse("10.9.8.7:40000"), datagram,
                                                 border.clock.steady());
        moved = true;
      }
      for (const auto& said : std::exchange(border.ports.latest->path_sent, {})) {
        phone.association.onDatagram(said.datagram, border.clock.steady());
        moved = true;
      }
    }
  }
  std::string endCode() const { return border.records.kept.empty() ? "live" : border.records.kept.front().end.code; }
  void answerByes() {
    for (auto* party : {&call.caller, &call.callee}) {
      auto bye = party->request(sip::Method::bye);
      ASSERT_TRUE(bye);
      party->respond(*bye, 200);
    }
  }
  void TearDown() override {
    border.pass(40s);
    EXPECT_EQ(border.leftovers(), "");
  }

  Border border{BorderConfig{.devices = "tier = \"strict\"\nmedia = [\"sdes\", \"dtls\"]\n"}};
  ScriptedCall call{border};
  End phone = End::make(DtlsRole::client);
};

TEST_F(CallKeyedByDtls, StandsOnceTheHandshakeIsThrough) {
  establish(phone);
  shakeHands();
  EXPECT_NE(phone.association.keys(), nullptr);
  border.pass(20s);
  EXPECT_EQ(endCode(), "live");
  call.caller.send("BYE");
  auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  call.callee.respond(*bye, 200);
  EXPECT_EQ(border.records.kept.front().legs[0].keying, "DTLS-SRTP");
  const auto& alice = border.records.kept.front().legs[0];
  EXPECT_EQ(alice.srtp_suite, "AEAD_AES_256_GCM");
  EXPECT_EQ(alice.dtls_fingerprint, phone.certificate->fingerprint().text());
  EXPECT_TRUE(alice.dtls_verified);
  EXPECT_EQ(alice.found_by, "SDP");
  EXPECT_EQ(alice.transport, "tls");
  const auto told = border.log.events("media.keys_agreed");
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told.front().fields.at("leg"), "callee");
  EXPECT_EQ(told.back().fields.at("leg"), "caller");
  EXPECT_EQ(told.back().fields.at("keying"), "DTLS-SRTP");
  EXPECT_EQ(told.back().fields.at("suite"), "AEAD_AES_256_GCM");
  EXPECT_EQ(told.back().fields.at("fingerprint"), alice.dtls_fingerprint);
}

TEST_F(CallKeyedByDtls, EndsWithItsCauseWhereTheHandshakeNeverComes) {
  establish(phone);
  border.pass(9'900ms);
  EXPECT_EQ(endCode(), "live");
  border.pass(200ms);
  EXPECT_EQ(endCode(), "media.handshake_timeout");
  EXPECT_EQ(border.records.kept.front().end.by, "caller");
  answerByes();
}

TEST_F(CallKeyedByDtls, EndsWhereAnotherCertificateIsShownThanWasAnnounced) {
  establish(End::make(DtlsRole::client));
  shakeHands();
  border.pass(10ms);
  EXPECT_EQ(endCode(), "dtls.fingerprint.mismatch");
  EXPECT_EQ(border.records.kept.front().legs[0].srtp_suite, "");
  answerByes();
}

// core is offered DTLS first, and SDES where it does not take that.
class CalleeOfTwoKeyings : public ::testing::Test {
 protected:
  std::string profile() const {
    const auto media = linesOf(call.invite->body(), "m=audio ");
    const auto from = media.at(0).find(' ') + 1;
    return media.at(0).substr(from, media.at(0).find(' ', from) - from);
  }
  bool refused(int status) {
    call.callee.respond(*call.invite, status);
    return call.callee.request(sip::Method::ack).has_value();
  }
  void TearDown() override {
    border.pass(40s);
    EXPECT_EQ(border.leftovers(), "");
  }

  Border border{BorderConfig{.core = "address = \"10.20.30.40:5061\"\nmedia = [\"dtls\", \"sdes\"]\n"}};
  ScriptedCall call{border};
};

TEST_F(CalleeOfTwoKeyings, IsOfferedTheSecondAfterA488) {
  ASSERT_TRUE(call.dial());
  EXPECT_EQ(profile(), "UDP/TLS/RTP/SAVP");
  const std::string first{call.invite->callId()};
  ASSERT_TRUE(refused(488));
  ASSERT_TRUE(call.arrived());
  EXPECT_EQ(profile(), "RTP/SAVP");
  EXPECT_NE(call.invite->callId(), first) << "another dialog";
  EXPECT_EQ(border.log.events("call.attempt.keyed_otherwise").size(), 1u);
  ASSERT_TRUE(call.answer());
  call.caller.send("BYE");
  auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  call.callee.respond(*bye, 200);
  const auto& record = border.records.kept.front();
  EXPECT_EQ(record.legs[1].keying, "SDES");
  ASSERT_EQ(record.attempts.size(), 2u);
  EXPECT_EQ(record.attempts[0].status, 488u);
  EXPECT_EQ(record.attempts[1].status, 200u);
}

TEST_F(CalleeOfTwoKeyings, ThatTakesNeitherIsHeardWithIts488) {
  ASSERT_TRUE(call.dial());
  ASSERT_TRUE(refused(488));
  ASSERT_TRUE(call.arrived());
  ASSERT_TRUE(refused(488));
  EXPECT_FALSE(call.arrived());
  EXPECT_EQ(call.caller.final(), 488);
}

TEST_F(CalleeOfTwoKeyings, IsNotAskedAgainForWhatConcernsNoMedia) {
  ASSERT_TRUE(call.dial());
  ASSERT_TRUE(refused(486));
  EXPECT_FALSE(call.arrived());
  EXPECT_EQ(call.caller.final(), 486);
}

TEST_F(CalleeOfTwoKeyings, ThatHasDescribedItselfIsNotAskedAgain) {
  ASSERT_TRUE(call.dial());
  const End phone = End::make(DtlsRole::client);
  Sdp early{.host = "10.20.30.40", .port = 41'000, .profile = "UDP/TLS/RTP/SAVP", .suite = {}};
  early.extra = "a=fingerprint:" + phone.certificate->fingerprint().text() + "\r\na=setup:active\r\na=rtcp-mux\r\n";
  call.callee.respond(*call.invite, 183, early.text());
  ASSERT_TRUE(call.caller.response(183));
  ASSERT_TRUE(refused(488));
  EXPECT_FALSE(call.arrived());
  EXPECT_EQ(call.caller.final(), 488);
}

}  // namespace
}  // namespace sallyport::call::test
