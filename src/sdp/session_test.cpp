// SPDX-License-Identifier: Apache-2.0
#include "sdp/session.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::sdp {
namespace {

const std::string kHead =
    "v=0\r\n"
    "o=- 20 1 IN IP4 192.0.2.10\r\n"
    "s=-\r\n"
    "c=IN IP4 192.0.2.10\r\n"
    "t=0 0\r\n";
const std::string kAudio = "m=audio 40000 RTP/SAVP 0 101\r\n";

std::string codeOf(std::string_view text) {
  const auto session = Session::parse(text);
  return session ? "parsed" : session.error().code;
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Session, SplitsAnOrdinaryDescription) {
  const auto session = Session::parse(kHead + "a=group:x\r\n" + kAudio +
                                      "c=IN IP6 2001:db8::1\r\na=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\n"
                                      "m=video 0 RTP/AVP 31\r\n");
  ASSERT_TRUE(session) << describe(session.error());
  EXPECT_EQ(session->id(), "20");
  EXPECT_EQ(session->version(), "1");
  ASSERT_EQ(session->media().size(), 2u);
  const auto& audio = session->media()[0];
  EXPECT_EQ(audio.kind, "audio");
  EXPECT_EQ(audio.port, 40000);
  EXPECT_EQ(audio.protocol, "RTP/SAVP");
  EXPECT_EQ(audio.formats, (std::vector<std::string_view>{"0", "101"}));
  EXPECT_EQ(audio.attribute("rtpmap"), "0 PCMU/8000");
  EXPECT_EQ(audio.attribute("rtcp-mux"), "");
  EXPECT_FALSE(audio.attribute("RTCP-MUX"));
  EXPECT_EQ(session->connectionOf(audio)->address, "2001:db8::1");
  EXPECT_EQ(session->connectionOf(session->media()[1])->address, "192.0.2.10");
  EXPECT_EQ(session->attribute("group"), "x");
}

TEST(Session, KeepsItsViewsWhenItMoves) {
  auto session = Session::parse(kHead + kAudio);
  ASSERT_TRUE(session);
  const Session moved = *std::move(session);
  EXPECT_EQ(moved.media()[0].kind, "audio");
  EXPECT_EQ(moved.id(), "20");
}

TEST(Session, TakesBareLineFeedsAMissingLastLineEndAndBlankLinesAtTheEnd) {
  std::string bare = kHead + kAudio;
  std::erase(bare, '\r');
  EXPECT_EQ(codeOf(bare), "parsed");
  bare.pop_back();
  EXPECT_EQ(codeOf(bare), "parsed");
  EXPECT_EQ(codeOf(kHead + kAudio + "\r\n\r\n"), "parsed");
}

TEST(Session, TakesAnEmptySessionName) {  // RFC 5118 4.9 sends one
  EXPECT_EQ(codeOf("v=0\r\no=bob 280744730 28977631 IN IP4 host.example.com\r\ns=\r\nt=0 0\r\n"), "parsed");
}

TEST(Session, TakesOriginNumbersWiderThanAnyInteger) {
  EXPECT_EQ(codeOf("v=0\r\no=- 99999999999999999999999 18446744073709551616 IN IP4 h\r\ns=-\r\nt=0 0\r\n"), "parsed");
}

TEST(Session, TakesPortCountsAndFormatsOfOtherProtocols) {
  const auto session = Session::parse(kHead + "m=audio 49170/2 RTP/SAVP 0\r\nm=image 49180 udptl t38\r\n");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->media()[0].port_count, 2);
  EXPECT_EQ(session->media()[1].formats[0], "t38");
}

struct Refused {
  const char* why;
  std::string text;
  const char* code;
};

class SessionRefuses : public ::testing::TestWithParam<Refused> {};

TEST_P(SessionRefuses, WithItsReason) { EXPECT_EQ(codeOf(GetParam().text), GetParam().code) << GetParam().why; }

