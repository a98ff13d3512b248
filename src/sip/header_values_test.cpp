// SPDX-License-Identifier: Apache-2.0
#include "sip/header_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sip {
namespace {

using testing::Optional;

std::string_view sv(const char* text) { return text; }

std::string nameAddrRefusal(std::string_view value) {
  const auto parsed = NameAddr::parse(value);
  return parsed ? "" : parsed.error().code;
}

std::string viaRefusal(std::string_view value) {
  const auto parsed = Via::parse(value);
  return parsed ? "" : parsed.error().code;
}

TEST(Params, AreFoundWithoutCaseAndUnquoted) {
  const Params params{R"(a; B = two ;c="x;y=\"z\"" ; lr;d=[2001:db8::1])"};
  EXPECT_THAT(params.find("A"), Optional(sv("")));
  EXPECT_THAT(params.find("b"), Optional(sv("two")));
  EXPECT_THAT(params.find("C"), Optional(sv(R"(x;y=\"z\")")));
  EXPECT_THAT(params.find("d"), Optional(sv("[2001:db8::1]")));
  EXPECT_TRUE(params.has("lr"));
  EXPECT_EQ(params.find("y"), std::nullopt) << "inside a quoted value";
  EXPECT_EQ(Params{}.find("a"), std::nullopt);
}

TEST(Params, OddUriParametersDoNotHideTheOnesBehindThem) {
  EXPECT_THAT(Params{"%6C%72;a[1]=x;;transport=tls"}.find("transport"), Optional(sv("tls")));
}

TEST(NameAddr, ReadsTheFormsOfRfc3261) {
  const auto quoted = NameAddr::parse(R"("A. \"G.\" Bell" <sip:agb@bell.example>;tag=a48s;x="y;z")");
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->display_name, R"(A. \"G.\" Bell)");
  EXPECT_EQ(quoted->uri, "sip:agb@bell.example");
  EXPECT_EQ(quoted->tag(), "a48s");
  EXPECT_THAT(quoted->params.find("x"), Optional(sv("y;z")));

  const auto bare = NameAddr::parse("sip:+12125551212@phone2net.example ; tag = 887s");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->uri, "sip:+12125551212@phone2net.example") << "without brackets the parameter is the header's";
  EXPECT_EQ(bare->tag(), "887s");

  const auto tokens = NameAddr::parse("Anonymous  Coward\t<sip:c8oqz84zk7z@privacy.example>");
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->display_name, "Anonymous  Coward");
  EXPECT_EQ(tokens->tag(), "");

  const auto glued = NameAddr::parse("caller<sip:caller@example.com;x=1>;tag=323");
  ASSERT_TRUE(glued);
  EXPECT_EQ(glued->uri, "sip:caller@example.com;x=1");
  EXPECT_TRUE(NameAddr::parse("Fran\xc3\xa7ois <sip:f@example.com>"));
  EXPECT_TRUE(NameAddr::parse("<http://www.example.com>")) << "any scheme";
  EXPECT_TRUE(NameAddr::parse("*"));
}

