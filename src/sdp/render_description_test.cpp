// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sdp/test_support.h"

namespace sallyport::sdp {
namespace {

using namespace testing;

LocalAudio local() {
  LocalAudio audio;
  audio.session_id = 7;
  audio.session_version = 2;
  audio.rtp = *Endpoint::parse("198.51.100.1:30000");
  audio.rtcp_port = 30001;
  audio.formats = defaultFormats(std::array{Codec::opus, Codec::pcmu, Codec::telephoneEvent});
  audio.ptime = 20;
  CryptoOffer crypto;
  crypto.key_and_salt = Secret{44};
  audio.crypto.push_back(std::move(crypto));
  return audio;
}

TEST(RenderOffer, SaysEverythingAndNothingAboutWhoWeAre) {
  EXPECT_EQ(renderOffer(local()),
            lines({"v=0", "o=- 7 2 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0",
                   "m=audio 30000 RTP/SAVP 96 0 101 102", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 useinbandfec=1",
                   "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
                   "a=rtpmap:102 telephone-event/48000", "a=fmtp:102 0-15",
                   "a=crypto:1 AEAD_AES_256_GCM inline:" + keyText(44, 0), "a=ptime:20", "a=sendrecv"}));
}

TEST(RenderOffer, NamesARtcpPortThatDoesNotFollowRtp) {
  auto audio = local();
  audio.rtcp_port = 31000;
  audio.rtcp_mux = RtcpMux::muxed;
  const auto text = renderOffer(audio);
  EXPECT_NE(text.find("a=rtcp-mux\r\na=rtcp:31000\r\n"), std::string::npos) << text;
}

TEST(RenderOffer, WritesIpv6) {
  auto audio = local();
  audio.rtp = *Endpoint::parse("[2001:db8::1]:30000");
  const auto text = renderOffer(audio);
  EXPECT_NE(text.find("o=- 7 2 IN IP6 2001:db8::1\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("c=IN IP6 2001:db8::1\r\n"), std::string::npos) << text;
}

TEST(RenderOffer, KeepsRefusedStreamsInTheirPlaces) {
  auto audio = local();
  audio.layout = {1, {{"video", "RTP/AVP", "31"}, {"image", "udptl", "t38"}}};
  const auto session = Session::parse(renderOffer(audio));
  ASSERT_TRUE(session) << describe(session.error());
  ASSERT_EQ(session->media().size(), 3u);
  EXPECT_EQ(session->media()[0].kind, "video");
  EXPECT_EQ(session->media()[0].port, 0);
  EXPECT_EQ(session->media()[1].port, 30000);
  EXPECT_EQ(session->media()[2].protocol, "udptl");
}

TEST(RenderOffer, IsReadBackAsWhatItSaid) {
  for (const auto direction : {Direction::sendrecv, Direction::sendonly, Direction::recvonly, Direction::inactive}) {
    auto audio = local();
    audio.direction = direction;
    const auto read = offerIn(renderOffer(audio));
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(read->formats, audio.formats);
    EXPECT_EQ(read->direction, direction);
    EXPECT_EQ(read->rtp, audio.rtp);
    EXPECT_EQ(read->ptime, audio.ptime);
    EXPECT_TRUE(read->crypto[0].key_and_salt == audio.crypto[0].key_and_salt);
  }
}

TEST(RenderAnswer, FollowsTheOffersShapeProfileNumbersAndSpelling) {
  const auto offer =
      offerIn(description({"m=video 5000 RTP/SAVP 31", "m=audio 40000 RTP/SAVPF 111 8", "a=rtpmap:111 opus/48000/2",
                           "a=crypto:4 AES_CM_256_HMAC_SHA1_80 inline:" + keyText(46)}));
  ASSERT_TRUE(offer) << describe(offer.error());
  auto answer = local();
  answer.formats = {offer->formats[0]};
  answer.crypto.clear();
  answer.crypto.push_back(answerCrypto(offer->crypto[0], Secret{46}));
  answer.direction = answerTo(offer->direction, Direction::sendrecv);
  const auto text = renderAnswer(answer, *offer);
  EXPECT_NE(text.find("m=video 0 RTP/SAVP 31\r\nm=audio 30000 RTP/SAVPF 111\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("a=crypto:4 AES_CM_256_HMAC_SHA1_80 inline:" + keyText(46, 0) + "\r\n"), std::string::npos);
}

TEST(RenderAnswer, MuxesOnlyWhenBothSidesDo) {
  const std::vector<std::string> media{"m=audio 40000 RTP/SAVP 0", kCm128};
  auto muxing = media;
  muxing.push_back("a=rtcp-mux");
  const auto plain = offerIn(description(media));
  const auto muxed = offerIn(description(muxing));
  auto answer = local();
  answer.formats = plain->formats;
  answer.rtcp_port = 31000;
  answer.rtcp_mux = RtcpMux::muxed;
  answer.crypto.clear();
  answer.crypto.push_back(answerCrypto(plain->crypto[0], Secret{30}));
  EXPECT_EQ(renderAnswer(answer, *plain).find("rtcp-mux"), std::string::npos);
  EXPECT_NE(renderAnswer(answer, *plain).find("a=rtcp:31000"), std::string::npos);
  EXPECT_NE(renderAnswer(answer, *muxed).find("a=rtcp-mux"), std::string::npos);
  EXPECT_EQ(renderAnswer(answer, *muxed).find("a=rtcp:"), std::string::npos);
}

TEST(RenderAnswer, IsAnAnswerToTheOfferItAnswers) {
  auto offer = local();
  const auto heard = offerIn(renderOffer(offer));
  ASSERT_TRUE(heard);
  auto answer = local();
  answer.rtp = *Endpoint::parse("203.0.113.5:20000");
  answer.rtcp_port = 20001;
  answer.formats = {heard->formats[1]};
  Secret key{44};
  key.mutableBytes()[0] = 1;
  answer.crypto.clear();
  answer.crypto.push_back(answerCrypto(heard->crypto[0], std::move(key)));
  const auto understood = answerIn(renderAnswer(answer, *heard), offer);
  ASSERT_TRUE(understood) << describe(understood.error());
  EXPECT_EQ(understood->rtp, answer.rtp);
  EXPECT_EQ(understood->formats, answer.formats);
}

}  // namespace
}  // namespace sallyport::sdp
