// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sdp/test_support.h"

namespace sallyport::sdp {
namespace {

using namespace testing;

const std::string kAudio = "m=audio 40000 RTP/SAVP 0 101";
const std::string kEvents = "a=rtpmap:101 telephone-event/8000";

std::string outcomeOf(const std::vector<std::string>& media) { return outcome(offerIn(description(media))); }

std::string outcomeAt(const std::string& connection) {
  return outcome(
      offerIn(lines({"v=0", "o=- 20 1 IN IP4 192.0.2.10", "s=-", "c=IN " + connection, "t=0 0", kAudio, kCm128})));
}

TEST(ReadOffer, SaysWhereWhatAndWithWhichKey) {
  const auto audio = offerIn(description({kAudio, kEvents, kCm128, "a=ptime:20", "a=maxptime:40", "a=sendonly"}));
  ASSERT_TRUE(audio) << describe(audio.error());
  EXPECT_EQ(audio->rtp.toString(), "192.0.2.10:40000");
  EXPECT_EQ(audio->rtcp.toString(), "192.0.2.10:40001");
  EXPECT_EQ(audio->rtcp_mux, RtcpMux::separate);
  EXPECT_EQ(audio->direction, Direction::sendonly);
  EXPECT_EQ(audio->profile, Profile::savp);
  EXPECT_EQ(numbersOf(audio->formats), (std::vector{0, 101}));
  EXPECT_EQ(audio->ptime, 20u);
  EXPECT_EQ(audio->maxptime, 40u);
  ASSERT_EQ(audio->crypto.size(), 1u);
  EXPECT_EQ(audio->crypto[0].suite, crypto::SrtpSuite::aesCm128HmacSha1_80);
  EXPECT_EQ(audio->session_id, "20");
  EXPECT_TRUE(audio->layout.others.empty());
}

TEST(ReadOffer, PutsThePolicysFavouriteSuiteFirst) {
  const auto text = description({kAudio, kCm128, "a=crypto:2 AEAD_AES_128_GCM inline:" + keyText(28),
                                 "a=crypto:3 AEAD_AES_256_GCM inline:" + keyText(44)});
  const auto strongest = offerIn(text);
  ASSERT_TRUE(strongest);
  EXPECT_EQ(strongest->crypto[0].tag, 3u);
  EXPECT_EQ(strongest->crypto[2].tag, 1u);
  MediaPolicy policy;
  policy.suites = {crypto::SrtpSuite::aesCm128HmacSha1_80};
  const auto only = offerIn(text, policy);
  ASSERT_TRUE(only);
  ASSERT_EQ(only->crypto.size(), 1u);
  EXPECT_EQ(only->crypto[0].tag, 1u);
}

TEST(ReadOffer, NeverAcceptsAudioInTheClear) {
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/AVP 0"}), "sdp.plain_rtp");
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/AVPF 0"}), "sdp.plain_rtp");
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/AVP 0", kCm128}), "sdp.plain_rtp");  // "opportunistic" SRTP
  EXPECT_EQ(outcomeOf({kAudio, kCm128 + " UNENCRYPTED_SRTP"}), "sdp.crypto.unencrypted");
  EXPECT_EQ(outcomeOf({kAudio, "a=crypto:1 AEAD_AES_256_GCM inline:" + keyText(44),
                       "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" + keyText(30) + " UNENCRYPTED_SRTCP"}),
            "sdp.crypto.unencrypted");
}

TEST(ReadOffer, TakesTheSecuredOneWhenAudioIsOfferedTwice) {
  const auto audio = offerIn(description({"m=audio 40000 RTP/AVP 0", "m=audio 40002 RTP/SAVP 8", kCm128}));
  ASSERT_TRUE(audio) << describe(audio.error());
  EXPECT_EQ(audio->rtp.port, 40002);
  EXPECT_EQ(audio->layout.audio_index, 1u);
  EXPECT_EQ(audio->layout.others, (std::vector<OtherMedia>{{"audio", "RTP/AVP", "0"}}));
}

TEST(ReadOffer, RefusesKeyingAndProfilesItDoesNotSpeak) {
  EXPECT_EQ(outcomeOf({"m=audio 40000 UDP/TLS/RTP/SAVPF 0"}), "sdp.keying.dtls");
  EXPECT_EQ(outcomeOf({"m=audio 40000 UDP/TLS/RTP/SAVP 0"}), "sdp.keying.dtls");
  EXPECT_EQ(outcomeOf({"m=audio 40000 TCP/RTP/SAVP 0"}), "sdp.profile");
  EXPECT_EQ(outcomeOf({"m=audio 40000 udp 0"}), "sdp.profile");
}

TEST(ReadOffer, RefusesOffersWithoutUsableKeysAndSaysWhyOfEach) {
  EXPECT_EQ(outcomeOf({kAudio}), "sdp.crypto.none");
  const auto refused = offerIn(description({kAudio, "a=crypto:1 NULL_HMAC_SHA1_80 inline:" + keyText(30),
                                            "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" + keyText(30) + "|1:4"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(describe(refused.error()), "sdp.crypto.none: 1: unknown suite; 2: mki");
  EXPECT_EQ(refused.error().kind, ErrorKind::peerDenied);

  MediaPolicy strict;
  strict.suites = {crypto::SrtpSuite::aeadAes256Gcm};
  const auto weak = offerIn(description({kAudio, kCm128}), strict);
  ASSERT_FALSE(weak);
  EXPECT_EQ(describe(weak.error()), "sdp.crypto.none: 1: AES_CM_128_HMAC_SHA1_80 is not allowed");
}

TEST(ReadOffer, RefusesCryptoLinesThatShareATag) {
  EXPECT_EQ(outcomeOf({kAudio, kCm128, kCm128}), "sdp.crypto.tag_repeated");
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=crypto:01 NULL inline:AAAA"}), "sdp.crypto.tag_repeated");
}

TEST(ReadOffer, RefusesAFloodOfCryptoLines) {
  std::vector<std::string> media{kAudio};
  for (int tag = 1; tag <= 33; ++tag) media.push_back("a=crypto:" + std::to_string(tag) + " X inline:A");
  EXPECT_EQ(outcomeOf(media), "sdp.crypto.too_many");
}

TEST(ReadOffer, RefusesOffersWithoutOpenAudio) {
  EXPECT_EQ(outcomeOf({}), "sdp.no_audio");
  EXPECT_EQ(outcomeOf({"m=audio 0 RTP/SAVP 0", kCm128}), "sdp.no_audio");
  EXPECT_EQ(outcomeOf({"m=image 40000 udptl t38"}), "sdp.no_audio");
}

TEST(ReadOffer, RefusesOffersWithoutASharedVoiceCodec) {
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/SAVP 18 101", kEvents, kCm128}), "sdp.codec.none");
}

TEST(ReadOffer, RefusesPlacesThatMediaCannotOrMustNotBeSentTo) {
  EXPECT_EQ(outcomeAt("IP4 media.example.com"), "sdp.connection.not_an_address");
  EXPECT_EQ(outcomeAt("IP4 0x7f000001"), "sdp.connection.not_an_address");
  EXPECT_EQ(outcomeAt("IP4 127.1"), "sdp.connection.not_an_address");
  EXPECT_EQ(outcomeAt("IP6 [2001:db8::1]"), "sdp.connection.not_an_address");
  EXPECT_EQ(outcomeAt("IP4 2001:db8::1"), "sdp.connection.family");
  EXPECT_EQ(outcomeAt("IP6 192.0.2.1"), "sdp.connection.family");
  EXPECT_EQ(outcomeAt("IP4 224.2.36.42/127"), "sdp.connection.multicast");
  EXPECT_EQ(outcomeAt("IP4 239.1.1.1"), "sdp.connection.multicast");
  EXPECT_EQ(outcomeAt("IP6 ff02::1"), "sdp.connection.multicast");
  EXPECT_EQ(outcomeAt("IP4 255.255.255.255"), "sdp.connection.forbidden");
  EXPECT_EQ(outcomeAt("IP4 0.0.0.1"), "sdp.connection.forbidden");
  EXPECT_EQ(outcomeAt("IP6 ::ffff:192.0.2.1"), "sdp.connection.forbidden");
  EXPECT_EQ(outcomeAt("IP6 ::192.0.2.1"), "sdp.connection.forbidden");
  EXPECT_EQ(outcomeAt("IP6 2001:db8::1"), "accepted");
  EXPECT_EQ(outcome(offerIn(lines({"v=0", "o=- 1 1 IN IP4 h", "s=-", "t=0 0", kAudio, kCm128}))),
            "sdp.connection.missing");
}

TEST(ReadOffer, SendsMediaOnlyIntoThePeersNetworks) {
  MediaPolicy policy;
  policy.media_networks = {*IpNetwork::parse("192.0.2.0/24")};
  EXPECT_EQ(outcome(offerIn(description({kAudio, kCm128}), policy)), "accepted");
  EXPECT_EQ(outcome(offerIn(description({kAudio, kCm128}, "198.51.100.1"), policy)), "sdp.connection.outside_networks");
  EXPECT_EQ(outcome(offerIn(description({kAudio, kCm128, "a=rtcp:5 IN IP4 127.0.0.1"}), policy)),
            "sdp.connection.outside_networks");
}

TEST(ReadOffer, ReadsHoldByAddressAsNotReceiving) {  // RFC 3264 8.4; RFC 6157 4 for IPv6
  const auto held = offerIn(description({kAudio, kCm128}, "0.0.0.0"));
  ASSERT_TRUE(held);
  EXPECT_EQ(held->direction, Direction::sendonly);
  EXPECT_TRUE(held->rtp.address.isUnspecified());
  EXPECT_EQ(offerIn(description({kAudio, kCm128, "a=recvonly"}, "0.0.0.0"))->direction, Direction::inactive);
  EXPECT_EQ(offerIn(description({kAudio, kCm128}, "call.invalid"))->direction, Direction::sendonly);
}

TEST(ReadOffer, TakesTheSectionsDirectionBeforeTheSessions) {
  const auto head =
      lines({"v=0", "o=- 1 1 IN IP4 h", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "a=inactive", kAudio, kCm128});
  EXPECT_EQ(offerIn(head)->direction, Direction::inactive);
  EXPECT_EQ(offerIn(head + "a=recvonly\r\n")->direction, Direction::recvonly);
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=sendonly", "a=recvonly"}), "sdp.direction.conflict");
}

TEST(ReadOffer, FollowsRtcp) {  // RFC 3605, 5761
  EXPECT_EQ(offerIn(description({kAudio, kCm128, "a=rtcp:53020"}))->rtcp.toString(), "192.0.2.10:53020");
  EXPECT_EQ(offerIn(description({kAudio, kCm128, "a=rtcp:53020 IN IP4 192.0.2.11"}))->rtcp.toString(),
            "192.0.2.11:53020");
  const auto muxed = offerIn(description({kAudio, kCm128, "a=rtcp-mux", "a=rtcp:40000"}));
  ASSERT_TRUE(muxed) << describe(muxed.error());
  EXPECT_EQ(muxed->rtcp_mux, RtcpMux::muxed);
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=rtcp:40000"}), "sdp.rtcp.malformed");
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=rtcp:0"}), "sdp.rtcp.malformed");
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=rtcp:5 IN IP4"}), "sdp.rtcp.malformed");
  EXPECT_EQ(outcomeOf({"m=audio 65535 RTP/SAVP 0", kCm128}), "sdp.rtcp.malformed");
  EXPECT_EQ(outcomeOf({"m=audio 65535 RTP/SAVP 0", kCm128, "a=rtcp-mux"}), "accepted");
}

TEST(ReadOffer, RefusesNumbersOutOfRange) {
  EXPECT_EQ(outcomeOf({"m=audio 40000/2 RTP/SAVP 0", kCm128}), "sdp.media.port_count");
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=ptime:0"}), "sdp.ptime");
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=ptime:4294967295"}), "sdp.ptime");
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=ptime:"}), "sdp.ptime");
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=ptime:20.0"}), "accepted");
  EXPECT_EQ(outcomeOf({kAudio, kCm128, "a=maxptime:0"}), "sdp.ptime");
}

}  // namespace
}  // namespace sallyport::sdp
