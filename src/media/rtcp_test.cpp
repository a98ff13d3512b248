// SPDX-License-Identifier: Apache-2.0
#include "media/rtcp.h"

#include "media/media_test_support.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using test::Buffer;
using test::fromHex;

TEST(RtcpBuilder, WritesACompoundThatIsReadBack) {
  std::array<std::uint8_t, 256> out{};
  RtcpBuilder builder{out};
  const SenderInfo sent{0xE7F5A000'80000000, 160, 10, 1'600};
  const ReportBlock block{0xB1, 64, -5, 0x10022, 17, 0xA0008000, 0x8000};
  ASSERT_TRUE(builder.senderReport(0xA1, sent, {&block, 1}));
  ASSERT_TRUE(builder.cname(0xA1, "phone@example.org"));
  ASSERT_TRUE(builder.bye(0xA1, "call ended"));
  EXPECT_EQ(judgeRtcp(builder.written()), RtcpForm::compound);
  EXPECT_EQ(builder.written().size() % 4, 0u);

  RtcpReader reader{builder.written()};
  const auto report = reader.next();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->type, rtcp_type::kSenderReport);
  EXPECT_EQ(senderInfoOf(*report)->ntp_time, sent.ntp_time);
  EXPECT_EQ(senderInfoOf(*report)->octets, 1'600u);
  const auto read = reportBlockOf(*report, 0);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ssrc, 0xB1u);
  EXPECT_EQ(read->fraction_lost, 64);
  EXPECT_EQ(read->cumulative_lost, -5);
  EXPECT_EQ(read->delay_since_last_report, 0x8000u);
  EXPECT_FALSE(reportBlockOf(*report, 1));
  EXPECT_EQ(reader.next()->type, rtcp_type::kSourceDescription);
  EXPECT_EQ(reader.next()->type, rtcp_type::kBye);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.malformed());
}

TEST(RtcpBuilder, LeavesOutWholeWhatDoesNotFit) {
  std::array<std::uint8_t, 20> out{};
  RtcpBuilder builder{out};
  ASSERT_TRUE(builder.receiverReport(1, {}));
  EXPECT_FALSE(builder.cname(1, "much too long a name"));
  EXPECT_EQ(builder.written().size(), 8u);
  EXPECT_TRUE(builder.bye(1, ""));
  EXPECT_EQ(judgeRtcp(builder.written()), RtcpForm::compound);
}

TEST(JudgeRtcp, TellsReducedSizeFromCompound) {
  EXPECT_EQ(judgeRtcp(fromHex("80c90001 00000001")), RtcpForm::compound);
  EXPECT_EQ(judgeRtcp(fromHex("81cd0003 00000001 00000002 00010001")), RtcpForm::reducedSize);
}

TEST(JudgeRtcp, RefusesWhatIsNoRtcp) {
  EXPECT_FALSE(judgeRtcp({}));
  EXPECT_FALSE(judgeRtcp(fromHex("80c900"))) << "cut header";
  EXPECT_FALSE(judgeRtcp(fromHex("80c90001 00000001 80cb00"))) << "cut header of the second";
  EXPECT_FALSE(judgeRtcp(fromHex("80c90002 00000001"))) << "longer than the datagram";
  EXPECT_FALSE(judgeRtcp(fromHex("40c90001 00000001"))) << "version";
  EXPECT_FALSE(judgeRtcp(fromHex("80c90001 00000001 40ca0000"))) << "version of the second";
  EXPECT_FALSE(judgeRtcp(fromHex("81c90001 00000001"))) << "a report block is promised";
  EXPECT_FALSE(judgeRtcp(fromHex("80c80001 00000001"))) << "sender information is missing";
  EXPECT_FALSE(judgeRtcp(fromHex("82cb0001 00000001"))) << "two sources are promised";
  EXPECT_FALSE(judgeRtcp(fromHex("81cd0001 00000001"))) << "feedback without a media source";
  EXPECT_FALSE(judgeRtcp(fromHex("82ca0002 00000001 00000000"))) << "two chunks are promised";
  EXPECT_FALSE(judgeRtcp(fromHex("80cf0000"))) << "an extended report of nobody";
}

TEST(RtcpReader, GivesNoBlockThatIsNotThere) {
  const auto report = fromHex("81c90001 00000001");  // promised, and missing
  const auto two = fromHex(
      "81c9000d 00000001 000000b1 00000000 00000000 00000000 00000000 00000000"
      "000000b2 00000000 00000000 00000000 00000000 00000000");  // and one that is not promised
  EXPECT_FALSE(reportBlockOf(*RtcpReader{report}.next(), 0));
  ASSERT_TRUE(RtcpReader{two}.next());
  EXPECT_EQ(reportBlockOf(*RtcpReader{two}.next(), 0)->ssrc, 0xB1u);
  EXPECT_FALSE(reportBlockOf(*RtcpReader{two}.next(), 1));
  const auto sender = fromHex("80c80005 00000001 00000000 00000000 00000000 00000000");
  EXPECT_FALSE(senderInfoOf(*RtcpReader{sender}.next()));
}

TEST(JudgeRtcp, TakesPaddingOnTheLastPacketOnly) {
  EXPECT_FALSE(judgeRtcp(fromHex("a0c90000"))) << "padded, and nothing there";
  EXPECT_EQ(judgeRtcp(fromHex("a0c90002 00000001 00000004")), RtcpForm::compound);
  EXPECT_FALSE(judgeRtcp(fromHex("a0c90002 00000001 00000004 80c90001 00000001")));
  EXPECT_FALSE(judgeRtcp(fromHex("a0c90002 00000001 00000000"))) << "count zero";
  EXPECT_FALSE(judgeRtcp(fromHex("a0c90002 00000001 00000003"))) << "not whole words";
  EXPECT_FALSE(judgeRtcp(fromHex("a0c90002 00000001 0000000c"))) << "more than there is";
}

// RFC 3550 6.4.1, figure 2: A = 0xb710:8000, LSR = 0xb705:2000, DLSR = 0x0005:4000, delay 6.125 s.
TEST(RoundTrip, IsTheOneOfTheRfcsExample) {
  ReportBlock block;
  block.last_report = 0xB7052000;
  block.delay_since_last_report = 0x00054000;
  EXPECT_EQ(roundTrip(block, 0xB7108000), 6'125ms);
}

TEST(RoundTrip, IsUnknownWithoutAReportOrBackwardsInTime) {
  ReportBlock block;
  EXPECT_FALSE(roundTrip(block, 5));
  block.last_report = 10;
  EXPECT_FALSE(roundTrip(block, 5));
}

TEST(NtpTime, CountsFrom1900InFractionsOfTwoToThe32) {
  EXPECT_EQ(ntpTime(WallTime{}), std::uint64_t{2'208'988'800} << 32);
  EXPECT_EQ(ntpTime(WallTime{500ms}) & 0xFFFF'FFFF, 0x8000'0000u);
}

}  // namespace
}  // namespace sallyport::media
