// SPDX-License-Identifier: Apache-2.0
#include "media/rtp.h"

#include "media/media_test_support.h"

namespace sallyport::media {
namespace {

using test::Buffer;
using test::fromHex;

TEST(Classify, TellsProtocolsByTheFirstByte) {
  EXPECT_EQ(classify(fromHex("0001")), DatagramKind::stun);
  EXPECT_EQ(classify(fromHex("1000")), DatagramKind::zrtp);
  EXPECT_EQ(classify(fromHex("16fe")), DatagramKind::dtls);
  EXPECT_EQ(classify(fromHex("3f00")), DatagramKind::dtls);
  EXPECT_EQ(classify(fromHex("4000")), DatagramKind::turnChannel);
  EXPECT_EQ(classify(fromHex("8000")), DatagramKind::rtp);
  EXPECT_EQ(classify(fromHex("bf7f")), DatagramKind::rtp);
  for (const char* other : {"", "04", "0f", "5000", "7f00", "c000", "ff00", "80"}) {
    EXPECT_EQ(classify(fromHex(other)), DatagramKind::unknown) << other;
  }
}

// RFC 5761 4: payload types 64-95 with the marker bit are RTCP packet types 192-223.
TEST(Classify, TellsRtcpByTheSecondByte) {
  EXPECT_EQ(classify(fromHex("80bf")), DatagramKind::rtp);
  EXPECT_EQ(classify(fromHex("80c0")), DatagramKind::rtcp);
  EXPECT_EQ(classify(fromHex("80c8")), DatagramKind::rtcp);
  EXPECT_EQ(classify(fromHex("80df")), DatagramKind::rtcp);
  EXPECT_EQ(classify(fromHex("80e0")), DatagramKind::rtp);
}

TEST(Classify, EveryRangeEndsWhereTheNextBegins) {
  const auto kindOf = [](int first) { return classify(std::array{static_cast<std::uint8_t>(first), std::uint8_t{0}}); };
  for (const int first : {0, 3}) EXPECT_EQ(kindOf(first), DatagramKind::stun);
  for (const int first : {4, 15}) EXPECT_EQ(kindOf(first), DatagramKind::unknown);
  for (const int first : {16, 19}) EXPECT_EQ(kindOf(first), DatagramKind::zrtp);
  for (const int first : {20, 63}) EXPECT_EQ(kindOf(first), DatagramKind::dtls);
  for (const int first : {64, 79}) EXPECT_EQ(kindOf(first), DatagramKind::turnChannel);
  for (const int first : {80, 127, 192, 255}) EXPECT_EQ(kindOf(first), DatagramKind::unknown);
  for (const int first : {128, 191}) EXPECT_EQ(kindOf(first), DatagramKind::rtp);
}

TEST(RtpHeader, IsReadAndWritten) {
  RtpHeader header;
  header.marker = true;
  header.payload_type = 111;
  header.sequence = 0xFEDC;
  header.timestamp = 0x01020304;
  header.ssrc = 0xCAFEBABE;
  std::array<std::uint8_t, kRtpFixedHeaderBytes> bytes{};
  writeRtpHeader(bytes, header);
  EXPECT_EQ(test::toHex(bytes), "80effedc01020304cafebabe");

  const auto read = parseRtpHeader(bytes);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->marker);
  EXPECT_EQ(read->payload_type, 111);
  EXPECT_EQ(read->sequence, 0xFEDC);
  EXPECT_EQ(read->timestamp, 0x01020304u);
  EXPECT_EQ(read->ssrc, 0xCAFEBABEu);
  EXPECT_EQ(read->payload_offset, 12u);
}

TEST(RtpHeader, EndsBehindCsrcsAndExtension) {
  const auto packet = fromHex("92000001 00000000 00000001 11111111 22222222 bede0001 aabbccdd 55");
  const auto header = parseRtpHeader(packet);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->csrc_count, 2);
  EXPECT_TRUE(header->extended);
  EXPECT_EQ(header->payload_offset, 28u);
  EXPECT_EQ(payloadOf(packet, *header)->size(), 1u);
}

TEST(RtpHeader, ThatDoesNotFitIsRefused) {
  const auto packet = fromHex("91000001 00000000 00000001 11111111 bede0001 aabbccdd");
  ASSERT_TRUE(parseRtpHeader(packet));
  for (std::size_t length = 0; length < packet.size(); ++length) {
    EXPECT_FALSE(parseRtpHeader(Bytes{packet}.first(length))) << length;
  }
  for (const auto first : std::array<std::uint8_t, 3>{0x00, 0x40, 0xC0}) {
    auto other = packet;
    other[0] = first;
    EXPECT_FALSE(parseRtpHeader(other));
  }
}

TEST(RtpPadding, IsTakenOffWhenItsCountIsPossible) {
  auto packet = fromHex("a0000001 00000000 00000001 010203 000003");
  const auto header = parseRtpHeader(packet);
  EXPECT_EQ(payloadOf(packet, *header)->size(), 3u);
  packet.back() = 6;
  EXPECT_EQ(payloadOf(packet, *header)->size(), 0u);
  packet.back() = 7;
  EXPECT_FALSE(payloadOf(packet, *header));
  packet.back() = 0;
  EXPECT_FALSE(payloadOf(packet, *header));
  packet.resize(12);
  EXPECT_FALSE(payloadOf(packet, *header)) << "padded, and nothing there";
}

}  // namespace
}  // namespace sallyport::media
