// SPDX-License-Identifier: Apache-2.0
#pragma once
// A media session whose sides are keyed by DTLS or SDES, with phones that speak DTLS for real.

#include <gmock/gmock.h>

#include "call/call_test_script.h"
#include "call/media_session.h"
#include "media/dtls/test_pair.h"
#include "media/ice/ice_test_support.h"
#include "media/media_test_support.h"

namespace sallyport::call::test {

using crypto::DtlsRole;
using media::DropReason;
using media::Side;
using media::testing::End;

inline sdp::MediaPolicy keyedBy(std::vector<sdp::Keying> keyings, sdp::IceUse ice = sdp::IceUse::never) {
  sdp::MediaPolicy policy;
  policy.keyings = std::move(keyings);
  policy.ice = ice;
  return policy;
}

// A phone that speaks DTLS; its port pair is the side's first.
struct Phone {
  Phone(Side on, DtlsRole role, const char* address)
      : side(on), pair(on == Side::a ? 0 : 1), at(*Endpoint::parse(address)), end(End::make(role)) {}

  Sdp says(const std::string& setup, const std::string& extra = {}) const {
    return {.host = at.address.toString(),
            .port = at.port,
            .profile = "UDP/TLS/RTP/SAVP",
            .suite = {},
            .extra = "a=fingerprint:" + end.certificate->fingerprint().text() + "\r\na=setup:" + setup +
                     "\r\na=rtcp-mux\r\n" + extra};
  }
  // Our description names the certificate.
  void hears(std::string_view description) {
    const auto fingerprint = crypto::CertificateFingerprint::parse(linesOf(description, "a=fingerprint:").at(0));
    ASSERT_TRUE(fingerprint && end.association.announce({*fingerprint}));
  }
  const media::DtlsSrtpKeys& keys() const { return *end.association.keys(); }

  Side side;
  MediaPorts::Pair pair;
  Endpoint at;
  End end;
};

struct Moves final : MediaSession::Watcher {
  void onMediaMoved() override { ++count; }
  int count = 0;
};

class KeyedSides : public ::testing::Test {
 protected:
  void open(sdp::MediaPolicy a, sdp::MediaPolicy b) {
    for (const auto side : {Side::a, Side::b}) {
      PeerPolicy peer;
      peer.media = std::move(side == Side::a ? a : b);
      ASSERT_TRUE(session.open(side, peer, IpAddress::Family::v4, clock.wall()));
    }
  }
  void offer(const Sdp& said) {
    const auto read = session.readOffer(Side::a, said.text());
    ASSERT_TRUE(read) << describe(read.error());
    auto onward = session.offerTo(Side::b);
    ASSERT_TRUE(onward) << describe(onward.error());
    to_b = *onward;
  }
  void answer(const Sdp& said) {
    const auto read = session.readAnswer(Side::b, said.text(), clock.steady(), clock.wall());
    ASSERT_TRUE(read) << describe(read.error());
    auto back = session.answerTo(Side::a, clock.steady(), clock.wall());
    ASSERT_TRUE(back) << describe(back.error());
    to_a = *back;
  }
  // Carries what lies ready between the phone and its port, until both are silent.
  void talk(Phone& phone) {
    auto& sent = ports.latest->path_sent;
    phone.end.association.start(clock.steady());
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& datagram : phone.end.association.takeOutgoing()) arrive(phone, datagram), moved = true;
      for (const auto& [from, to, datagram] : std::exchange(sent, {})) {
        if (from == phone.pair && to == phone.at) phone.end.association.onDatagram(datagram, clock.steady());
        moved = true;
      }
    }
  }
  PathEvents::Heard arrive(const Phone& phone, Bytes datagram) {
    return ports.latest->path.onPathDatagram(phone.pair, phone.at, datagram, clock.steady());
  }
  void check(const Phone& phone, const Endpoint& from, std::string_view ours, bool nominate = true) {
    media::ice::testing::Check made;
    made.username = linesOf(ours, "a=ice-ufrag:").at(0) + ":peer";
    made.password = linesOf(ours, "a=ice-pwd:").at(0);
    made.use_candidate = nominate;
    EXPECT_EQ(ports.latest->path.onPathDatagram(phone.pair, from, made.written(), clock.steady()),
              PathEvents::Heard::taken);
  }
  // Where a packet under `from`'s key goes, if `to`'s key opens what arrives there; else why it does not.
  std::string through(Side side, const Endpoint& source, const media::SrtpKeying& from, const media::SrtpKeying& to) {
    auto sender = *media::SrtpSender::create(from);
    auto packet = media::test::protect(sender, media::test::rtpPacket(0xA1, ++sequence, 0));
    const auto length = packet.size();
    packet.resize(length + media::kSrtpTailroom);
    const auto verdict =
        ports.latest->relay.onPacket(side, media::Channel::rtp, source, packet, length, clock.steady());
    if (!verdict.forward()) return std::string{media::toString(verdict.reason)};
    packet.resize(verdict.length);
    auto receiver = *media::SrtpReceiver::create(to);
    if (media::test::unprotect(receiver, packet) != DropReason::sent) return "not our key";
    return verdict.destination.toString();
  }
  static media::SrtpKeying sdesOf(const std::string& text) {
    return {crypto::SrtpSuite::aeadAes256Gcm,
            Secret{Bytes{*crypto::base64Decode(text, crypto::Base64Padding::optional)}}};
  }
  static std::string name(DropReason reason) { return std::string{media::toString(reason)}; }
  telemetry::CallRecord record() const {
    telemetry::CallRecord told;
    session.describe(told);
    return told;
  }

  FakeClock clock;
  FakePorts ports;
  Moves moves;
  MediaSession session{ports, {&moves, 10s}};
  std::string to_a, to_b;
  std::uint16_t sequence = 100;

  const Sdp sdes_caller{.formats = {{0, "PCMU/8000"}}, .extra = "a=rtcp-mux\r\n"};
  const Endpoint sdes_callee = *Endpoint::parse("10.20.30.40:41000"), sdes_phone = *Endpoint::parse("10.9.8.7:40000");
  const media::SrtpKeying callee_key = sdesOf(keyText("AEAD_AES_256_GCM", 0xB2)),
                          caller_key = sdesOf(keyText("AEAD_AES_256_GCM", 0xA1));
};

}  // namespace sallyport::call::test
