// SPDX-License-Identifier: Apache-2.0
#include "call/refer.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

Result<Refer> read(const std::string& headers) {
  auto request = sip::Message::parse(
      "REFER sip:b@b.test SIP/2.0\r\nVia: SIP/2.0/TLS a.test;branch=z9hG4bKx\r\nFrom: <sip:a@a.test>;tag=1\r\n"
      "To: <sip:b@b.test>;tag=2\r\nCall-ID: c\r\nCSeq: 7 REFER\r\nMax-Forwards: 70\r\n" +
      headers + "Content-Length: 0\r\n\r\n");
  SP_CHECK(request.ok());
  return Refer::in(*request);
}
std::string refused(const std::string& headers) {
  const auto refer = read(headers);
  return refer ? "fine" : refer.error().code;
}

TEST(ReferRequest, NamesOneTarget) {
  const auto refer = read("Refer-To: \"Carol\" <sip:carol@a.test;transport=tls>\r\n");
  ASSERT_TRUE(refer);
  EXPECT_EQ(refer->uri, "sip:carol@a.test");
  EXPECT_FALSE(refer->replaces);
  EXPECT_EQ(refer->subscription, Refer::Subscription::wanted);
}
TEST(ReferRequest, MayNameTheDialogThatTheCallReplaces) {
  const auto refer = read(
      "Refer-To: <sip:carol@a.test?Require=replaces&Replaces=x%40y%3Bto-tag%3D11%3Bfrom-tag%3D22>\r\nRefer-Sub: "
      "false\r\n");
  ASSERT_TRUE(refer);
  ASSERT_TRUE(refer->replaces);
  EXPECT_EQ(refer->replaces->call_id, "x@y");
  EXPECT_EQ(refer->replaces->to_tag, "11");
  EXPECT_EQ(refer->replaces->from_tag, "22");
  EXPECT_EQ(refer->subscription, Refer::Subscription::unwanted);
}
TEST(ReferRequest, WithoutExactlyOneSipTargetIsRefused) {
  EXPECT_EQ(refused(""), "call.refer.target");
  EXPECT_EQ(refused("Refer-To: <sip:a@a.test>, <sip:b@a.test>\r\n"), "call.refer.target");
  EXPECT_EQ(refused("Refer-To: <http://a.test/>\r\n"), "call.refer.target");
  EXPECT_EQ(refused("Refer-To: <sip:>\r\n"), "call.refer.target");
}
TEST(ReferRequest, ForAnythingButACallIsRefused) {
  EXPECT_EQ(refused("Refer-To: <sip:a@a.test;method=BYE>\r\n"), "call.refer.method");
  EXPECT_EQ(refused("Refer-To: <sip:a@a.test;method=INVITE>\r\n"), "fine");
}
TEST(ReferRequest, WithABrokenReplacesIsRefused) {
  for (const char* value : {"", "x", "x%3Bto-tag%3D1", "x%3Bto-tag%3D1%3Bfrom-tag%3D", "%3Bto-tag%3D1%3Bfrom-tag%3D2",
                            "x%ZZ%3Bto-tag%3D1%3Bfrom-tag%3D2"}) {
    EXPECT_NE(refused(std::string{"Refer-To: <sip:a@a.test?Replaces="} + value + ">\r\n"), "fine") << value;
  }
}

TEST(ReplacesHeader, IsACallIdAndTwoTags) {
  const auto replaces = Replaces::parse("a@b ;from-tag=1;to-tag=2;early-only");
  ASSERT_TRUE(replaces);
  EXPECT_EQ(replaces->call_id, "a@b");
  EXPECT_EQ(replaces->from_tag, "1");
  EXPECT_EQ(replaces->to_tag, "2");
  EXPECT_EQ(replaces->scope, Replaces::Scope::earlyOnly);
  EXPECT_FALSE(Replaces::parse("a, b;to-tag=1;from-tag=2"));
}

}  // namespace
}  // namespace sallyport::call
