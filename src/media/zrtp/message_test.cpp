// SPDX-License-Identifier: Apache-2.0
#include "media/zrtp/message.h"

#include "media/zrtp/srtp_shape.h"
#include "media/zrtp/zrtp_test_support.h"

namespace sallyport::media::zrtp {
namespace {

using namespace test;

std::string codeFor(const Buffer& packet) {
  const auto parsed = parse(packet);
  return parsed ? "" : parsed.error().code;
}

Buffer hello() {
  RealEnd end{0xA1};
  end.start();
  end.onTime(1h);
  return end.outgoing.front();
}

Buffer with(Buffer packet, std::size_t at, std::uint8_t value) {
  packet[at] = value;
  storeChecksum(packet);
  return packet;
}

TEST(ZrtpMessage, ChecksumIsThatOfRfc9260) {
  const std::string_view text = "123456789";
  EXPECT_EQ(crc32c(bytesOf(text)), 0x839206E3U);  // E3069283, its bytes turned round
}

TEST(ZrtpMessage, ReadsTheHelloOfARealEnd) {
  const auto packet = hello();
  const auto parsed = parse(packet);
  ASSERT_TRUE(parsed) << describe(parsed.error());
  EXPECT_EQ(parsed->type, Type::hello);
  EXPECT_EQ(parsed->ssrc, 0xA1U);
  const auto& body = std::get<Hello>(parsed->body);
  EXPECT_TRUE(body.hashes.has("S256"));
  EXPECT_TRUE(body.agreements.has("X255"));
  EXPECT_FALSE(body.agreements.has("none"));
  EXPECT_EQ(body.client.substr(0, 5), "BZRTP");
}

TEST(ZrtpMessage, ThatIsShorterThanItSaysIsRefused) {
  for (const auto* type : {"Hello   ", "Commit  ", "DHPart1 ", "Confirm1"}) {
    EXPECT_EQ(codeFor(with(packetOf(type), 15, 29)), "media.zrtp.length") << type;
  }
}

TEST(ZrtpMessage, KnowsEveryTypeByItsLength) {
  struct Case {
    const char* name;
    std::size_t rest;
    Type type;
  };
  for (const auto& c : {Case{"HelloACK", 0, Type::helloAck},
                        {"Confirm1", 64, Type::confirm1},
                        {"Confirm2", 64, Type::confirm2},
                        {"Conf2ACK", 0, Type::conf2Ack},
                        {"Error   ", 4, Type::error},
                        {"ErrorACK", 0, Type::errorAck},
                        {"GoClear ", 8, Type::goClear},
                        {"ClearACK", 0, Type::clearAck},
                        {"SASrelay", 64, Type::sasRelay},
                        {"RelayACK", 0, Type::relayAck},
                        {"Ping    ", 12, Type::ping},
                        {"PingACK ", 24, Type::pingAck}}) {
    const auto packet = packetOf(c.name, Buffer(c.rest));
    const auto parsed = parse(packet);
    ASSERT_TRUE(parsed) << c.name;
    EXPECT_EQ(parsed->type, c.type);
    EXPECT_EQ(toString(c.type), std::string_view{c.name}.substr(0, toString(c.type).size()));
    if (c.rest >= 4) {
      EXPECT_EQ(codeFor(packetOf(c.name, Buffer(c.rest - 4))), "media.zrtp.length") << c.name;
    }
    if (c.rest < 64) {
      EXPECT_EQ(codeFor(packetOf(c.name, Buffer(c.rest + 4))), "media.zrtp.length") << c.name;
    }
  }
}

TEST(ZrtpMessage, ReadsTheThreeLayoutsOfACommit) {
  for (const auto& [agreement, size, mode] :
       {std::tuple{"X255", 104, Mode::diffieHellman}, {"Prsh", 96, Mode::preshared}, {"Mult", 88, Mode::multistream}}) {
    Buffer rest(static_cast<std::size_t>(size));
    std::copy_n(agreement, 4, rest.begin() + 56);
    const auto packet = packetOf("Commit  ", rest);
    const auto parsed = parse(packet);
    ASSERT_TRUE(parsed) << agreement;
    EXPECT_EQ(std::get<Commit>(parsed->body).mode, mode);
    EXPECT_EQ(std::get<Commit>(parsed->body).hvi.size(), mode == Mode::diffieHellman ? 32U : 0U);
    rest.resize(rest.size() + (mode == Mode::diffieHellman ? -4 : 4));
    EXPECT_EQ(codeFor(packetOf("Commit  ", rest)), "media.zrtp.length") << agreement;
  }
}

TEST(ZrtpMessage, RefusesWhatIsTooShortOrTooLong) {
  EXPECT_EQ(codeFor(Buffer(27)), "media.zrtp.too_short");
  EXPECT_EQ(codeFor(packetOf("Confirm1", Buffer(1'500))), "media.zrtp.too_long");
}

TEST(ZrtpMessage, RefusesOtherHeaders) {
  const auto packet = packetOf("HelloACK");
  EXPECT_EQ(codeFor(with(packet, 0, 0x80)), "media.zrtp.not_zrtp");
  EXPECT_EQ(codeFor(with(packet, 1, 0x01)), "media.zrtp.not_zrtp");
  EXPECT_EQ(codeFor(with(packet, 4, 'z')), "media.zrtp.not_zrtp");
  EXPECT_EQ(codeFor(with(packet, 12, 0x51)), "media.zrtp.not_zrtp");
}

TEST(ZrtpMessage, RefusesAWrongChecksum) {
  auto packet = packetOf("HelloACK");
  packet.back() ^= 1;
  EXPECT_EQ(codeFor(packet), "media.zrtp.checksum");
}

TEST(ZrtpMessage, RefusesALengthThatIsNotTheMessages) {
  EXPECT_EQ(codeFor(with(packetOf("HelloACK"), 15, 4)), "media.zrtp.length");
}

TEST(ZrtpMessage, RefusesUnknownTypes) { EXPECT_EQ(codeFor(packetOf("HelloNAK")), "media.zrtp.type"); }

TEST(ZrtpMessage, RefusesOtherVersions) {
  EXPECT_EQ(codeFor(with(hello(), 24, '2')), "media.zrtp.version");
  EXPECT_EQ(codeFor(with(hello(), 26, '0')), "media.zrtp.version");
}

TEST(ZrtpMessage, RefusesAHelloWhoseListsDoNotFillIt) {
  const auto packet = hello();
  for (const std::uint8_t counts : std::initializer_list<std::uint8_t>{0x00, 0x10, 0x80, 0xFF}) {
    EXPECT_EQ(codeFor(with(packet, 12 + 79, counts)), "media.zrtp.length") << int{counts};
  }
}

TEST(SrtpShape, ClearVoiceShowsItselfBySilenceAndBySize) {
  auto packet = evenPacket(160);
  EXPECT_TRUE(mayBeSrtp(Channel::rtp, packet, 10));
  std::fill_n(packet.begin() + 40, kClearRun - 1, std::uint8_t{0xFF});
  EXPECT_TRUE(mayBeSrtp(Channel::rtp, packet, 10));
  std::fill_n(packet.begin() + 40, kClearRun, std::uint8_t{0xFF});
  EXPECT_FALSE(mayBeSrtp(Channel::rtp, packet, 10));
  EXPECT_FALSE(mayBeSrtp(Channel::rtp, rtpPacket(0xA1, 1, 0, 9), 10));
  EXPECT_FALSE(mayBeSrtp(Channel::rtp, Buffer(11, 0x80), 4));
}

TEST(SrtpShape, ClearRtcpShowsItselfByItsLengths) {
  auto packet = rtcpPacket(0xA1);
  EXPECT_FALSE(mayBeSrtp(Channel::rtcp, packet, 10));
  packet.insert(packet.end(), {0x80, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});  // index and tag
  EXPECT_TRUE(mayBeSrtp(Channel::rtcp, packet, 10));
  EXPECT_FALSE(mayBeSrtp(Channel::rtcp, Buffer(19, 0x80), 10));
}

}  // namespace
}  // namespace sallyport::media::zrtp
