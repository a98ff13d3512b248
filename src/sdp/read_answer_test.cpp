// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sdp/test_support.h"

namespace sallyport::sdp {
namespace {

using namespace testing;

CryptoOffer ourKey(unsigned tag, crypto::SrtpSuite suite, std::uint8_t fill) {
  const auto facts = crypto::factsOf(suite);
  CryptoOffer offer;
  offer.tag = tag;
  offer.suite = suite;
  offer.key_and_salt = Secret{facts.master_key_bytes + facts.master_salt_bytes};
  for (auto& byte : offer.key_and_salt.mutableBytes()) byte = fill;
  return offer;
}

LocalAudio ourOffer() {
  LocalAudio local;
  local.session_id = 7;
  local.session_version = 1;
  local.rtp = *Endpoint::parse("198.51.100.1:30000");
  local.rtcp_port = 30001;
  local.formats = defaultFormats(std::array{Codec::opus, Codec::pcmu, Codec::telephoneEvent});
  local.crypto.push_back(ourKey(1, crypto::SrtpSuite::aeadAes256Gcm, 9));
  local.crypto.push_back(ourKey(2, crypto::SrtpSuite::aesCm128HmacSha1_80, 8));
  return local;
}

const std::string kAudio = "m=audio 40000 RTP/SAVP 0";
const std::string kGcm = "a=crypto:1 AEAD_AES_256_GCM inline:" + keyText(44);

std::string outcomeOf(const std::vector<std::string>& media, const LocalAudio& offer = ourOffer()) {
  return outcome(answerIn(description(media), offer));
}

TEST(ReadAnswer, TakesTheOneChoiceThePeerMade) {
  const auto audio = answerIn(description({kAudio + " 101", kGcm, "a=rtpmap:101 telephone-event/8000"}), ourOffer());
  ASSERT_TRUE(audio) << describe(audio.error());
  ASSERT_EQ(audio->crypto.size(), 1u);
  EXPECT_EQ(audio->crypto[0].tag, 1u);
  EXPECT_EQ(numbersOf(audio->formats), (std::vector{0, 101}));
  EXPECT_EQ(audio->rtp.toString(), "192.0.2.10:40000");
}

TEST(ReadAnswer, RefusesKeysThatWereNotOffered) {
  EXPECT_EQ(outcomeOf({kAudio, "a=crypto:2 AEAD_AES_256_GCM inline:" + keyText(44)}), "sdp.crypto.not_offered");
  EXPECT_EQ(outcomeOf({kAudio, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + keyText(30)}), "sdp.crypto.not_offered");
  EXPECT_EQ(outcomeOf({kAudio, "a=crypto:3 AEAD_AES_128_GCM inline:" + keyText(28)}), "sdp.crypto.not_offered");
  EXPECT_EQ(outcomeOf({kAudio, "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" + keyText(30)}), "sdp.crypto.not_offered");
  EXPECT_EQ(outcomeOf({kAudio, kGcm + " KDR=1"}), "sdp.crypto.not_offered");
  EXPECT_EQ(outcomeOf({kAudio, kGcm + "|1:4"}), "sdp.crypto.not_offered");
}

TEST(ReadAnswer, RefusesAnswersThatDropOrDoubtTheProtection) {
  EXPECT_EQ(outcomeOf({kAudio}), "sdp.crypto.none");
  EXPECT_EQ(outcomeOf({kAudio, kGcm, "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" + keyText(30)}),
            "sdp.crypto.ambiguous");
  EXPECT_EQ(outcomeOf({kAudio, kGcm + " UNENCRYPTED_SRTCP"}), "sdp.crypto.unencrypted");
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/AVP 0", kGcm}), "sdp.answer.media_changed");
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/SAVPF 0", kGcm}), "sdp.answer.media_changed");
  EXPECT_EQ(outcomeOf({kAudio, "a=crypto:1 AEAD_AES_256_GCM inline:" + keyText(43)}), "sdp.crypto.key");
}

TEST(ReadAnswer, RefusesOurOwnKeySentBack) {
  EXPECT_EQ(outcomeOf({kAudio, "a=crypto:1 AEAD_AES_256_GCM inline:" + keyText(44, 9)}), "sdp.crypto.key_reflected");
}

TEST(ReadAnswer, RefusesCodecsThatWereNotOffered) {
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/SAVP 8", kGcm}), "sdp.codec.not_offered");
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/SAVP 0 18", kGcm}), "sdp.codec.not_offered");
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/SAVP 96", "a=rtpmap:96 PCMA/8000", kGcm}), "sdp.codec.not_offered");
  EXPECT_EQ(outcomeOf({"m=audio 40000 RTP/SAVP 101", "a=rtpmap:101 telephone-event/8000", kGcm}), "sdp.codec.none");
}

TEST(ReadAnswer, RefusesAnotherShapeThanTheOffers) {
  EXPECT_EQ(outcomeOf({}), "sdp.answer.media_count");
  EXPECT_EQ(outcomeOf({kAudio, kGcm, "m=video 4 RTP/SAVP 31"}), "sdp.answer.media_count");
  EXPECT_EQ(outcomeOf({"m=video 40000 RTP/SAVP 0", kGcm}), "sdp.answer.media_changed");
  EXPECT_EQ(outcomeOf({"m=audio 0 RTP/SAVP 0"}), "sdp.answer.audio_refused");

  auto with_video = ourOffer();
  with_video.layout = {1, {{"video", "RTP/SAVP", "31"}}};
  EXPECT_EQ(outcomeOf({"m=video 0 RTP/SAVP 31", kAudio, kGcm}, with_video), "accepted");
  EXPECT_EQ(outcomeOf({kAudio, kGcm, "m=video 0 RTP/SAVP 31"}, with_video), "sdp.answer.media_changed");
  EXPECT_EQ(outcomeOf({"m=video 5 RTP/SAVP 31", kAudio, kGcm}, with_video), "sdp.answer.refused_media_opened");
}

TEST(ReadAnswer, MuxesRtcpOnlyWhenThatWasOffered) {
  EXPECT_EQ(outcomeOf({kAudio, kGcm, "a=rtcp-mux"}), "sdp.rtcp_mux.not_offered");
  auto muxing = ourOffer();
  muxing.rtcp_mux = RtcpMux::muxed;
  const auto audio = answerIn(description({kAudio, kGcm, "a=rtcp-mux"}), muxing);
  ASSERT_TRUE(audio);
  EXPECT_EQ(audio->rtcp, audio->rtp);
  EXPECT_EQ(answerIn(description({kAudio, kGcm}), muxing)->rtcp.port, 40001);
}

TEST(ReadAnswer, NarrowsTheDirectionToWhatWasOffered) {
  auto hold = ourOffer();
  hold.direction = Direction::sendonly;
  EXPECT_EQ(answerIn(description({kAudio, kGcm, "a=sendrecv"}), hold)->direction, Direction::recvonly);
  EXPECT_EQ(answerIn(description({kAudio, kGcm, "a=recvonly"}), hold)->direction, Direction::recvonly);
  EXPECT_EQ(answerIn(description({kAudio, kGcm, "a=inactive"}), hold)->direction, Direction::inactive);
  EXPECT_EQ(answerIn(description({kAudio, kGcm, "a=sendonly"}), ourOffer())->direction, Direction::sendonly);
}

}  // namespace
}  // namespace sallyport::sdp
