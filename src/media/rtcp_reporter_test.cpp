// SPDX-License-Identifier: Apache-2.0
#include "media/rtcp_reporter.h"

#include <gtest/gtest.h>

#include <array>

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;

TEST(RtcpReporter, LossThatIsReportedIsReadFromTheBlockAboutOurStream) {
  TimePoint now{1h};
  RtcpReporter reporter;
  RtpHeader ours;
  ours.ssrc = 11;
  reporter.onSent(ours, 40, now);
  std::array<std::uint8_t, 256> buffer{};
  RtcpBuilder builder{buffer};
  ReportBlock foreign, about_us;
  foreign.ssrc = 12;
  foreign.fraction_lost = 200;
  about_us.ssrc = 11;
  about_us.fraction_lost = 64;
  const std::array blocks{foreign, about_us};
  ASSERT_TRUE(builder.receiverReport(7, blocks));
  EXPECT_EQ(reporter.onReport(builder.written(), now), 25u);
}

TEST(RtcpReporter, OurBlockTellsWhatWasLostSinceTheLastAndNamesTheirReport) {
  TimePoint now{1h};
  RtcpReporter reporter;
  RtpHeader header;
  header.ssrc = 7;
  reporter.onSent(header, 40, now);
  std::array<std::uint8_t, 256> buffer{};
  RtcpBuilder theirs{buffer};
  ASSERT_TRUE(theirs.senderReport(7, {0x0001'2345'6789'0000, 0, 2, 80}, {}));
  (void)reporter.onReport(theirs.written(), now);
  now += 2s;
  StreamFigures figures;
  figures.streams = 1;
  figures.ssrc = 7;
  figures.highest = 65'536;
  figures.expected = 100;
  figures.lost = 25;
  figures.jitter = 10ms;
  std::array<std::uint8_t, 256> out{};
  const auto length = reporter.write(out, figures, {8'000, 48'000, {}}, now);
  RtcpReader reader{Bytes{out.data(), length}};
  const auto block = reportBlockOf(*reader.next(), 0);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->fraction_lost, 64);
  EXPECT_EQ(block->cumulative_lost, 25);
  EXPECT_EQ(block->highest_sequence, 65'536u);
  EXPECT_EQ(block->jitter, 80u);
  EXPECT_EQ(block->last_report, 0x2345'6789u);
  EXPECT_EQ(block->delay_since_last_report, 2u * 65'536);
}

TEST(RtcpReporter, WhoIsSentNothingOfOursIsToldAllTheSameHowItsVoiceArrives) {
  RtcpReporter reporter;
  StreamFigures figures;
  figures.streams = 2;
  figures.ssrc = 9;
  figures.highest = 12;
  std::array<std::uint8_t, 256> out{};
  const auto length = reporter.write(out, figures, {8'000, 8'000, 0xAB}, TimePoint{1h});
  RtcpReader reader{Bytes{out.data(), length}};
  const auto report = reader.next();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->type, rtcp_type::kReceiverReport);
  EXPECT_EQ(loadBe32(report->body.data()), 0xABu);
  EXPECT_EQ(reportBlockOf(*report, 0)->ssrc, 9u);
  EXPECT_EQ(reportBlockOf(*report, 0)->last_report, 0u);
  EXPECT_EQ(reader.next()->type, rtcp_type::kSourceDescription);
}

TEST(RtcpReporter, SaysNothingBeforeVoiceHasPassed) {
  RtcpReporter reporter;
  std::array<std::uint8_t, 256> out{};
  EXPECT_EQ(reporter.write(out, {}, {8'000, 8'000, 0xAB}, TimePoint{1h}), 0u);
  EXPECT_EQ(reporter.write(out, {}, {}, TimePoint{1h}), 0u);
  EXPECT_EQ(reporter.due(), TimePoint{1h} + RtcpReporter::kEvery);
}

}  // namespace
}  // namespace sallyport::media
