// SPDX-License-Identifier: Apache-2.0
#include "media/event_inserter.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;

constexpr EventFormat kFormat{101, 8'000};

class Events : public ::testing::Test {
 protected:
  // An audio packet of 20 ms, relayed at this moment; the sequence number it leaves with, -1 when it does not.
  int relay(std::uint16_t sequence, std::uint32_t ssrc = 7) {
    std::array<std::uint8_t, 32> packet{};
    RtpHeader header;
    header.ssrc = ssrc;
    header.sequence = sequence;
    header.timestamp = sequence * 160u;
    writeRtpHeader(std::span{packet}.first<kRtpFixedHeaderBytes>(), header);
    if (!inserter.pass(packet, header, now)) return -1;
    return parseRtpHeader(packet)->sequence;
  }
  struct Sent {
    RtpHeader header;
    std::array<std::uint8_t, 4> payload;
    unsigned duration() const { return payload[2] * 256u + payload[3]; }
    bool end() const { return (payload[1] & 0x80) != 0; }
  };
  // What is sent until nothing is due any more.
  std::vector<Sent> playOut() {
    std::vector<Sent> sent;
    while (inserter.due()) {
      now = std::max(now, *inserter.due());
      std::array<std::uint8_t, 64> buffer{};
      EXPECT_EQ(inserter.next(buffer, now), EventInserter::kPacketBytes);
      sent.push_back({*parseRtpHeader(buffer), {buffer[12], buffer[13], buffer[14], buffer[15]}});
    }
    return sent;
  }
  Status play(std::uint8_t code, std::chrono::milliseconds duration = 100ms) {
    return inserter.play({code, duration}, kFormat, 0xABCD, 0x12340000, now);
  }

  TimePoint now{1h};
  EventInserter inserter;
};

TEST_F(Events, AreOneStreamWithTheAudio) {
  EXPECT_EQ(relay(10), 10);
  now += 20ms;
  ASSERT_TRUE(play(5));
  const auto sent = playOut();
  ASSERT_EQ(sent.size(), 7u);  // 20, 40, 60, 80, 100 ms and the end twice more
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(sent[i].header.ssrc, 7u);
    EXPECT_EQ(sent[i].header.payload_type, 101);
    EXPECT_EQ(sent[i].header.sequence, 11 + i);
    EXPECT_EQ(sent[i].header.timestamp, 11u * 160u);  // where it began
    EXPECT_EQ(sent[i].header.marker, i == 0);
    EXPECT_EQ(sent[i].payload[0], 5);
    EXPECT_EQ(sent[i].duration(), std::min<std::size_t>(i + 1, 5) * 160);
    EXPECT_EQ(sent[i].end(), i >= 4);
  }
}

TEST_F(Events, ReplaceTheAudioWhileTheyPlayAndItGoesOnWithoutAGap) {
  EXPECT_EQ(relay(10), 10);
  ASSERT_TRUE(play(5));
  std::array<std::uint8_t, 64> buffer{};
  EXPECT_NE(inserter.next(buffer, now), 0u);
  EXPECT_EQ(relay(11), -1);
  const auto rest = playOut();
  const int last = rest.back().header.sequence;
  EXPECT_EQ(relay(18), last + 1);
  EXPECT_EQ(relay(17), -1);  // overtaken
  EXPECT_EQ(relay(20), last + 3);
  EXPECT_EQ(relay(19), last + 2);  // reordered as it came
}

TEST_F(Events, FollowEachOtherWithAPause) {
  EXPECT_EQ(relay(10), 10);
  ASSERT_TRUE(play(1, 40ms));
  ASSERT_TRUE(play(2, 40ms));
  const auto sent = playOut();
  ASSERT_EQ(sent.size(), 8u);
  EXPECT_EQ(sent[4].payload[0], 2);
  EXPECT_TRUE(sent[4].header.marker);
  EXPECT_GT(sent[4].header.timestamp, sent[0].header.timestamp + 320);
}

TEST_F(Events, BeginAStreamOfTheirOwnWhereNoneIs) {
  ASSERT_TRUE(play(9));
  const auto sent = playOut();
  EXPECT_EQ(sent.front().header.ssrc, 0xABCDu);
  EXPECT_EQ(relay(500), 500);  // another source keeps its numbers
}

TEST_F(Events, LastNoLongerThanTheirFieldCanSay) {
  ASSERT_TRUE(play(3, 1h));
  EXPECT_EQ(playOut().back().duration(), 8'000u);
  ASSERT_TRUE(play(3, 0ms));
  EXPECT_EQ(playOut().back().duration(), 320u);
}

TEST_F(Events, WaitInABoundedQueue) {
  for (std::size_t i = 0; i < EventInserter::kMostQueued; ++i) ASSERT_TRUE(play(1));
  const auto refused = play(1);
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "media.event.queue_full");
}

TEST_F(Events, NumbersWrapAround) {
  EXPECT_EQ(relay(65'534), 65'534);
  ASSERT_TRUE(play(5));
  const auto sent = playOut();
  EXPECT_EQ(sent[0].header.sequence, 65'535);
  EXPECT_EQ(sent[1].header.sequence, 0);
  EXPECT_EQ(relay(3), sent.back().header.sequence + 1);
}

}  // namespace
}  // namespace sallyport::media
