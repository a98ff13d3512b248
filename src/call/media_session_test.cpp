// SPDX-License-Identifier: Apache-2.0
// Offer and answer on both sides of a call, and what the relay between them then lets through.
#include "call/media_session.h"

#include <gmock/gmock.h>

#include <set>

#include "call/call_test_script.h"
#include "media/media_test_support.h"

namespace sallyport::call::test {
namespace {

using media::Side;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Sdp kCaller{.formats = {{96, "opus/48000/2"}, {0, "PCMU/8000"}, {101, "telephone-event/8000"}}};

std::string numbersIn(std::string_view description) {
  const auto line = linesOf(description, "m=audio ").front();
  return line.substr(line.find("SAVP") + 5);
}
std::string outcome(const Status& status) { return status ? "fine" : status.error().code; }

class MediaOfACall : public ::testing::Test {
 protected:
  // Of tier compatible (all suites), of tier strict (AEAD), and with these codecs.
  static const sdp::MediaPolicy& compatible() {
    static const auto policy = policyOf({});
    return policy->peer(kDevices)->media;
  }
  static const sdp::MediaPolicy& strict() {
    static const auto policy = policyOf({});
    return policy->peer("core")->media;
  }
  static sdp::MediaPolicy speaking(std::vector<sdp::Codec> codecs) {
    auto policy = compatible();
    policy.codecs = std::move(codecs);
    return policy;
  }
  void SetUp() override { open(session, compatible(), strict()); }
  void open(MediaSession& opened, sdp::MediaPolicy a, sdp::MediaPolicy b) {
    ASSERT_TRUE(opened.open(Side::a, peerWith(std::move(a)), IpAddress::Family::v4, clock.wall()));
    ASSERT_TRUE(opened.open(Side::b, peerWith(std::move(b)), IpAddress::Family::v4, clock.wall()));
  }
  static PeerPolicy peerWith(sdp::MediaPolicy policy) {
    PeerPolicy peer;
    peer.media = std::move(policy);
    return peer;
  }
  std::string read(Side from, const Sdp& offer) { return outcome(session.readOffer(from, offer.text())); }
  std::string hear(Side from, const Sdp& answer) { return hearText(from, answer.text()); }
  std::string hearText(Side from, const std::string& answer) {
    return outcome(session.readAnswer(from, answer, clock.steady(), clock.wall()));
  }
  std::string answerTo(Side side) {
    auto text = session.answerTo(side, clock.steady(), clock.wall());
    return text ? *text : text.error().code;
  }
  // The first agreement; what each side was told stands in `to_b` and `to_a`.
  void agree(const Sdp& offer = kCaller, Sdp answer = {.host = "10.20.30.40", .port = 41'000, .key = 0xB2}) {
    ASSERT_EQ(read(Side::a, offer), "fine");
    to_b = *session.offerTo(Side::b);
    ASSERT_EQ(hear(Side::b, answering(to_b, std::move(answer))), "fine");
    to_a = answerTo(Side::a);
  }
  std::string recordSuites() {
    telemetry::CallRecord record;
    session.describe(record);
    return record.legs[0].srtp_suite + " " + record.legs[1].srtp_suite;
  }

  FakeClock clock;
  FakePorts ports;
  MediaSession session{ports, {}};
  std::string to_a, to_b;
};

TEST_F(MediaOfACall, EachSideIsToldOurAddressOnItsSideOnly) {
  agree();
  EXPECT_EQ(linesOf(to_b, "c=").front(), "IN IP4 203.0.113.10");
  EXPECT_EQ(linesOf(to_a, "c=").front(), "IN IP4 203.0.113.10");
  EXPECT_NE(linesOf(to_a, "m=audio ").front(), linesOf(to_b, "m=audio ").front());
  EXPECT_THAT(to_b, Not(HasSubstr("10.9.8.7")));
  EXPECT_THAT(to_a, Not(HasSubstr("10.20.30.40")));
  EXPECT_NE(linesOf(to_a, "o=").front(), linesOf(to_b, "o=").front());
}

TEST_F(MediaOfACall, NoKeyIsUsedTwice) {
  agree();
  std::set<std::string> keys{keyIn(to_a), keyIn(to_b, 0), keyIn(to_b, 1), keyText("AEAD_AES_256_GCM", 0xA1),
                             keyText("AEAD_AES_256_GCM", 0xB2)};
  EXPECT_EQ(keys.size(), 5u);
}

TEST_F(MediaOfACall, EachSideIsOfferedTheSuitesOfItsOwnPolicy) {
  agree({.suite = "AES_CM_128_HMAC_SHA1_80"});
  EXPECT_EQ(linesOf(to_b, "a=crypto:").size(), 2u);
  EXPECT_THAT(to_b, Not(HasSubstr("HMAC")));
  EXPECT_EQ(recordSuites(), "AES_CM_128_HMAC_SHA1_80 AEAD_AES_256_GCM");
}

TEST_F(MediaOfACall, ASuiteBelowTheSidesPolicyIsRefused) {
  MediaSession other{ports, {}};
  open(other, strict(), compatible());
  const auto read = other.readOffer(Side::a, Sdp{.suite = "AES_CM_128_HMAC_SHA1_80"}.text());
  EXPECT_EQ(outcome(read), "sdp.crypto.none");
}

TEST_F(MediaOfACall, WithoutVoiceInThePolicyThereIsNoOffer) {
  MediaSession mute{ports, {}};
  open(mute, compatible(), speaking({sdp::Codec::telephoneEvent}));
  ASSERT_TRUE(mute.readOffer(Side::a, Sdp{.formats = {{96, "opus/48000/2"}}}.text()));
  EXPECT_STREQ(mute.offerTo(Side::b).error().code, "sdp.codec.none");
  EXPECT_STREQ(mute.openingOffer(Side::b).error().code, "sdp.codec.none");
}

TEST_F(MediaOfACall, TheCallerIsAnsweredWithTheCodecsTheCalleeTook) {
  agree(kCaller, {.host = "10.20.30.40", .port = 41'000, .key = 0xB2});
  EXPECT_EQ(numbersIn(to_b), "96 0 101 8");
  EXPECT_EQ(numbersIn(to_a), "96");  // the callee took the first
}

struct Directions {
  const char *offered, *onward, *answered, *back;
};
class DirectionsAcross : public MediaOfACall, public ::testing::WithParamInterface<Directions> {};
TEST_P(DirectionsAcross, AreThoseOfTheTwoPeers) {
  const auto& [offered, onward, answered, back] = GetParam();
  agree({.direction = offered}, {.host = "10.20.30.40", .port = 41'000, .direction = answered, .key = 0xB2});
  EXPECT_THAT(linesOf(to_b, "a="), Contains(onward));
  EXPECT_THAT(linesOf(to_a, "a="), Contains(back));
}
INSTANTIATE_TEST_SUITE_P(Matrix, DirectionsAcross,
                         ::testing::Values(Directions{"sendrecv", "sendrecv", "sendrecv", "sendrecv"},
                                           Directions{"sendrecv", "sendrecv", "recvonly", "recvonly"},
                                           Directions{"sendrecv", "sendrecv", "sendonly", "sendonly"},
                                           Directions{"sendrecv", "sendrecv", "inactive", "inactive"},
                                           Directions{"sendonly", "sendonly", "recvonly", "recvonly"},
                                           Directions{"sendonly", "sendonly", "sendrecv",
                                                      "recvonly"},  // narrowed to what was offered
                                           Directions{"sendonly", "sendonly", "inactive", "inactive"},
                                           Directions{"recvonly", "recvonly", "sendonly", "sendonly"},
                                           Directions{"recvonly", "recvonly", "sendrecv", "sendonly"},
                                           Directions{"inactive", "inactive", "sendrecv", "inactive"}));

// --- later offers ---------------------------------------------------------------------------------------------------

TEST_F(MediaOfACall, TheSameOfferAgainIsAnsweredWithTheSameWords) {
  agree();
  ASSERT_EQ(read(Side::a, kCaller), "fine");
  EXPECT_TRUE(session.offerIsLocal(Side::a));
  EXPECT_EQ(answerTo(Side::a), to_a);
}

TEST_F(MediaOfACall, TheVersionRisesWithEachChangeAndOnlyThen) {
  agree();
  const auto versionOf = [](const std::string& text) {
    const auto origin = linesOf(text, "o=").front();
    return origin.substr(0, origin.find(" IN"));
  };
  auto next = kCaller;
  next.direction = "sendonly";
  ASSERT_EQ(read(Side::a, next), "fine");
  EXPECT_FALSE(session.offerIsLocal(Side::a));
  const auto hold_to_b = *session.offerTo(Side::b);
  EXPECT_NE(versionOf(hold_to_b), versionOf(to_b));
  EXPECT_EQ(linesOf(hold_to_b, "o=").front().substr(0, 5), linesOf(to_b, "o=").front().substr(0, 5));  // same session
  auto answer = answering(hold_to_b);
  answer.direction = "recvonly";
  ASSERT_EQ(hear(Side::b, answer), "fine");
  const auto hold_to_a = answerTo(Side::a);
  EXPECT_NE(versionOf(hold_to_a), versionOf(to_a));
  EXPECT_EQ(versionOf(session.currentOffer(Side::a)), versionOf(hold_to_a));
  EXPECT_EQ(versionOf(session.currentOffer(Side::b)), versionOf(hold_to_b));
}

TEST_F(MediaOfACall, OurKeysStayAcrossHoldAndResume) {
  agree();
  const auto ours_b = keyIn(session.currentOffer(Side::b)), ours_a = keyIn(session.currentOffer(Side::a));
  auto hold = kCaller;
  hold.direction = "sendonly";
  ASSERT_EQ(read(Side::a, hold), "fine");
  const auto again = *session.offerTo(Side::b);
  EXPECT_EQ(keyIn(again), ours_b);
  EXPECT_EQ(linesOf(again, "a=crypto:").size(), 1u);
  ASSERT_EQ(hear(Side::b, answering(again)), "fine");
  EXPECT_EQ(keyIn(answerTo(Side::a)), ours_a);
}

TEST_F(MediaOfACall, AnotherSuiteMeansAnotherKey) {
  agree();
  auto weaker = kCaller;
  weaker.suite = "AES_CM_128_HMAC_SHA1_80";
  ASSERT_EQ(read(Side::a, weaker), "fine");
  EXPECT_TRUE(session.offerIsLocal(Side::a));
  EXPECT_NE(keyIn(answerTo(Side::a)), keyIn(to_a));
  EXPECT_EQ(recordSuites(), "AES_CM_128_HMAC_SHA1_80 AEAD_AES_256_GCM");
}

TEST_F(MediaOfACall, ACodecKeepsItsNumberTowardsASideThatKnowsIt) {
  agree();
  ASSERT_EQ(read(Side::b, {.host = "10.20.30.40", .formats = {{107, "opus/48000/2"}}, .key = 0xB2}), "fine");
  EXPECT_EQ(numbersIn(*session.offerTo(Side::a)), "96 0 8");
}

TEST_F(MediaOfACall, AnAnswerNobodyAskedForIsRefused) {
  EXPECT_EQ(hear(Side::b, {}), "sdp.answer.unexpected");
  agree();
  EXPECT_EQ(hearText(Side::a, Sdp{}.text()), "sdp.answer.unexpected");
}

TEST_F(MediaOfACall, ARefusedAnswerChangesNothing) {
  agree();
  const auto before = session.currentOffer(Side::b);
  EXPECT_EQ(hearText(Side::b, Sdp{.tag = 9}.text()), "sdp.crypto.not_offered");
  EXPECT_EQ(session.currentOffer(Side::b), before);
}

TEST_F(MediaOfACall, AWithdrawnOfferChangesNothing) {
  agree();
  auto hold = kCaller;
  hold.direction = "inactive";
  ASSERT_EQ(read(Side::a, hold), "fine");
  ASSERT_TRUE(session.offerTo(Side::b));
  session.withdrawOffer(Side::a);
  ASSERT_EQ(read(Side::a, kCaller), "fine");
  EXPECT_TRUE(session.offerIsLocal(Side::a));
  EXPECT_EQ(answerTo(Side::a), to_a);
}

TEST_F(MediaOfACall, AnOfferTheRelayRefusesIsTakenBackWhole) {
  agree();
  auto shared = kCaller;
  auto text = shared.text();
  const auto theirs = keyText("AEAD_AES_256_GCM", 0xA1);
  text.replace(text.find(theirs), theirs.size(), keyIn(to_b));  // the key we encrypt with toward the other side
  ASSERT_TRUE(session.readOffer(Side::a, text));
  EXPECT_EQ(answerTo(Side::a).substr(0, 6), "media.");
  session.withdrawOffer(Side::a);
  ASSERT_EQ(read(Side::a, kCaller), "fine");
  EXPECT_EQ(answerTo(Side::a), to_a);
}

TEST_F(MediaOfACall, ALateOfferIsAgreedFromTheCalleeBackwards) {
  const auto opening = *session.openingOffer(Side::b);
  EXPECT_FALSE(session.isAgreed());
  ASSERT_EQ(hear(Side::b, answering(opening)), "fine");
  const auto onward = *session.offerTo(Side::a);
  EXPECT_EQ(numbersIn(onward), "96 0 8");  // what it took, and what could be made of that
  EXPECT_EQ(linesOf(onward, "a=crypto:").size(), 4u);
  EXPECT_FALSE(session.isAgreed());
  auto answer = answering(onward, kCaller);
  ASSERT_EQ(hear(Side::a, answer), "fine");
  EXPECT_TRUE(session.isAgreed());
}

// --- rtcp-mux, and what the relay does with it all ------------------------------------------------------------------

TEST_F(MediaOfACall, RtcpPortsCloseWhereMuxIsAgreed) {
  auto muxing = kCaller;
  muxing.extra = "a=rtcp-mux\r\n";
  agree(muxing);
  EXPECT_TRUE(ports.latest->rtcp_closed[0]);
  EXPECT_FALSE(ports.latest->rtcp_closed[1]);
  EXPECT_THAT(linesOf(to_a, "a="), Contains("rtcp-mux"));
  telemetry::CallRecord record;
  session.describe(record);
  EXPECT_TRUE(record.legs[0].pinholes[1].closed.has_value());
  EXPECT_FALSE(record.legs[1].pinholes[1].closed.has_value());
}

TEST_F(MediaOfACall, MuxOnceAgreedCannotBeTakenBack) {
  auto muxing = kCaller;
  muxing.extra = "a=rtcp-mux\r\n";
  agree(muxing);
  ASSERT_EQ(read(Side::a, kCaller), "fine");
  EXPECT_EQ(answerTo(Side::a), "sdp.rtcp_mux.withdrawn");
  session.withdrawOffer(Side::a);
  ASSERT_EQ(read(Side::a, muxing), "fine");
  EXPECT_EQ(answerTo(Side::a), to_a);
}

TEST_F(MediaOfACall, PortsCloseAtTheEndAndFiguresStay) {
  agree();
  session.close(clock.wall());
  EXPECT_EQ(ports.open_calls, 0);
  telemetry::CallRecord record;
  session.describe(record);
  EXPECT_TRUE(record.legs[1].pinholes[0].closed.has_value());
  EXPECT_EQ(record.legs[0].keying, "SDES");
}

class MediaThrough : public MediaOfACall {
 protected:
  static media::SrtpKeying keyOf(const std::string& text) {
    const auto bytes = crypto::base64Decode(text, crypto::Base64Padding::optional);
    return {crypto::SrtpSuite::aeadAes256Gcm, Secret{Bytes{*bytes}}};
  }
  struct Peer {
    Peer(Side on, std::uint8_t fill, const char* at)
        : side(on), source(*Endpoint::parse(at)), sender(*senderWith(keyText("AEAD_AES_256_GCM", fill))) {}
    static Result<media::SrtpSender> senderWith(const std::string& key) {
      return media::SrtpSender::create(keyOf(key));
    }
    Side side;
    Endpoint source;
    media::SrtpSender sender;
    std::uint16_t sequence = 100;
  };
  // The payload type that the other side finds in what came through, once it has taken our key off; else why nothing.
  std::string through(Peer& from, std::uint8_t payload_type, const std::string& far_description) {
    auto packet = media::test::protect(from.sender, media::test::rtpPacket(0xA1, ++from.sequence, payload_type));
    const auto length = packet.size();
    packet.resize(length + media::kSrtpTailroom);
    const auto verdict =
        ports.latest->relay.onPacket(from.side, media::Channel::rtp, from.source, packet, length, clock.steady());
    if (!verdict.forward()) return std::string{media::toString(verdict.reason)};
    packet.resize(verdict.length);
    auto receiver = *media::SrtpReceiver::create(keyOf(keyIn(far_description)));
    const auto opened = media::test::unprotect(receiver, packet);
    if (opened != media::DropReason::sent) return "not our key";
    return std::to_string(media::parseRtpHeader(packet)->payload_type) + " to " + verdict.destination.toString();
  }
  std::string dropped(media::DropReason reason) { return std::string{media::toString(reason)}; }

  Peer caller{Side::a, 0xA1, "10.9.8.7:40000"};
  Peer callee{Side::b, 0xB2, "10.20.30.40:41000"};
};

TEST_F(MediaThrough, NothingPassesBeforeBothSidesAgreed) {
  ASSERT_EQ(read(Side::a, kCaller), "fine");
  to_b = *session.offerTo(Side::b);
  EXPECT_EQ(through(caller, 96, to_b), dropped(media::DropReason::notReady));
}

TEST_F(MediaThrough, AudioIsReencryptedWithTheOtherSidesKey) {
  agree();
  EXPECT_EQ(through(caller, 96, to_b), "96 to 10.20.30.40:41000");
  EXPECT_EQ(through(callee, 96, to_a), "96 to 10.9.8.7:40000");
}

TEST_F(MediaThrough, ACodecNobodyAgreedOnDoesNotPass) {
  agree();
  EXPECT_EQ(through(caller, 0, to_b), dropped(media::DropReason::payloadTypeRefused));  // the callee took opus alone
}

TEST_F(MediaThrough, NumbersAreTranslatedWhereTheSidesUseOthers) {
  agree();
  ASSERT_EQ(
      read(Side::b,
           {.host = "10.20.30.40", .port = 41'000, .version = 2, .formats = {{107, "opus/48000/2"}}, .key = 0xB2}),
      "fine");
  ASSERT_TRUE(session.offerIsLocal(Side::b));
  ASSERT_EQ(answerTo(Side::b).substr(0, 3), "v=0");
  EXPECT_EQ(through(caller, 96, to_b), "107 to 10.20.30.40:41000");
  EXPECT_EQ(through(callee, 107, to_a), "96 to 10.9.8.7:40000");
}

TEST_F(MediaThrough, NobodyIsSentAudioWhoDoesNotListen) {
  agree({.direction = "sendonly", .formats = {{96, "opus/48000/2"}}},
        {.host = "10.20.30.40", .port = 41'000, .direction = "recvonly", .key = 0xB2});
  EXPECT_EQ(through(caller, 96, to_b), "96 to 10.20.30.40:41000");
  EXPECT_EQ(through(callee, 96, to_a), dropped(media::DropReason::directionClosed));
}

TEST_F(MediaThrough, TheRelayStandsAfterAnOfferItRefused) {
  agree();
  auto text = kCaller.text();
  const auto theirs = keyText("AEAD_AES_256_GCM", 0xA1);
  text.replace(text.find(theirs), theirs.size(), keyIn(to_b));
  ASSERT_TRUE(session.readOffer(Side::a, text));
  ASSERT_EQ(answerTo(Side::a).substr(0, 6), "media.");
  session.withdrawOffer(Side::a);
  EXPECT_EQ(through(caller, 96, to_b), "96 to 10.20.30.40:41000");
  EXPECT_EQ(through(callee, 96, to_a), "96 to 10.9.8.7:40000");
}

TEST_F(MediaThrough, SilenceNamesTheSideAndCountsFromTheAnswer) {
  agree();
  session.expectMedia(clock.steady());
  clock.advance(59s);
  EXPECT_FALSE(session.silence(clock.steady(), 60s));
  EXPECT_EQ(through(caller, 96, to_b), "96 to 10.20.30.40:41000");
  clock.advance(2s);
  const auto silent = session.silence(clock.steady(), 60s);
  ASSERT_TRUE(silent);
  EXPECT_THAT(*silent, HasSubstr("callee"));
}

}  // namespace
}  // namespace sallyport::call::test