TEST(NameAddr, IsRefusedWithItsReason) {
  EXPECT_EQ(nameAddrRefusal(""), "sip.name_addr.empty");
  EXPECT_EQ(nameAddrRefusal("  \t"), "sip.name_addr.empty");
  EXPECT_EQ(nameAddrRefusal("<sip:j@example.com>;tag"), "sip.name_addr.params");
  EXPECT_EQ(nameAddrRefusal(R"(<sip:j@example.com>;tag="")"), "sip.name_addr.params");
  EXPECT_EQ(nameAddrRefusal(R"("Mr. J. User <sip:j@example.com>)"), "sip.name_addr.quote");
  EXPECT_EQ(nameAddrRefusal(R"("ends in a backslash\")"), "sip.name_addr.quote");
  EXPECT_EQ(nameAddrRefusal(R"(Joe "the" User <sip:j@example.com>)"), "sip.name_addr.quote");
  EXPECT_EQ(nameAddrRefusal(R"("no uri")"), "sip.name_addr.brackets");
  EXPECT_EQ(nameAddrRefusal(R"("no brackets" sip:j@example.com)"), "sip.name_addr.brackets");
  EXPECT_EQ(nameAddrRefusal("<sip:j@example.com"), "sip.name_addr.brackets");
  EXPECT_EQ(nameAddrRefusal("sip:user@example.com?Route=%3Csip:x%3E"), "sip.name_addr.brackets");
  EXPECT_EQ(nameAddrRefusal("sip:a,b@example.com"), "sip.name_addr.brackets");
  EXPECT_EQ(nameAddrRefusal("Watson, Thomas <sip:t@example.com>"), "sip.name_addr.display_name");
  EXPECT_EQ(nameAddrRefusal("Bell: <sip:t@example.com>"), "sip.name_addr.display_name");
  for (const char* uri : {"< sip:t@example.org >", "<>", "<sip:>", "<t@example.org>", "<sip:a b@c>", "<1sip:a@b>",
                          "bob", "<sip:caf\xc3\xa9@example.org>", "<sip:a@b<sip:c@d>"}) {
    EXPECT_EQ(nameAddrRefusal(uri), "sip.name_addr.uri") << uri;
  }
  for (const char* params :
       {"<sip:a@b> x", "<sip:a@b>;", "<sip:a@b>;;a", "<sip:a@b>;a=", "<sip:a@b>;=b", "<sip:a@b>;a=b c",
        "<sip:a@b>;a=\"b\"c", "<sip:a@b>;a=\"b", "<sip:a@b>;tag=1;TAG=2", "<sip:a@b>;a,b"}) {
    EXPECT_EQ(nameAddrRefusal(params), "sip.name_addr.params") << params;
  }
}

TEST(Via, ReadsTheFormsOfRfc3261) {
  const auto via = Via::parse(
      "SIP  /   2.0 \t/ UDP first.example.com : 4000 ; ttl=16\t;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1");
  ASSERT_TRUE(via);
  EXPECT_EQ(via->transport, "UDP");
  EXPECT_EQ(via->sent_by, "first.example.com : 4000");
  EXPECT_EQ(via->branch(), "z9hG4bKa7c6a8dlze.1");
  const auto v6 = Via::parse("SIP/2.0/TLS [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3;rport");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->sent_by, "[2001:db8::9:1]");
  EXPECT_THAT(v6->params.find("received"), Optional(sv("2001:db8::9:255")));
  EXPECT_TRUE(Via::parse("SIP/2.0/WSS d5f9.invalid;branch=z9hG4bK1"));
  EXPECT_TRUE(Via::parse("SIP/2.0/NEW host_with_underscore"));
}

TEST(Via, IsRefusedWithItsReason) {
  for (const char* value : {"", "SIP/2.0", "SIP/2.0/", "SIP/2.0/ ,", "SIP/7.0/UDP h", "HTTP/2.0/TCP h", "SIP/2.0/UDP",
                            "SIP/2.0/UDP;branch=x", "2.0/UDP h"}) {
    EXPECT_EQ(viaRefusal(value), "sip.via.protocol") << value;
  }
  for (const char* value : {"SIP/2.0/UDP :::;branch=x", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h:65536",
                            "SIP/2.0/UDP h:", "SIP/2.0/UDP h i", "SIP/2.0/UDP 2001:db8::1", "SIP/2.0/UDP [::1",
                            "SIP/2.0/UDP 256.1.1.1", "SIP/2.0/UDP ;branch=x", "SIP/2.0/UDP -h"}) {
    EXPECT_EQ(viaRefusal(value), "sip.via.sent_by") << value;
  }
  for (const char* value :
       {"SIP/2.0/UDP h;", "SIP/2.0/UDP h;;", "SIP/2.0/UDP h;branch=a;branch=b",
        "SIP/2.0/UDP h;branch=", "SIP/2.0/UDP h;received=1.1.1.1;Received=2.2.2.2", "SIP/2.0/UDP h;a b"}) {
    EXPECT_EQ(viaRefusal(value), "sip.via.params") << value;
  }
}

TEST(ListCursor, CutsAtCommasOutsideQuotesAndBrackets) {
  const auto items = [](std::string_view value) {
    std::vector<std::string_view> out;
    ListCursor cursor{value};
    while (const auto item = cursor.next()) out.push_back(*item);
    return out;
  };
  EXPECT_THAT(items("a , b"), testing::ElementsAre("a", "b"));
  EXPECT_THAT(items(R"("a,\",b" <sip:x,y@z>,c)"), testing::ElementsAre(R"("a,\",b" <sip:x,y@z>)", "c"));
  EXPECT_THAT(items(","), testing::ElementsAre("", ""));
  EXPECT_THAT(items(""), testing::ElementsAre(""));
  EXPECT_THAT(items(R"(a,"never closed, b)"), testing::ElementsAre("a", R"("never closed, b)"));
}

TEST(HeaderValues, TokensAreWhatRfc3261Says) {
  EXPECT_TRUE(isToken("!interesting-Method0123456789_*+`.%indeed'~"));
  for (const char* text : {"", "a b", "a@b", "a(b", "a\"b", "a/b", "a:b", "caf\xc3\xa9"})
    EXPECT_FALSE(isToken(text)) << text;
  EXPECT_TRUE(equalsIgnoringCase("Call-ID", "cALL-id"));
  EXPECT_FALSE(equalsIgnoringCase("a", "ab"));
  EXPECT_FALSE(equalsIgnoringCase("[", "{")) << "only letters have case";
}

}  // namespace
}  // namespace sallyport::sip
