// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/jitter_buffer.h"

#include <gtest/gtest.h>

#include <string>

#include "phone/audio/send_pacer.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;
using Level = JitterBuffer::Level;

// 8 kHz, 20 ms packets; each payload is its number.
struct Listener {
  JitterBuffer buffer{8'000, {}};
  TimePoint now{1h};
  std::uint16_t first_sequence = 65'530;       // wraps early
  std::uint32_t first_timestamp = 0xFFFFFF00;  // likewise
  std::uint32_t ssrc = 1;

  void arrive(unsigned number) {
    buffer.push({static_cast<std::uint16_t>(first_sequence + number),
                 first_timestamp + number * 160,
                 ssrc,
                 160,
                 {static_cast<std::uint8_t>(number)}},
                now);
  }
  // "7" played, "c" concealed, "C" concealed with FEC at hand, "-" silence.
  std::string pop(Level level = Level::voiced) {
    const auto step = buffer.pop(now, level);
    if (const auto* play = std::get_if<JitterBuffer::Play>(&step)) return std::to_string(play->payload[0]);
    if (const auto* conceal = std::get_if<JitterBuffer::Conceal>(&step)) return conceal->next.empty() ? "c" : "C";
    return "-";
  }
  // One 20 ms tick: what arrives, then what is played.
  std::string tick(std::initializer_list<unsigned> numbers, Level level = Level::voiced) {
    for (const auto number : numbers) arrive(number);
    auto played = pop(level);
    now += kFrame;
    return played;
  }
  std::string ticks(std::initializer_list<std::initializer_list<unsigned>> arrivals) {
    std::string played;
    for (const auto numbers : arrivals) played += tick(numbers);
    return played;
  }
};

TEST(JitterBuffer, PlaysInOrderAfterItsDelay) {
  Listener l;
  EXPECT_EQ(l.ticks({{0}, {1}, {2}}), "---");
  for (unsigned n = 3; n < 100; ++n) EXPECT_EQ(l.tick({n}), std::to_string(n - 3));
  EXPECT_EQ(l.buffer.counters().concealed, 0U);
}

TEST(JitterBuffer, PutsSwappedPacketsBackInOrder) {
  Listener l;
  EXPECT_EQ(l.ticks({{1, 0}, {3}, {2}, {4}, {5}, {6}}), "-01234");
}

TEST(JitterBuffer, ConcealsALossAndOffersTheNextPayload) {
  Listener l;
  l.tick({0}), l.tick({}), l.tick({2});
  EXPECT_EQ(l.ticks({{3}, {4}, {5}}), "0C2");
}

TEST(JitterBuffer, APauseOfTheSenderIsSilenceNotLoss) {
  Listener l;
  l.tick({0}), l.tick({1}), l.tick({2});
  // Sequence numbers go on, timestamps skip 5 frames.
  l.buffer.push({static_cast<std::uint16_t>(l.first_sequence + 3), l.first_timestamp + 8 * 160, 1, 160, {8}}, l.now);
  std::string played;
  for (int i = 0; i < 9; ++i) played += l.tick({});
  EXPECT_EQ(played, "012-----8");
}

TEST(JitterBuffer, AStreamThatStopsIsConcealedBrieflyThenSilent) {
  Listener l;
  l.tick({0}), l.tick({1}), l.tick({2});
  std::string played;
  for (int i = 0; i < 8; ++i) played += l.tick({});
  EXPECT_EQ(played, "012ccc--");
}

TEST(JitterBuffer, ADelayedStreamIsHeardWholeAfterOneShift) {
  Listener l;
  for (unsigned n = 0; n < 10; ++n) l.tick({n});
  std::string gap;
  for (int i = 0; i < 6; ++i) gap += l.tick({});  // the network holds its breath for 120 ms ...
  EXPECT_EQ(gap, "789ccc");
  std::string played = l.tick({10, 11, 12, 13, 14, 15, 16});
  for (unsigned n = 17; n < 23; ++n) played += " " + l.tick({n});
  EXPECT_EQ(played, "10 11 12 13 14 15 16");
  EXPECT_GT(l.buffer.targetDelay(), 100ms);
}

TEST(JitterBuffer, ASinglePacketTooLateIsDropped) {
  Listener l;
  EXPECT_EQ(l.ticks({{0}, {1}, {3}, {4}, {5}, {2, 6}, {7}}), "--01C34");
  EXPECT_EQ(l.buffer.counters().late, 1U);
}

TEST(JitterBuffer, TooMuchDelayIsGivenBackInPauses) {
  Listener l;
  l.tick({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});  // a burst leaves 200 ms in the buffer
  for (unsigned n = 10; n < 2'000; ++n) l.tick({n}, Level::quiet);
  EXPECT_LE(l.buffer.size(), 5U);
  EXPECT_GE(l.buffer.counters().shrunk, 4U);
  EXPECT_EQ(l.buffer.counters().concealed, 0U);
}

TEST(JitterBuffer, ANewSourceStartsAfresh) {
  Listener l;
  for (unsigned n = 0; n < 10; ++n) l.tick({n});
  l.ssrc = 2;
  l.first_timestamp = 77;
  std::string played;
  for (unsigned n = 0; n < 5; ++n) played += l.tick({n});
  EXPECT_EQ(played, "---01");
  EXPECT_EQ(l.buffer.counters().resets, 1U);
}

TEST(JitterBuffer, AStreamWhoseClockStoodStillWhileHeldIsHeardAgain) {
  Listener l;
  for (unsigned n = 0; n < 10; ++n) l.tick({n});
  for (int i = 0; i < 100; ++i) l.tick({});
  std::string played;
  for (unsigned n = 10; n < 18; ++n) played += l.tick({n});
  EXPECT_NE(played.find("10"), std::string::npos);
}

TEST(JitterBuffer, HoldsNoMoreThanItsBound) {
  Listener l;
  for (unsigned n = 0; n < 1'000; ++n) {
    l.buffer.push({static_cast<std::uint16_t>(n), n * 8, 1, 8, {}}, l.now);
    ASSERT_LE(l.buffer.size(), JitterConfig{}.max_packets);
  }
  EXPECT_GT(l.buffer.counters().overflow, 0U);
}

TEST(JitterBuffer, ADuplicateIsPlayedOnce) {
  Listener l;
  l.tick({0, 0}), l.tick({1}), l.tick({2, 2});
  EXPECT_EQ(l.ticks({{3}, {4}, {5}}), "012");
  EXPECT_EQ(l.buffer.counters().duplicate, 2U);
}

TEST(SendPacer, OneFrameEveryTwentyMilliseconds) {
  SendPacer pacer{TimePoint{1h}};
  EXPECT_EQ(pacer.due(TimePoint{1h} - 1ms).frames, 0U);
  EXPECT_EQ(pacer.due(TimePoint{1h}).frames, 1U);
  EXPECT_EQ(pacer.due(TimePoint{1h} + 19ms).frames, 0U);
  EXPECT_EQ(pacer.due(TimePoint{1h} + 27ms).frames, 1U);  // a late timer moves nothing
  EXPECT_EQ(pacer.next(), TimePoint{1h} + 40ms);
}

TEST(SendPacer, CatchesUpAfterAShortStall) {
  SendPacer pacer{TimePoint{1h}};
  const auto due = pacer.due(TimePoint{1h} + 65ms);
  EXPECT_EQ(due.frames, 4U);
  EXPECT_EQ(due.skipped, 0U);
}

TEST(SendPacer, SkipsTimeAfterALongOneInsteadOfBursting) {
  SendPacer pacer{TimePoint{1h}};
  const auto due = pacer.due(TimePoint{1h} + 1s);
  EXPECT_EQ(due.frames, 1U);
  EXPECT_EQ(due.skipped, 50U);
  EXPECT_EQ(pacer.next(), TimePoint{1h} + 1'020ms);
}

}  // namespace
}  // namespace sallyport::phone
