// SPDX-License-Identifier: Apache-2.0
#include "phone/tls_setup.h"

#include <gtest/gtest.h>

#include "phone/tls_test_support.h"

namespace sallyport::phone {
namespace {

TEST(TlsSetup, ReadsEachKindOfName) {
  EXPECT_EQ(parseSan("dns:Edge.Example.com")->toString(), "dns:edge.example.com");
  EXPECT_EQ(parseSan("ip:2001:DB8::1")->toString(), "ip:2001:db8::1");
  EXPECT_EQ(parseSan("uri:sip:example.com")->toString(), "uri:sip:example.com");
}

TEST(TlsSetup, RefusesWhatIsNoName) {
  for (const auto* text : {"", "edge.example.com", "dns:", "ip:edge", "ip:300.0.0.1", "cn:edge"}) {
    const auto san = parseSan(text);
    ASSERT_FALSE(san) << text;
    EXPECT_STREQ(san.error().code, "phone.san.malformed");
  }
}

TEST(TlsSetup, ExpectsTheEdgeOfItsOwnDomainUnlessToldOtherwise) {
  const SystemClock clock;
  const testing::TestCa ca;
  const auto own = TlsSetup::make(ca.issue("bob", "URI:sip:bob@example.com"), ca.anchors(), {}, clock);
  ASSERT_TRUE(own);
  EXPECT_EQ(own->ownUri(), "sip:bob@example.com");
  EXPECT_EQ(own->expected().toString(), "dns:example.com");
  const auto told =
      TlsSetup::make(ca.issue("bob", "DNS:bob.example.com"), ca.anchors(), *parseSan("ip:127.0.0.1"), clock);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->ownUri(), "");
}

TEST(TlsSetup, ACertificateWithoutASipUriNeedsToBeToldWhomToExpect) {
  const SystemClock clock;
  const testing::TestCa ca;
  const auto setup = TlsSetup::make(ca.issue("bob", "DNS:bob.example.com"), ca.anchors(), {}, clock);
  ASSERT_FALSE(setup);
  EXPECT_STREQ(setup.error().code, "phone.san.needed");
}

TEST(TlsSetup, FilesThatAreNotThereAreNamed) {
  const SystemClock clock;
  const auto setup = TlsSetup::load({"/nonexistent/c.pem", "/nonexistent/k.pem", "/nonexistent/ca.pem"}, {}, clock);
  ASSERT_FALSE(setup);
  EXPECT_STREQ(setup.error().code, "crypto.file.missing");
}

}  // namespace
}  // namespace sallyport::phone
