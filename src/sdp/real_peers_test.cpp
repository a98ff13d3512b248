// SPDX-License-Identifier: Apache-2.0
// Offers in the shape that real peers send, written from public documentation, and the hostile corpus.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "sdp/test_support.h"

namespace sallyport::sdp {
namespace {

using namespace testing;

TEST(RealPeer, BaresipOffersOneSuiteAndMux) {
  const auto audio = offerIn(lines({"v=0",
                                    "o=- 3345921012 1021032032 IN IP4 10.0.0.5",
                                    "s=-",
                                    "c=IN IP4 10.0.0.5",
                                    "t=0 0",
                                    "a=tool:baresip 1.0.0",
                                    "m=audio 16386 RTP/SAVP 96 0 8 101",
                                    "b=AS:117",
                                    "a=rtpmap:96 opus/48000/2",
                                    "a=fmtp:96 stereo=1;sprop-stereo=1",
                                    "a=rtpmap:0 PCMU/8000",
                                    "a=rtpmap:8 PCMA/8000",
                                    "a=rtpmap:101 telephone-event/8000",
                                    "a=fmtp:101 0-15",
                                    "a=rtcp:16387",
                                    "a=rtcp-mux",
                                    kCm128,
                                    "a=sendrecv",
                                    "a=label:1",
                                    "a=ssrc:2118937312 cname:sip:a@example.test",
                                    "a=ptime:20"}));
  ASSERT_TRUE(audio) << describe(audio.error());
  EXPECT_EQ(numbersOf(audio->formats), (std::vector{96, 0, 8, 101}));
  EXPECT_EQ(audio->formats[0].fmtp, "stereo=1;sprop-stereo=1");
  EXPECT_EQ(audio->rtcp_mux, RtcpMux::muxed);
}

TEST(RealPeer, LinphoneOffersSeveralSuitesAndXrAttributes) {
  const auto audio = offerIn(lines({"v=0",
                                    "o=alice 3021 1853 IN IP4 10.0.0.6",
                                    "s=Talk",
                                    "c=IN IP4 10.0.0.6",
                                    "t=0 0",
                                    "a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics",
                                    "a=record:off",
                                    "m=audio 7078 RTP/SAVP 96 97 98 0 8 18 101 99 100",
                                    "a=rtpmap:96 opus/48000/2",
                                    "a=fmtp:96 useinbandfec=1",
                                    "a=rtpmap:97 speex/16000",
                                    "a=fmtp:97 vbr=on",
                                    "a=rtpmap:98 speex/8000",
                                    "a=fmtp:98 vbr=on",
                                    "a=fmtp:18 annexb=yes",
                                    "a=rtpmap:101 telephone-event/48000",
                                    "a=rtpmap:99 telephone-event/16000",
                                    "a=rtpmap:100 telephone-event/8000",
                                    "a=rtcp:7079",
                                    kCm128,
                                    "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" + keyText(30),
                                    "a=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:" + keyText(46),
                                    "a=crypto:4 AES_256_CM_HMAC_SHA1_32 inline:" + keyText(46),
                                    "a=rtcp-fb:* trr-int 5000",
                                    "a=rtcp-fb:* ccm tmmbr"}));
  ASSERT_TRUE(audio) << describe(audio.error());
  EXPECT_EQ(numbersOf(audio->formats), (std::vector{96, 0, 8, 101, 100}));
  EXPECT_EQ(audio->crypto[0].tag, 3u);
}

TEST(RealPeer, TeamsOffersLifetimeWithoutMkiAndIceCandidates) {
  const auto audio =
      offerIn(lines({"v=0",
                     "o=- 146228 0 IN IP4 52.114.20.30",
                     "s=session",
                     "c=IN IP4 52.114.20.30",
                     "b=CT:10000000",
                     "t=0 0",
                     "m=audio 50130 RTP/SAVP 104 9 103 111 18 0 8 97 101 13 118",
                     "a=rtcp:50131",
                     "a=ice-ufrag:ZyPv",
                     "a=ice-pwd:2fcp0xNTLzVpR5Yh0kZ0VmQ1",
                     "a=rtcp-mux",
                     "a=candidate:1 1 UDP 2130706431 52.114.20.30 50130 typ srflx raddr 10.0.32.13 rport 50130",
                     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + keyText(30) + "|2^31",
                     "a=rtpmap:104 SILK/16000",
                     "a=rtpmap:9 G722/8000",
                     "a=rtpmap:103 SILK/8000",
                     "a=rtpmap:111 SIREN/16000",
                     "a=fmtp:111 bitrate=16000",
                     "a=rtpmap:18 G729/8000",
                     "a=fmtp:18 annexb=no",
                     "a=rtpmap:0 PCMU/8000",
                     "a=rtpmap:8 PCMA/8000",
                     "a=rtpmap:97 RED/8000",
                     "a=rtpmap:101 telephone-event/8000",
                     "a=fmtp:101 0-16",
                     "a=rtpmap:13 CN/8000",
                     "a=rtpmap:118 CN/16000",
                     "a=ptime:20",
                     "a=maxptime:200"}));
  ASSERT_TRUE(audio) << describe(audio.error());
  EXPECT_EQ(numbersOf(audio->formats), (std::vector{0, 8, 101, 13}));
  EXPECT_EQ(audio->crypto[0].lifetime, std::uint64_t{1} << 31);
}

TEST(RealPeer, ContactCentreHoldsByAddress) {
  const auto audio =
      offerIn(lines({"v=0", "o=CloudEdge 1234567890 1234567891 IN IP4 3.120.10.10", "s=CloudEdge", "c=IN IP4 0.0.0.0",
                     "t=0 0", "m=audio 20456 RTP/SAVP 0 101", "a=rtpmap:0 PCMU/8000",
                     "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", kCm128, "a=sendonly", "a=ptime:20"}));
  ASSERT_TRUE(audio) << describe(audio.error());
  EXPECT_EQ(audio->direction, Direction::sendonly);
}

TEST(RealPeer, LiveKitSpellsTheLongSuiteTheOtherWay) {
  const auto audio =
      offerIn(lines({"v=0", "o=- 5520430413310453837 5520430413310453837 IN IP4 34.1.2.3", "s=LiveKit",
                     "c=IN IP4 34.1.2.3", "t=0 0", "m=audio 12000 RTP/SAVP 9 0 8 101", "a=rtpmap:9 G722/8000",
                     "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000",
                     "a=fmtp:101 0-16", "a=crypto:1 AES_CM_256_HMAC_SHA1_80 inline:" + keyText(46),
                     "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" + keyText(30), "a=ptime:20", "a=sendrecv"}));
  ASSERT_TRUE(audio) << describe(audio.error());
  EXPECT_EQ(audio->crypto[0].spelling, "AES_CM_256_HMAC_SHA1_80");
}

TEST(RealPeer, FreeSwitchsDefaultListStillHasAUsableLine) {
  const auto audio = offerIn(lines(
      {"v=0", "o=FreeSWITCH 1700000000 1700000001 IN IP4 10.0.0.7", "s=FreeSWITCH", "c=IN IP4 10.0.0.7", "t=0 0",
       "m=audio 24680 RTP/SAVP 102 0 101 13", "a=rtpmap:102 opus/48000/2",
       "a=fmtp:102 useinbandfec=1; maxaveragebitrate=30000; maxplaybackrate=48000; ptime=20; minptime=10; maxptime=40",
       "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=rtpmap:13 CN/8000",
       "a=crypto:1 AEAD_AES_256_GCM_8 inline:" + keyText(44),
       "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:" + keyText(30), "a=crypto:9 NULL_AUTH inline:" + keyText(30),
       "a=ptime:20"}));
  ASSERT_TRUE(audio) << describe(audio.error());
  ASSERT_EQ(audio->crypto.size(), 1u);
  EXPECT_EQ(audio->crypto[0].tag, 3u);
  EXPECT_EQ(audio->formats[0].fmtp,
            "useinbandfec=1;maxaveragebitrate=30000;maxplaybackrate=48000;minptime=10;maxptime=40");
}

TEST(RealPeer, BrowserIsRefusedUntilDtlsIsSpoken) {
  EXPECT_EQ(outcome(offerIn(lines({"v=0", "o=- 46117317 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
                                   "m=audio 9 UDP/TLS/RTP/SAVPF 111 0", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0",
                                   "a=rtpmap:111 opus/48000/2", "a=fingerprint:sha-256 AA:BB", "a=setup:actpass"}))),
            "sdp.keying.dtls");
}

std::string corpus(const std::string& path) {
  const char* root = std::getenv("SALLYPORT_CORPORA");
  const std::string folder = root != nullptr ? root : std::string{SALLYPORT_SOURCE_DIR} + "/../shared/corpora";
  std::ifstream file{folder + "/" + path, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string bodyOf(const std::string& message) {
  const auto blank = message.find("\r\n\r\n");
  return blank == std::string::npos ? message : message.substr(blank + 4);
}

TEST(HostileCorpus, IsRefusedWithTheReasonOfEach) {
  const std::map<std::string, std::string> expected{
      {"sip-hostile-messages/sdp-500-m-lines.sip", "sdp.too_many_media"},
      {"sip-hostile-messages/sdp-conn-addr-4096.sip", "sdp.line.too_long"},
      {"sip-hostile-messages/sdp-fmtp-nul.sip", "sdp.line.nul"},
      {"sip-hostile-messages/sdp-format-2pow32.sip", "sdp.format.range"},
      {"sip-hostile-messages/sdp-media-type-1024.sip", "sdp.media.malformed"},
      {"sip-hostile-messages/sdp-v-lf-v0.sip", "sdp.version"},
      {"sip-hostile-messages/ptime-overflow.sip", "sdp.ptime"},
      {"sip-hostile-messages/ptime-zero-rate-zero.sip", "sdp.ptime"},
      {"sip-hostile-messages/ice-ufrag-4096.sip", "sdp.line.too_long"},
      {"sip-hostile-messages/ice-candidate-overlong.sip", "sdp.line.too_long"},
      {"sip-rfc4475/sdp01.dat", "sdp.plain_rtp"},
      {"sip-rfc5118/ipv6-in-sdp", "sdp.plain_rtp"},
      {"sip-rfc5118/mult-ip-in-sdp", "sdp.plain_rtp"},
  };
  for (const auto& [path, code] : expected) {
    const auto message = corpus(path);
    if (message.empty()) GTEST_SKIP() << "no corpora here: set SALLYPORT_CORPORA";
    auto body = bodyOf(message);
    if (body == message) body = message.substr(message.find("v=0"));  // RFC 5118's archive has bare line feeds
    EXPECT_EQ(outcome(offerIn(body)), code) << path;
  }
}

}  // namespace
}  // namespace sallyport::sdp
