// SPDX-License-Identifier: Apache-2.0
#include "sdp/codec.h"

#include <gtest/gtest.h>

#include <array>

#include "sdp/direction.h"

namespace sallyport::sdp {
namespace {

Result<std::vector<CodecFormat>> formatsIn(const std::string& formats, const std::string& attributes) {
  auto session =
      Session::parse("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4 RTP/SAVP " + formats + "\r\n" + attributes);
  if (!session) return std::move(session).error();
  return formatsOf(session->media()[0]);
}

std::vector<int> numbersOf(std::span<const CodecFormat> formats) {
  std::vector<int> numbers;
  for (const auto& format : formats) numbers.push_back(format.payload_type);
  return numbers;
}

std::string codeOf(const std::string& formats, const std::string& attributes) {
  const auto result = formatsIn(formats, attributes);
  return result ? "parsed" : result.error().code;
}

constexpr std::array kAll{Codec::opus, Codec::pcmu, Codec::pcma, Codec::telephoneEvent, Codec::comfortNoise};

TEST(FormatsOf, KnowsStaticTypesWithoutAnRtpmap) {
  const auto formats = formatsIn("0 8 13 18 97", "");
  ASSERT_TRUE(formats);
  ASSERT_EQ(numbersOf(*formats), (std::vector{0, 8, 13}));
  EXPECT_EQ((*formats)[1].codec, Codec::pcma);
  EXPECT_EQ((*formats)[2].codec, Codec::comfortNoise);
}

TEST(FormatsOf, KnowsDynamicTypesByNameInAnyCase) {
  const auto formats = formatsIn("96 101 110",
                                 "a=rtpmap:96 OPUS/48000/2\r\na=fmtp:96 useinbandfec=1; stereo=0;x=<y>\r\n"
                                 "a=rtpmap:101 TELEPHONE-EVENT/8000\r\na=fmtp:101 0-15,66\r\n"
                                 "a=rtpmap:110 pcmu/8000/1\r\n");
  ASSERT_TRUE(formats) << describe(formats.error());
  ASSERT_EQ(numbersOf(*formats), (std::vector{96, 101, 110}));
  EXPECT_EQ((*formats)[0], (CodecFormat{96, Codec::opus, 48'000, 2, "useinbandfec=1;stereo=0"}));
  EXPECT_EQ((*formats)[1], (CodecFormat{101, Codec::telephoneEvent, 8'000, 1, "0-15,66"}));
}

TEST(FormatsOf, LeavesOutWhatItDoesNotKnowOrCannotCarry) {
  const auto formats = formatsIn("96 97 98 99",
                                 "a=rtpmap:96 speex/16000\r\na=rtpmap:97 opus/48000\r\n"
                                 "a=rtpmap:98 PCMU/16000\r\n");
  ASSERT_TRUE(formats);
  EXPECT_TRUE(formats->empty());
}

TEST(FormatsOf, LeavesOutTypesThatLookLikeRtcpOnAMuxedPort) {  // RFC 5761 4
  const std::string map = "a=rtpmap:72 PCMU/8000\r\na=rtpmap:96 PCMA/8000\r\n";
  EXPECT_EQ(numbersOf(*formatsIn("72 96", map)), (std::vector{72, 96}));
  EXPECT_EQ(numbersOf(*formatsIn("72 96", map + "a=rtcp-mux\r\n")), (std::vector{96}));
}

TEST(FormatsOf, RefusesWithItsReason) {
  EXPECT_EQ(codeOf("0", "a=rtpmap:0\r\n"), "sdp.rtpmap.malformed");
  EXPECT_EQ(codeOf("0", "a=rtpmap:128 PCMU/8000\r\n"), "sdp.rtpmap.malformed");
  EXPECT_EQ(codeOf("0", "a=rtpmap:0 PCMU/8000/0\r\n"), "sdp.rtpmap.malformed");
  EXPECT_EQ(codeOf("0", "a=rtpmap:0 PCMU\r\n"), "sdp.rtpmap.rate");
  EXPECT_EQ(codeOf("0", "a=rtpmap:0 PCMU/0\r\n"), "sdp.rtpmap.rate");
  EXPECT_EQ(codeOf("0", "a=rtpmap:0 PCMU/4294967296\r\n"), "sdp.rtpmap.rate");
  EXPECT_EQ(codeOf("96", "a=rtpmap:96 PCMU/8000\r\na=rtpmap:96 PCMA/8000\r\n"), "sdp.rtpmap.repeated");
  EXPECT_EQ(codeOf("0", "a=rtpmap:0 PCMA/8000\r\n"), "sdp.rtpmap.static");
  EXPECT_EQ(codeOf("8", "a=rtpmap:8 speex/8000\r\n"), "sdp.rtpmap.static");
  EXPECT_EQ(codeOf("3", "a=rtpmap:3 PCMU/8000\r\n"), "sdp.rtpmap.static");
  EXPECT_EQ(codeOf("0", "a=fmtp:x y\r\n"), "sdp.fmtp.malformed");
  EXPECT_EQ(codeOf("101", "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-256\r\n"), "sdp.fmtp.malformed");
  EXPECT_EQ(codeOf("101", "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 9-3\r\n"), "sdp.fmtp.malformed");
}

TEST(CommonFormats, KeepsTheOffersOrderAndNumbers) {
  const auto offered = formatsIn("8 0 101", "a=rtpmap:101 telephone-event/8000\r\n");
  EXPECT_EQ(numbersOf(commonFormats(*offered, kAll)), (std::vector{8, 0, 101}));
  EXPECT_EQ(numbersOf(commonFormats(*offered, std::array{Codec::pcmu, Codec::pcma})), (std::vector{8, 0}));
}

TEST(CommonFormats, KeepsEventsOnlyAtTheRateOfAVoiceCodecThatStays) {
  const auto offered = formatsIn("96 0 101 102",
                                 "a=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n"
                                 "a=rtpmap:102 telephone-event/48000\r\n");
  EXPECT_EQ(numbersOf(commonFormats(*offered, kAll)), (std::vector{96, 0, 101, 102}));
  EXPECT_EQ(numbersOf(commonFormats(*offered, std::array{Codec::opus, Codec::telephoneEvent})), (std::vector{96, 102}));
}

TEST(CommonFormats, IsEmptyWithoutAVoiceCodec) {
  const auto offered = formatsIn("13 101", "a=rtpmap:101 telephone-event/8000\r\n");
  EXPECT_TRUE(commonFormats(*offered, kAll).empty());
}

TEST(DefaultFormats, OffersEventsForEachRateInUse) {
  EXPECT_EQ(numbersOf(defaultFormats(kAll)), (std::vector{96, 0, 8, 101, 102, 13}));
  EXPECT_EQ(numbersOf(defaultFormats(std::array{Codec::pcma, Codec::telephoneEvent})), (std::vector{8, 101}));
  EXPECT_EQ(defaultFormats(std::array{Codec::opus})[0].fmtp, "useinbandfec=1");
}

TEST(Direction, AnswersNoMoreThanWasOfferedAndNoMoreThanWeWant) {
  using enum Direction;
  EXPECT_EQ(answerTo(sendrecv, sendrecv), sendrecv);
  EXPECT_EQ(answerTo(sendonly, sendrecv), recvonly);
  EXPECT_EQ(answerTo(recvonly, sendrecv), sendonly);
  EXPECT_EQ(answerTo(inactive, sendrecv), inactive);
  EXPECT_EQ(answerTo(sendrecv, recvonly), recvonly);
  EXPECT_EQ(answerTo(sendonly, sendonly), inactive);
}

TEST(Direction, LooksTheOtherWayRoundFromTheOtherEnd) {
  using enum Direction;
  for (const auto d : {sendrecv, sendonly, recvonly, inactive}) EXPECT_EQ(reverse(reverse(d)), d);
  EXPECT_EQ(reverse(sendonly), recvonly);
  EXPECT_EQ(withoutReceiving(sendrecv), sendonly);
  EXPECT_EQ(withoutReceiving(recvonly), inactive);
}

}  // namespace
}  // namespace sallyport::sdp
