// SPDX-License-Identifier: Apache-2.0
// Descriptions of ends that agree their keys by ZRTP: RTP/AVP without keys, and the hash of a Hello.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/offer_answer.h"

namespace sallyport::sdp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kHex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

std::string description(const std::string& profile, const std::string& lines) {
  return "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 " + profile +
         " 0\r\na=rtpmap:0 PCMU/8000\r\n" + lines;
}

MediaPolicy endToEnd() {
  MediaPolicy policy;
  policy.protection = MediaProtection::endToEnd;
  policy.zrtp = ZrtpUse::relayed;
  return policy;
}

Result<AudioDescription> offer(const std::string& profile, const std::string& lines,
                               const MediaPolicy& policy = endToEnd()) {
  const auto session = Session::parse(description(profile, lines));
  EXPECT_TRUE(session);
  return readOffer(*session, policy);
}

std::string codeOf(const Result<AudioDescription>& result) { return result ? "" : result.error().code; }

TEST(ZrtpDescription, IsRtpAvpWithTheHashOfAHello) {
  const auto read = offer("RTP/AVP", "a=zrtp-hash:1.10 " + kHex + "\r\n");
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->profile, Profile::avp);
  ASSERT_TRUE(read->zrtp_hash);
  EXPECT_EQ((*read->zrtp_hash)[1], 0x11);
}

TEST(ZrtpDescription, NeedNotAnnounceAHash) {
  const auto read = offer("RTP/AVP", "");
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->zrtp_hash);
}

TEST(ZrtpDescription, OfAnotherVersionIsNone) {
  EXPECT_FALSE(offer("RTP/AVP", "a=zrtp-hash:2.00 " + kHex + "\r\n")->zrtp_hash);
}

TEST(ZrtpDescription, HoldsNoSecondHash) {
  const auto other = "a=zrtp-hash:1.10 " + std::string(64, 'a') + "\r\n";
  const auto one = "a=zrtp-hash:1.10 " + kHex + "\r\n";
  EXPECT_EQ(codeOf(offer("RTP/AVP", one + other)), "sdp.zrtp_hash.repeated");
  EXPECT_EQ(codeOf(offer("RTP/AVP", one + one)), "");
}

TEST(ZrtpDescription, HoldsNoBrokenHash) {
  for (const auto& value : {std::string{}, std::string{"1.10"}, "1.10 " + kHex.substr(2), "1.10 " + kHex + "00",
                            "1.1 " + kHex, "1.10 " + kHex + " x", "1.10 " + kHex.substr(1) + "g"}) {
    EXPECT_EQ(codeOf(offer("RTP/AVP", "a=zrtp-hash:" + value + "\r\n")), "sdp.zrtp_hash.malformed") << value;
  }
}

TEST(ZrtpDescription, IsNotKeyedByUs) {
  const auto keyed = "a=crypto:1 AEAD_AES_256_GCM inline:" + std::string(59, 'A') + "=\r\n";
  EXPECT_EQ(codeOf(offer("RTP/SAVP", keyed)), "sdp.profile");
}

TEST(ZrtpDescription, IsPlainRtpToWhoeverIsNotToDoIt) {
  EXPECT_EQ(codeOf(offer("RTP/AVP", "a=zrtp-hash:1.10 " + kHex + "\r\n", MediaPolicy{})), "sdp.plain_rtp");
}

TEST(ZrtpDescription, OursCarriesTheHashOfTheOtherEnd) {
  const auto offered = offer("RTP/AVP", "a=zrtp-hash:1.10 " + kHex + "\r\n");
  LocalAudio local;
  local.rtp = *Endpoint::parse("198.51.100.1:6000");
  local.profile = Profile::avp;
  local.formats = offered->formats;
  EXPECT_THAT(renderOffer(local), Not(HasSubstr("zrtp")));
  local.zrtp_hash = offered->zrtp_hash;
  EXPECT_THAT(renderOffer(local), HasSubstr("a=zrtp-hash:1.10 " + kHex + "\r\n"));
  EXPECT_THAT(renderOffer(local.clone()), HasSubstr(kHex));
  EXPECT_THAT(renderAnswer(local, *offered), HasSubstr("m=audio 6000 RTP/AVP 0\r\n"));
}

TEST(ZrtpDescription, OfAnAnswerIsReadAsThatOfAnOffer) {
  const auto offered = offer("RTP/AVP", "");
  LocalAudio local;
  local.rtp = *Endpoint::parse("198.51.100.1:6000");
  local.profile = Profile::avp;
  local.formats = offered->formats;
  const auto good = Session::parse(description("RTP/AVP", "a=zrtp-hash:1.10 " + kHex + "\r\n"));
  EXPECT_TRUE(readAnswer(*good, local, endToEnd())->zrtp_hash);
  const auto bad = Session::parse(description("RTP/AVP", "a=zrtp-hash:1.10\r\n"));
  EXPECT_EQ(codeOf(readAnswer(*bad, local, endToEnd())), "sdp.zrtp_hash.malformed");
}

}  // namespace
}  // namespace sallyport::sdp
