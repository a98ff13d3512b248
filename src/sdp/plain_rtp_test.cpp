// SPDX-License-Identifier: Apache-2.0
// Offer and answer with a peer that is configured as unprotected: RTP/AVP, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/test_support.h"

namespace sallyport::sdp {
namespace {

using testing::description;
using ::testing::HasSubstr;
using testing::kCm128;
using ::testing::Not;
using testing::outcome;

const std::string kPlain = "m=audio 40000 RTP/AVP 0";

MediaPolicy makeUnprotected() {
  MediaPolicy policy;
  policy.protection = MediaProtection::none;
  return policy;
}
const MediaPolicy& unprotected() {
  static const MediaPolicy kPolicy = makeUnprotected();
  return kPolicy;
}

std::string offered(const std::vector<std::string>& media, const MediaPolicy& policy = unprotected()) {
  return outcome(testing::offerIn(description(media), policy));
}

LocalAudio ours() {
  LocalAudio local;
  local.rtp = *Endpoint::parse("203.0.113.1:20000");
  local.rtcp_port = 20'001;
  local.rtcp_mux = RtcpMux::muxed;
  local.profile = Profile::avp;
  local.formats = defaultFormats(std::vector{Codec::pcmu, Codec::pcma});
  return local;
}

std::string answered(const std::vector<std::string>& media) {
  return outcome(testing::answerIn(description(media), ours(), unprotected()));
}

TEST(PlainRtp, OfAnUnprotectedPeerIsTaken) {
  const auto audio = testing::offerIn(description({kPlain}), unprotected());
  ASSERT_TRUE(audio) << audio.error().code;
  EXPECT_EQ(audio->profile, Profile::avp);
  EXPECT_TRUE(audio->crypto.empty());
  EXPECT_EQ(audio->rtp.toString(), "192.0.2.10:40000");
}

TEST(PlainRtp, OfAnybodyElseIsRefusedInOfferAndAnswer) {
  EXPECT_EQ(offered({kPlain}, {}), "sdp.plain_rtp");
  auto secured = ours();
  secured.profile = Profile::savp;
  EXPECT_EQ(outcome(testing::answerIn(description({kPlain}), secured)), "sdp.answer.media_changed");
}

// Keys that go over a connection without TLS are everybody's: better to say what it is.
TEST(PlainRtp, AnUnprotectedPeerIsNotGivenSrtp) {
  EXPECT_EQ(offered({"m=audio 40000 RTP/SAVP 0", kCm128}), "sdp.profile");
  EXPECT_EQ(offered({"m=audio 40000 RTP/AVPF 0"}), "sdp.profile");
  EXPECT_EQ(offered({"m=audio 40000 UDP/TLS/RTP/SAVPF 0"}), "sdp.profile");
  EXPECT_EQ(answered({"m=audio 40000 RTP/SAVP 0", kCm128}), "sdp.answer.media_changed");
}

TEST(PlainRtp, OfTwoLinesThePlainOneIsTakenAndTheOtherRefusedAtItsPlace) {
  const auto audio = testing::offerIn(description({"m=audio 40002 RTP/SAVP 0", kCm128, kPlain}), unprotected());
  ASSERT_TRUE(audio) << audio.error().code;
  EXPECT_EQ(audio->layout.audio_index, 1u);
  EXPECT_THAT(renderAnswer(ours(), *audio), HasSubstr("m=audio 0 RTP/SAVP 0\r\n"));
}

TEST(PlainRtp, IsSaidWithoutKeys) {
  const auto offer = renderOffer(ours());
  EXPECT_THAT(offer, HasSubstr("m=audio 20000 RTP/AVP 0 8\r\n"));
  EXPECT_THAT(offer, Not(HasSubstr("crypto")));
  const auto asked =
      testing::offerIn(description({kPlain, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"}), unprotected());
  ASSERT_TRUE(asked) << asked.error().code;
  EXPECT_THAT(renderAnswer(ours(), *asked), HasSubstr(" RTP/AVP "));
  EXPECT_THAT(renderAnswer(ours(), *asked), Not(HasSubstr("crypto")));
}

TEST(PlainRtp, AnswersAreHeldToWhatWasOffered) {
  EXPECT_EQ(answered({kPlain}), "accepted");
  EXPECT_EQ(answered({"m=audio 40000 RTP/AVP 18"}), "sdp.codec.not_offered");
  EXPECT_EQ(answered({"m=audio 0 RTP/AVP 0"}), "sdp.answer.audio_refused");
}

TEST(PlainRtp, TheAddressIsJudgedAsAnyOther) {
  EXPECT_EQ(outcome(testing::offerIn(description({kPlain}, "224.0.0.1"), unprotected())), "sdp.connection.multicast");
  auto policy = unprotected();
  policy.media_networks = {*IpNetwork::parse("198.51.100.0/24")};
  EXPECT_EQ(offered({kPlain}, policy), "sdp.connection.outside_networks");
}

}  // namespace
}  // namespace sallyport::sdp