const Refused kRefused[] = {
    {"nothing at all", "", "sdp.empty"},
    {"more than 32 kB", kHead + repeated("a=x\r\n", 7000), "sdp.too_long"},
    {"another version", "v=1\r\n", "sdp.version"},
    {"an empty version before a real one", "v=\nv=0\r\n", "sdp.version"},
    {"a leading blank line", "\r\n" + kHead, "sdp.version"},
    {"no origin", "v=0\r\ns=-\r\nt=0 0\r\n", "sdp.line.missing"},
    {"no session name", "v=0\r\no=- 1 1 IN IP4 h\r\nt=0 0\r\n", "sdp.line.missing"},
    {"no time", "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\n" + kAudio, "sdp.line.missing"},
    {"an origin with five fields", "v=0\r\no=- 1 1 IN IP4\r\ns=-\r\nt=0 0\r\n", "sdp.origin.malformed"},
    {"an origin id that is no number", "v=0\r\no=- 1x 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n", "sdp.origin.malformed"},
    {"an origin version with a sign", "v=0\r\no=- 1 -1 IN IP4 h\r\ns=-\r\nt=0 0\r\n", "sdp.origin.malformed"},
    {"an origin of another network", "v=0\r\no=- 1 1 ATM IP4 h\r\ns=-\r\nt=0 0\r\n", "sdp.origin.malformed"},
    {"a second origin", kHead + "o=- 1 1 IN IP4 h\r\n", "sdp.line.repeated"},
    {"a line without a type", kHead + "hello\r\n", "sdp.line.malformed"},
    {"a line that begins with a space", kHead + " a=x\r\n", "sdp.line.malformed"},
    {"an upper-case type", kHead + "A=x\r\n", "sdp.line.malformed"},
    {"an unknown type", kHead + "x=1\r\n", "sdp.line.unknown_type"},
    {"a session line inside a media section", kHead + kAudio + "t=0 0\r\n", "sdp.line.misplaced"},
    {"a line after a blank one", kHead + "\r\n" + kAudio, "sdp.line.after_blank"},
    {"a NUL", kHead + kAudio + std::string("a=fmtp\0:101 0-16\r\n", 18), "sdp.line.nul"},
    {"a carriage return inside a line", kHead + "a=x\ra=y\r\n", "sdp.line.control"},
    {"an escape character", kHead + "a=x:\x1b[2J\r\n", "sdp.line.control"},
    {"a line over 2 kB", kHead + "a=" + std::string(2'100, 'u') + "\r\n", "sdp.line.too_long"},
    {"more than 1024 lines", kHead + repeated("b=A\r\n", 1'100), "sdp.too_many_lines"},
    {"more than 16 media", kHead + repeated(kAudio, 17), "sdp.too_many_media"},
    {"more than 256 attributes", kHead + kAudio + repeated("a=x\r\n", 257), "sdp.too_many_attributes"},
    {"more than 64 formats", kHead + "m=audio 4 RTP/SAVP" + repeated(" 0", 65) + "\r\n", "sdp.too_many_formats"},
    {"media without formats", kHead + "m=audio 4 RTP/SAVP\r\n", "sdp.media.malformed"},
    {"media of an endless kind", kHead + "m=" + std::string(1024, 'A') + " 4 RTP/SAVP 0\r\n", "sdp.media.malformed"},
    {"a protocol with an empty part", kHead + "m=audio 4 RTP//SAVP 0\r\n", "sdp.media.malformed"},
    {"a protocol that ends in a slash", kHead + "m=audio 4 RTP/SAVP/ 0\r\n", "sdp.media.malformed"},
    {"a port over 65535", kHead + "m=audio 65536 RTP/SAVP 0\r\n", "sdp.media.port"},
    {"a negative port", kHead + "m=audio -1 RTP/SAVP 0\r\n", "sdp.media.port"},
    {"a port count of nothing", kHead + "m=audio 4/ RTP/SAVP 0\r\n", "sdp.media.port"},
    {"a port count of zero", kHead + "m=audio 4/0 RTP/SAVP 0\r\n", "sdp.media.port"},
    {"a payload type over 127", kHead + "m=audio 4 RTP/SAVP 128\r\n", "sdp.format.range"},
    {"a payload type of 2^32", kHead + "m=audio 4 RTP/SAVP 4294967296\r\n", "sdp.format.range"},
    {"a padded payload type", kHead + "m=audio 4 RTP/SAVP 0 00\r\n", "sdp.format.range"},
    {"a repeated payload type", kHead + "m=audio 4 RTP/SAVP 0 8 0\r\n", "sdp.format.repeated"},
    {"a connection of two fields", kHead + kAudio + "c=IN IP4\r\n", "sdp.connection.malformed"},
    {"a connection over IPX", kHead + kAudio + "c=IN IPX h\r\n", "sdp.connection.malformed"},
    {"an address over 255 bytes", kHead + kAudio + "c=IN IP4 " + std::string(300, '1') + "\r\n",
     "sdp.connection.malformed"},
    {"two connections for one section", kHead + "c=IN IP4 192.0.2.11\r\n", "sdp.connection.repeated"},
    {"a space before the attribute's colon", kHead + kAudio + "a=crypto :1 X inline:Y\r\n", "sdp.attribute.name"},
    {"an attribute without a name", kHead + kAudio + "a=:1\r\n", "sdp.attribute.name"},
};

INSTANTIATE_TEST_SUITE_P(EachReason, SessionRefuses, ::testing::ValuesIn(kRefused));

TEST(Redacted, BlanksEveryKeyAndKeepsTheRest) {
  const std::string text =
      "m=audio 4 RTP/SAVP 0\r\n"
      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4 "
      "FEC_ORDER=FEC_SRTP\r\n"
      "a=crypto:2 X INLINE:AAAA;inline:BBBB\r\n"
      "k=clear:hunter2\r\n"
      "a=ice-pwd:asd88fgpdd777uzjYhagZg\r\n"
      "a=sendrecv";
  EXPECT_EQ(redacted(text),
            "m=audio 4 RTP/SAVP 0\r\n"
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:[redacted]|2^20|1:4 FEC_ORDER=FEC_SRTP\r\n"
            "a=crypto:2 X INLINE:[redacted];inline:[redacted]\r\n"
            "k=[redacted]\r\n"
            "a=ice-pwd:[redacted]\r\n"
            "a=sendrecv");
}

TEST(Redacted, BlanksKeysInTextThatDoesNotParse) {
  EXPECT_EQ(redacted("garbage inline: S3CRET\nx"), "garbage inline:[redacted]\nx");
  EXPECT_EQ(redacted("inline:"), "inline:[redacted]");
}

}  // namespace
}  // namespace sallyport::sdp
