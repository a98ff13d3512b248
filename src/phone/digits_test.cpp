// SPDX-License-Identifier: Apache-2.0
#include "phone/digits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "phone/media_session_test_support.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;
using testing::TwoSessions;

struct Listening {
  void hear(std::uint8_t event, std::uint32_t timestamp, std::uint16_t duration, std::uint32_t ssrc = 7) {
    media::RtpHeader header;
    header.ssrc = ssrc;
    header.timestamp = timestamp;
    const std::array<std::uint8_t, 4> payload{event, 10, static_cast<std::uint8_t>(duration >> 8),
                                              static_cast<std::uint8_t>(duration)};
    listener.push(header, payload);
  }
  DigitListener listener;
};

TEST(DigitListener, AKeyCountsOnceHoweverManyPacketsItHas) {
  Listening two;
  for (std::uint16_t n = 1; n <= 8; ++n) two.hear(5, 1'000, static_cast<std::uint16_t>(n * 160));
  two.hear(5, 1'000, 1'280);  // the end, again
  two.hear(5, 1'000, 1'280);
  EXPECT_EQ(two.listener.keys(), "5");
}

TEST(DigitListener, TheSameKeyTwiceIsTwoKeys) {
  Listening two;
  two.hear(11, 1'000, 160);
  two.hear(11, 3'000, 160);
  two.hear(10, 5'000, 160);
  two.hear(15, 7'000, 160);
  EXPECT_EQ(two.listener.keys(), "##*D");
}

TEST(DigitListener, WhatIsLateOfAKeyBeforeIsNoKey) {
  Listening two;
  two.hear(1, 0xFFFFFF00, 160);
  two.hear(2, 0x100, 160);
  two.hear(1, 0xFFFFFF00, 320);
  EXPECT_EQ(two.listener.keys(), "12");
}

TEST(DigitListener, AnEventInSegmentsIsOneKey) {
  Listening two;
  two.hear(3, 1'000, 0xFFFF);
  two.hear(3, 1'000 + 0xFFFF, 800);
  EXPECT_EQ(two.listener.keys(), "3");
}

TEST(DigitListener, AnotherSourceBeginsAnew) {
  Listening two;
  two.hear(4, 90'000, 160);
  two.hear(4, 1'000, 160, 8);
  EXPECT_EQ(two.listener.keys(), "44");
}

TEST(DigitListener, WhatIsNoKeyIsLeftOut) {
  Listening two;
  two.hear(16, 1'000, 160);  // flash
  const std::array<std::uint8_t, 2> brief{1, 10};
  two.listener.push({}, brief);
  EXPECT_EQ(two.listener.keys(), "");
}

class KeysOnTheWire : public ::testing::TestWithParam<sdp::Codec> {};
TEST_P(KeysOnTheWire, AreSentBetweenTheVoiceAndHeard) {
  auto policy = testing::mediaPolicy({crypto::kSrtpSuites.begin(), crypto::kSrtpSuites.end()},
                                     {GetParam(), sdp::Codec::telephoneEvent});
  TwoSessions two{policy, policy};
  two.agree();
  two.pass(1s);
  ASSERT_TRUE(two.a->sendDigits("12#d"));
  two.pass(3s);
  const auto figures = two.b->figures();
  EXPECT_EQ(figures.digits, "12#D");
  EXPECT_EQ(figures.events_received, 4U * 10) << "160 ms each, and the last packet three times";
  EXPECT_EQ(figures.quality.lost, 0U) << "the voice goes on with the next number";
  EXPECT_EQ(figures.drops.of(media::DropReason::payloadTypeRefused), 0U);
}
INSTANTIATE_TEST_SUITE_P(Codecs, KeysOnTheWire, ::testing::Values(sdp::Codec::opus, sdp::Codec::pcmu));

TEST(KeysOnTheWire, AreRefusedToAPeerThatHasNone) {
  TwoSessions two;
  EXPECT_STREQ(two.a->sendDigits("1").error().code, "phone.dtmf.not_agreed") << "nothing is agreed yet";
  two.agree();
  EXPECT_STREQ(two.a->sendDigits("1").error().code, "phone.dtmf.not_agreed");
}

TEST(KeysOnTheWire, MoreThanMayWaitAreRefused) {
  auto policy = testing::mediaPolicy();
  TwoSessions two{policy, policy};
  two.agree();
  EXPECT_STREQ(two.a->sendDigits(std::string(40, '1')).error().code, "media.event.queue_full");
}

}  // namespace
}  // namespace sallyport::phone
