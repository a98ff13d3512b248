// SPDX-License-Identifier: Apache-2.0
// A call whose two sides share no voice codec: what each is told, what the relay between them makes of it, and when
// such a call is refused.
#include <gmock/gmock.h>

#include "call/call_test_script.h"
#include "call/media_session.h"
#include "media/media_test_support.h"

namespace sallyport::call::test {
namespace {

using media::Side;
using ::testing::HasSubstr;
using ::testing::Not;

const Sdp kCaller{.formats = {{0, "PCMU/8000"}, {101, "telephone-event/8000"}}};
const Sdp kCallee{.host = "10.20.30.40", .port = 41'000, .key = 0xB2};

std::string numbersIn(std::string_view description) {
  const auto line = linesOf(description, "m=audio ").front();
  return line.substr(line.find("SAVP") + 5);
}
std::string outcome(const Status& status) { return status ? "fine" : status.error().code; }

PeerPolicy peerWith(std::vector<sdp::Codec> codecs) {
  static const auto policy = policyOf({});
  PeerPolicy peer;
  peer.media = policy->peer(kDevices)->media;
  peer.media.codecs = std::move(codecs);
  peer.media.codecs.push_back(sdp::Codec::telephoneEvent);
  return peer;
}

class CallBetweenCodecs : public ::testing::Test {
 protected:
  void open(const PeerPolicy& a, const PeerPolicy& b, unsigned transcoded_calls = 100) {
    session.emplace(ports, MediaSession::Oversight{nullptr, std::chrono::seconds{10}, transcoded_calls});
    ASSERT_TRUE(session->open(Side::a, a, IpAddress::Family::v4, clock.wall()));
    ASSERT_TRUE(session->open(Side::b, b, IpAddress::Family::v4, clock.wall()));
  }
  std::string hear(Side from, std::string_view offer, std::vector<std::pair<unsigned, std::string>> formats) {
    auto answer = answering(offer, from == Side::b ? kCallee : Sdp{});
    answer.formats = std::move(formats);
    const auto text = answer.text();
    return outcome(session->readAnswer(from, text, clock.steady(), clock.wall()));
  }
  std::string answerTo(Side side) {
    auto text = session->answerTo(side, clock.steady(), clock.wall());
    return text ? *text : text.error().code;
  }
  void agree() {
    open(peerWith({sdp::Codec::pcmu}), peerWith({sdp::Codec::opus}));
    ASSERT_EQ(outcome(session->readOffer(Side::a, kCaller.text())), "fine");
    to_b = *session->offerTo(Side::b);
    ASSERT_EQ(hear(Side::b, to_b, {{96, "opus/48000/2"}, {102, "telephone-event/48000"}}), "fine");
    to_a = answerTo(Side::a);
  }

  FakeClock clock;
  FakePorts ports;
  std::optional<MediaSession> session;
  std::string to_a, to_b;
};

TEST_F(CallBetweenCodecs, EachSideIsToldOfItsOwn) {
  agree();
  EXPECT_EQ(numbersIn(to_b), "96 102");
  EXPECT_EQ(numbersIn(to_a), "0 101");
  telemetry::CallRecord record;
  session->describe(record);
  EXPECT_EQ(record.legs[0].codec, "PCMU");
  EXPECT_EQ(record.legs[1].codec, "opus");
  EXPECT_EQ(ports.transcoding_slots.inUse(), 1U);
}

TEST_F(CallBetweenCodecs, VoiceOfOneIsHeardInTheCodecOfTheOther) {
  agree();
  auto sender = *media::SrtpSender::create(
      media::SrtpKeying{crypto::SrtpSuite::aeadAes256Gcm, Secret{std::vector<std::uint8_t>(44, 0xA1)}});
  auto datagram = media::test::protect(sender, media::test::rtpPacket(7, 100, 0, 160));
  const auto length = datagram.size();
  datagram.resize(2'100);
  const auto heard = ports.latest->relay.onPacket(Side::a, media::Channel::rtp, {*IpAddress::parse("10.9.8.7"), 40'000},
                                                  datagram, length, clock.steady());
  ASSERT_EQ(heard.reason, media::DropReason::transcoded);
  const auto made = ports.latest->relay.nextTranscoded(Side::b, datagram, clock.steady());
  ASSERT_TRUE(made.forward());
  EXPECT_EQ(made.destination.port, 41'000);
  EXPECT_EQ(datagram[1] & 0x7F, 96);
  EXPECT_FALSE(ports.latest->relay.nextTranscoded(Side::b, datagram, clock.steady()).forward());
  telemetry::CallRecord record;
  session->describe(record);
  EXPECT_EQ(record.legs[0].media.transcoded_to, "opus");
  EXPECT_EQ(record.legs[0].media.transcoded, 1U);
}

TEST_F(CallBetweenCodecs, ASharedCodecThatTheCalleeTakesIsRelayedAndNeedsNoRoom) {
  open(peerWith({sdp::Codec::pcmu}), peerWith({sdp::Codec::opus, sdp::Codec::pcmu}));
  ASSERT_EQ(outcome(session->readOffer(Side::a, kCaller.text())), "fine");
  to_b = *session->offerTo(Side::b);
  EXPECT_EQ(numbersIn(to_b), "0 101 96 102");
  ASSERT_EQ(hear(Side::b, to_b, {{0, "PCMU/8000"}}), "fine");
  EXPECT_EQ(numbersIn(answerTo(Side::a)), "0");
  EXPECT_EQ(ports.transcoding_slots.counters().calls, 0U);
}

TEST_F(CallBetweenCodecs, ACalleeThatTakesBothMaySendEither) {
  open(peerWith({sdp::Codec::pcmu}), peerWith({sdp::Codec::opus, sdp::Codec::pcmu}));
  ASSERT_EQ(outcome(session->readOffer(Side::a, kCaller.text())), "fine");
  to_b = *session->offerTo(Side::b);
  ASSERT_EQ(hear(Side::b, to_b, {{96, "opus/48000/2"}, {0, "PCMU/8000"}}), "fine");
  EXPECT_EQ(numbersIn(answerTo(Side::a)), "0");
  EXPECT_EQ(ports.transcoding_slots.inUse(), 1U);
}

TEST_F(CallBetweenCodecs, ALateOfferIsAnsweredAcrossToo) {
  open(peerWith({sdp::Codec::pcmu}), peerWith({sdp::Codec::opus}));
  to_b = *session->openingOffer(Side::b);
  EXPECT_THAT(numbersIn(to_b), HasSubstr("96"));
  ASSERT_EQ(hear(Side::b, to_b, {{96, "opus/48000/2"}}), "fine");
  to_a = *session->offerTo(Side::a);
  EXPECT_EQ(numbersIn(to_a), "0");
  EXPECT_EQ(hear(Side::a, to_a, {{0, "PCMU/8000"}}), "fine");
  EXPECT_TRUE(session->isAgreed());
}

TEST_F(CallBetweenCodecs, AReInviteOfEitherSideGoesOnTranscoded) {
  agree();
  auto hold = kCaller;
  hold.direction = "sendonly";
  hold.version = 2;
  ASSERT_EQ(outcome(session->readOffer(Side::a, hold.text())), "fine");
  to_b = *session->offerTo(Side::b);
  EXPECT_EQ(numbersIn(to_b), "96 102");
  EXPECT_THAT(to_b, HasSubstr("a=sendonly"));
  ASSERT_EQ(hear(Side::b, to_b, {{96, "opus/48000/2"}, {102, "telephone-event/48000"}}), "fine");
  EXPECT_EQ(numbersIn(answerTo(Side::a)), "0 101");

  auto moved = kCallee;
  moved.version = 2;
  moved.direction = "recvonly";
  moved.port = 42'000;
  moved.formats = {{96, "opus/48000/2"}};
  const auto local = session->answerLocally(Side::b, moved.text(), clock.steady(), clock.wall());
  ASSERT_TRUE(local) << local.error().code;
  EXPECT_EQ(numbersIn(*local), "96");
}

TEST_F(CallBetweenCodecs, ThePacketTimeOfAPeerIsAskedOfTheOther) {
  auto slow = peerWith({sdp::Codec::opus});
  slow.ptime = 60;
  open(peerWith({sdp::Codec::pcmu}), slow);
  ASSERT_EQ(outcome(session->readOffer(Side::a, kCaller.text())), "fine");
  to_b = *session->offerTo(Side::b);
  EXPECT_THAT(to_b, Not(HasSubstr("a=ptime")));
  ASSERT_EQ(hear(Side::b, to_b, {{96, "opus/48000/2"}}), "fine");
  EXPECT_THAT(answerTo(Side::a), HasSubstr("a=ptime:60"));
}

// --- one codec, two packet times -------------------------------------------------------------------------------------

class CallBetweenPacketTimes : public CallBetweenCodecs {
 protected:
  // The callee wants `ptime`; both have PCMU. `answer` is what else it says.
  void agree(std::optional<unsigned> ptime, const std::string& answer = {}, sdp::ZrtpUse zrtp = {}) {
    auto slow = peerWith({sdp::Codec::pcmu});
    slow.ptime = ptime;
    slow.transcode = config::Transcode::refuse;
    slow.media.zrtp = zrtp;
    open(peerWith({sdp::Codec::pcmu}), slow, 0);
    ASSERT_EQ(outcome(session->readOffer(Side::a, kCaller.text())), "fine");
    to_b = *session->offerTo(Side::b);
    auto said = answering(to_b, kCallee);
    said.formats = {{0, "PCMU/8000"}, {101, "telephone-event/8000"}};
    said.extra = answer;
    ASSERT_EQ(outcome(session->readAnswer(Side::b, said.text(), clock.steady(), clock.wall())), "fine");
    to_a = answerTo(Side::a);
  }
  // How long the packets are that `from` makes of packets of 20 ms, in octets of voice; 0: relayed.
  std::size_t madeBy(Side from) {
    auto sender = *media::SrtpSender::create(media::SrtpKeying{
        crypto::SrtpSuite::aeadAes256Gcm,
        Secret{std::vector<std::uint8_t>(44, static_cast<std::uint8_t>(from == Side::a ? 0xA1 : 0xB2))}});
    const Endpoint source =
        from == Side::a ? *Endpoint::parse("10.9.8.7:40000") : *Endpoint::parse("10.20.30.40:41000");
    auto& relay = ports.latest->relay;
    for (std::uint16_t sequence = 1; sequence <= 6; ++sequence) {
      auto datagram = media::test::protect(sender, media::test::rtpPacket(7, sequence, 0, 160));
      const auto length = datagram.size();
      datagram.resize(2'100);
      const auto heard = relay.onPacket(from, media::Channel::rtp, source, datagram, length, clock.steady());
      if (heard.forward()) return 0;
      EXPECT_EQ(heard.reason, media::DropReason::transcoded);
      const auto made = relay.nextTranscoded(media::opposite(from), datagram, clock.steady());
      if (made.forward()) return made.length - media::kRtpFixedHeaderBytes - kTag;
    }
    return 0;
  }
  static constexpr std::size_t kTag = 16;  // of AEAD_AES_256_GCM
};

TEST_F(CallBetweenPacketTimes, APeerIsSentThePacketsThatItsOperatorAsksForWithoutRoomForTranscoding) {
  agree(30);
  EXPECT_EQ(madeBy(Side::a), 240u);
  EXPECT_EQ(madeBy(Side::b), 0u) << "nobody said anything of the caller";
  EXPECT_EQ(ports.transcoding_slots.inUse(), 0U);
  telemetry::CallRecord record;
  session->describe(record);
  EXPECT_EQ(record.legs[0].media.repacketised, "20 -> 30 ms");
  EXPECT_EQ(record.legs[0].media.transcoded_to, "");
  EXPECT_EQ(record.legs[0].media.transcoded, 1u);
  EXPECT_EQ(record.legs[1].media.repacketised, "");
}

TEST_F(CallBetweenPacketTimes, APeerThatAsksInSdpAloneIsRelayedTo) {
  agree(std::nullopt, "a=ptime:30\r\n");
  EXPECT_EQ(madeBy(Side::a), 0u);
}

TEST_F(CallBetweenPacketTimes, NoPacketIsLongerThanThePeerTakes) {
  agree(60, "a=maxptime:30\r\n");
  EXPECT_EQ(madeBy(Side::a), 240u);
}

TEST_F(CallBetweenPacketTimes, PacketsThatFitAreRelayed) {
  agree(20);
  EXPECT_EQ(madeBy(Side::a), 0u);
}

TEST_F(CallBetweenPacketTimes, VoiceThatTheEndsProtectIsLeftAlone) {
  agree(30, {}, sdp::ZrtpUse::relayed);
  EXPECT_EQ(madeBy(Side::a), 0u);
}

TEST_F(CallBetweenCodecs, BeyondTheBoundItIsRefusedBeforeAnybodyIsAsked) {
  open(peerWith({sdp::Codec::pcmu}), peerWith({sdp::Codec::opus}), 0);
  ASSERT_EQ(outcome(session->readOffer(Side::a, kCaller.text())), "fine");
  EXPECT_STREQ(session->offerTo(Side::b).error().code, "media.transcoding.exhausted");
  EXPECT_STREQ(session->openingOffer(Side::b).error().code, "media.transcoding.exhausted");
}

TEST_F(CallBetweenCodecs, BeyondTheBoundOnlyWhatIsSharedIsOffered) {
  open(peerWith({sdp::Codec::pcmu}), peerWith({sdp::Codec::opus, sdp::Codec::pcmu}), 0);
  ASSERT_EQ(outcome(session->readOffer(Side::a, kCaller.text())), "fine");
  EXPECT_EQ(numbersIn(*session->offerTo(Side::b)), "0 101");
}

TEST_F(CallBetweenCodecs, ItsRoomIsGivenBackAtItsEnd) {
  agree();
  session.reset();
  EXPECT_EQ(ports.transcoding_slots.inUse(), 0U);
}

TEST_F(CallBetweenCodecs, EitherPeerMayRefuseIt) {
  for (const auto refusing : {Side::a, Side::b}) {
    auto a = peerWith({sdp::Codec::pcmu}), b = peerWith({sdp::Codec::opus});
    (refusing == Side::a ? a : b).transcode = config::Transcode::refuse;
    open(a, b);
    ASSERT_EQ(outcome(session->readOffer(Side::a, kCaller.text())), "fine");
    EXPECT_STREQ(session->offerTo(Side::b).error().code, "sdp.codec.none");
    EXPECT_STREQ(session->openingOffer(Side::b).error().code, "sdp.codec.none");
  }
}

TEST_F(CallBetweenCodecs, VoiceThatTheEndsProtectIsNeverTranscoded) {
  auto a = peerWith({sdp::Codec::pcmu}), b = peerWith({sdp::Codec::opus});
  b.media.zrtp = sdp::ZrtpUse::relayed;
  open(a, b);
  ASSERT_EQ(outcome(session->readOffer(Side::a, kCaller.text())), "fine");
  EXPECT_STREQ(session->offerTo(Side::b).error().code, "sdp.codec.none");
}

}  // namespace
}  // namespace sallyport::call::test
