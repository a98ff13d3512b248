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
  EXPECT_EQ(border.records.kept.front().legs[0].srtp_suite, "AEAD_AES_256_GCM");
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

}  // namespace
}  // namespace sallyport::call::test
