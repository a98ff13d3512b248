// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sip/header_values.h"

namespace sallyport::sip {
namespace {

using testing::Optional;

std::string refusal(std::string_view text) {
  const auto uri = Uri::parse(text);
  return uri ? "" : uri.error().code;
}

TEST(Uri, GivesItsParts) {
  const auto uri =
      Uri::parse("sips:alice;day=tuesday:secret@gateway.example.com:5061;transport=tls;lr?subject=a%20b&priority=x");
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->scheme, "sips");
  EXPECT_TRUE(uri->isSips());
  EXPECT_FALSE(uri->isSip());
  EXPECT_EQ(uri->user, "alice;day=tuesday") << "without the password";
  EXPECT_EQ(uri->host, "gateway.example.com");
  EXPECT_THAT(uri->port, Optional(5061));
  EXPECT_THAT(uri->params.find("Transport"), Optional(std::string_view{"tls"}));
  EXPECT_TRUE(uri->params.has("lr"));
  EXPECT_EQ(uri->headers, "subject=a%20b&priority=x");
}

TEST(Uri, AcceptsWhatRfc4475AndRfc5118SayIsLegal) {
  for (const char* text :
       {"sip:example.com", "SIP:a@example.com", "sip:+49(30)12-34@example.com",
        "sip:user;par=u%40example.net@example.com",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        "sip:null-%00-null@example.com", "sip:[2001:db8::10]", "sip:u@[2001:db8::10]:5070", "sip:[2001:db8::10:5070]",
        "sip:u@[::ffff:192.0.2.2]", "sip:user@[2001:db8:::192.0.2.1]", "sip:192.0.2.1:65535",
        "sip:h;%6C%72;n%61me=v%61lue%25", "sip:atlanta.example.com;method=REGISTER?to=alice%40atlanta.example.com",
        "sip:h;gr=urn:uuid:f8", "sip:h.example.", "sip:my_host", "sip:3com.example", "sip:h;x=abc=="}) {
    EXPECT_EQ(refusal(text), "") << text;
  }
}

TEST(Uri, KeepsOtherSchemesWhole) {
  const auto tel = Uri::parse("tel:+49-30-1234;phone-context=example.com");
  ASSERT_TRUE(tel);
  EXPECT_EQ(tel->scheme, "tel");
  EXPECT_EQ(tel->opaque, "+49-30-1234;phone-context=example.com");
  EXPECT_EQ(tel->host, "");
  EXPECT_FALSE(tel->isSip());
}

TEST(Uri, IsRefusedForItsScheme) {
  for (const char* text : {"", "sip", "sip:", ":a@b", "1sip:a@b", "s p:a@b", "tel:a b", "tel:<a>"}) {
    EXPECT_EQ(refusal(text), "sip.uri.scheme") << text;
  }
}

TEST(Uri, IsRefusedForItsUser) {
  for (const char* text : {"sip:@example.com", "sip::pw@example.com", "sip:a b@example.com", "sip:a%4@example.com",
                           "sip:a%zz@example.com", "sip:a%@example.com", "sip:a#b@example.com", "sip:a\"b@example.com",
                           "sip:\xc0\xaf@example.com", "sip:a:p;w@example.com", "sip:a\x01@example.com"}) {
    EXPECT_EQ(refusal(text), "sip.uri.user") << text;
  }
  EXPECT_EQ(refusal({"sip:a\0b@example.com", 19}), "sip.uri.user");
}

TEST(Uri, IsRefusedForItsHost) {
  for (const char* text : {"sip:a@",
                           "sip:a@b@c",
                           "sip:2001:db8::10",
                           "sip:[2001:db8::10",
                           "sip:2001:db8::10]",
                           "sip:[192.0.2.1]",
                           "sip:[fe80::1%eth0]",
                           "sip:[::1]x",
                           "sip:256.1.1.1",
                           "sip:1.2.3",
                           "sip:01.2.3.4",
                           "sip:127.1",
                           "sip:2130706433",
                           "sip:a..b",
                           "sip:.a",
                           "sip:-a",
                           "sip:a-",
                           "sip:a%62c",
                           "sip:a b",
                           "sip:a/b",
                           "sip:;lr",
                           "sip:[::1:::1.2.3.4]",
                           "sip:[::::1.2.3.4]",
                           "sip:[2001:::1]"}) {
    EXPECT_EQ(refusal(text), "sip.uri.host") << text;
  }
  EXPECT_EQ(refusal("sip:" + std::string(64, 'a')), "sip.uri.host") << "a label has 63 bytes";
  EXPECT_EQ(refusal("sip:a." + std::string(300, 'a')), "sip.uri.host");
}

TEST(Uri, IsRefusedForItsPort) {
  for (const char* text : {"sip:h:", "sip:h:0", "sip:h:65536", "sip:h:-1", "sip:h:5060x", "sip:h: 5060",
                           "sip:h:99999999999999999999", "sip:[::1]:", "sip:h:5060:1"}) {
    EXPECT_EQ(refusal(text), "sip.uri.port") << text;
  }
}

TEST(Uri, IsRefusedForItsParametersOrHeaders) {
  for (const char* text :
       {"sip:h;", "sip:h;;lr", "sip:h;=x", "sip:h;a=", "sip:h;a b", "sip:h;a=%4", "sip:h;a=\"b\"", "sip:h; lr"}) {
    EXPECT_EQ(refusal(text), "sip.uri.params") << text;
  }
  for (const char* text : {"sip:h?", "sip:h?a", "sip:h?=b", "sip:h?a=b&", "sip:h?a=<b>", "sip:h?a=%0", "sip:h?a=b c"}) {
    EXPECT_EQ(refusal(text), "sip.uri.headers") << text;
  }
}

bool same(std::string_view a, std::string_view b) {
  const auto one = Uri::parse(a);
  const auto other = Uri::parse(b);
  EXPECT_TRUE(one && other) << a << " " << b;
  EXPECT_EQ(equivalent(*one, *other), equivalent(*other, *one)) << a << " " << b;
  return equivalent(*one, *other);
}

// The examples of RFC 3261 19.1.4, and the rules they leave out.
TEST(Uri, IsTheSameHoweverItIsWritten) {
  EXPECT_TRUE(same("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
  EXPECT_TRUE(same("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
  EXPECT_TRUE(same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"));
  EXPECT_TRUE(same("sip:a@h;lr;x=1", "SIP:a@H;x=1;lr"));
  EXPECT_TRUE(same("tel:+49", "tel:+49"));
}

TEST(Uri, DiffersInWhatSaysWhereARequestGoes) {
  EXPECT_FALSE(same("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
  EXPECT_FALSE(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
  EXPECT_FALSE(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
  EXPECT_FALSE(same("sip:bob@biloxi.com", "sips:bob@biloxi.com"));
  EXPECT_FALSE(same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
  EXPECT_FALSE(same("sip:a@h", "sip:a@h;maddr=192.0.2.1"));
  EXPECT_FALSE(same("sip:a@h", "sip:a@h;user=phone"));
  EXPECT_FALSE(same("sip:a@h", "sip:a:secret@h"));
  EXPECT_FALSE(same("sip:a@h", "sip:a@h?Subject=x"));
  EXPECT_FALSE(same("sip:a%2Bb@h", "sip:a+b@h")) << "an escaped reserved character is another one";
  EXPECT_FALSE(same("sip:ab@h", "sip:a@h"));
  EXPECT_FALSE(same("tel:+49", "sip:a@h"));
}

TEST(Unescaped, DecodesAndRefusesWhatEndsStrings) {
  EXPECT_THAT(unescaped("%75se%72"), Optional(std::string{"user"}));
  EXPECT_THAT(unescaped("a%2541"), Optional(std::string{"a%41"})) << "once";
  EXPECT_THAT(unescaped(""), Optional(std::string{}));
  for (const char* text : {"null-%00-null", "%", "%4", "%zz", "a%"}) EXPECT_EQ(unescaped(text), std::nullopt) << text;
}

}  // namespace
}  // namespace sallyport::sip
