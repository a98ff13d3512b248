// SPDX-License-Identifier: Apache-2.0
#include "call/header_policy.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/test_corpus.h"

namespace sallyport::call {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

sip::Message inviteWith(const std::string& headers) {
  auto message = sip::Message::parse(
      "INVITE sip:bob@sallyport.test SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.9;branch=z9hG4bK1\r\n"
      "From: <sip:alice@sallyport.test>;tag=1\r\nTo: <sip:bob@sallyport.test>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
      "Max-Forwards: 70\r\n" +
      headers + "Content-Length: 0\r\n\r\n");
  SP_CHECK(message.ok());
  return *std::move(message);
}

HeaderPolicies policiesOf(const std::vector<config::HeaderPolicy>& rules) {
  auto policies = HeaderPolicies::make(rules);
  SP_CHECK(policies.ok());
  return *std::move(policies);
}

HeaderPolicy allowing(std::vector<std::string> headers) {
  return *policiesOf({{"own", "", std::move(headers), {}}}).find("own");
}

const HeaderCrossing kCrossing{"edge.test", "bob"};

// The values that cross when only `header` may.
std::vector<std::string> carried(const std::string& header, const std::string& headers) {
  std::vector<std::string> values;
  for (auto& [name, value] : select(inviteWith(headers), allowing({header}), kCrossing)) {
    EXPECT_EQ(name, header);
    values.push_back(value);
  }
  return values;
}

std::string refusal(const std::vector<config::HeaderPolicy>& rules) {
  const auto policies = HeaderPolicies::make(rules);
  return policies ? "taken" : policies.error().code;
}

// --- which headers ------------------------------------------------------------------------------------

TEST(HeaderPolicies2026, AreThese) {
  const HeaderPolicies policies;
  EXPECT_THAT(policies.find("trunk-edge@2026")->allowed(),
              ElementsAre("Accept-Language", "Diversion", "P-Early-Media", "Priority", "Reason"));
  EXPECT_THAT(policies.find("core@2026")->allowed(),
              ElementsAre("Accept-Language", "Alert-Info", "Diversion", "History-Info", "P-Early-Media", "Priority",
                          "Reason", "Subject", "User-to-User"));
  EXPECT_THAT(policies.find("device-edge@2026")->allowed(),
              ElementsAre("Accept-Language", "Alert-Info", "Priority", "Reason", "Subject"));
  EXPECT_EQ(policies.find("trunk-edge"), nullptr);
}

TEST(HeaderPolicy, ExtendsAnotherByWhatItAllowsAndDrops) {
  const auto policies = policiesOf({{"b", "a", {"Organization"}, {"x-tenant"}},
                                    {"a", "trunk-edge@2026", {"X-Tenant", "X-Queue"}, {"Reason", "Diversion"}}});
  EXPECT_THAT(policies.find("a")->allowed(),
              ElementsAre("Accept-Language", "P-Early-Media", "Priority", "x-queue", "x-tenant"));
  EXPECT_THAT(policies.find("b")->allowed(),
              ElementsAre("Accept-Language", "Organization", "P-Early-Media", "Priority", "x-queue"));
  EXPECT_TRUE(policies.find("a")->allows("X-TENANT"));
  EXPECT_FALSE(policies.find("b")->allows("X-Tenant"));
  EXPECT_FALSE(policies.find("a")->allows("Via"));
}

TEST(HeaderPolicyRefused, ForAHeaderThatIsEachSidesOwn) {
  for (const auto* header : {"Via",
                             "Route",
                             "Record-Route",
                             "Contact",
                             "From",
                             "To",
                             "Call-ID",
                             "CSeq",
                             "Max-Forwards",
                             "Authorization",
                             "Proxy-Authorization",
                             "Proxy-Authenticate",
                             "WWW-Authenticate",
                             "Authentication-Info",
                             "Proxy-Anything",
                             "WWW-Something",
                             "Identity",
                             "P-Asserted-Identity",
                             "P-Preferred-Identity",
                             "Remote-Party-ID",
                             "Privacy",
                             "Content-Length",
                             "content-type",
                             "Require",
                             "Supported",
                             "Path",
                             "Service-Route",
                             "Refer-To",
                             "Replaces",
                             "Session-Expires",
                             "P-Served-User",
                             "Security-Client",
                             "x",
                             "v"}) {
    EXPECT_EQ(refusal({{"own", "", {header}, {}}}), "call.header_policy.never") << header;
  }
}

TEST(HeaderPolicyRefused, ForANameNobodyKnows) {
  for (const auto* header : {"Diverson", "Bogus", "X-", "P-", "", "X Tenant", "X-Ten\r\nant", "Subject "}) {
    EXPECT_EQ(refusal({{"own", "", {header}, {}}}), "call.header_policy.unknown_header") << header;
    EXPECT_EQ(refusal({{"own", "", {}, {header}}}), "call.header_policy.unknown_header") << header;
  }
  EXPECT_EQ(refusal({{"own", "", {"X-" + std::string(70, 'a')}, {}}}), "call.header_policy.unknown_header");
}

TEST(HeaderPolicyRefused, ForItsNameOrWhatItExtends) {
  EXPECT_EQ(refusal({{"", "", {}, {}}}), "call.header_policy.name");
  EXPECT_EQ(refusal({{"core@2026", "", {}, {}}}), "call.header_policy.name");
  EXPECT_EQ(refusal({{"a", "", {}, {}}, {"a", "", {}, {}}}), "call.header_policy.name");
  EXPECT_EQ(refusal({{"a", "core@2025", {}, {}}}), "call.header_policy.extends");
  EXPECT_EQ(refusal({{"a", "a", {}, {}}}), "call.header_policy.cycle");
  EXPECT_EQ(refusal({{"a", "b", {}, {}}, {"b", "c", {}, {}}, {"c", "b", {}, {}}}), "call.header_policy.cycle");
}

// --- between two sides --------------------------------------------------------------------------------

TEST(HeadersBetweenPeers, CrossWhenBothNameThem) {
  const auto both = HeaderPolicy::between(allowing({"Subject", "Reason", "X-A", "X-B"}),
                                          allowing({"Reason", "Priority", "X-B", "X-C"}));
  EXPECT_THAT(both.allowed(), ElementsAre("Reason", "x-b"));
}

TEST(HeadersBetweenPeers, APhoneSpeaksOfNoDiversion) {
  const HeaderPolicies policies;
  const auto both = HeaderPolicy::between(*policies.find(kDeviceEdge), *policies.find(kCore));
  EXPECT_THAT(select(inviteWith("Diversion: <sip:eve@x.test>\r\nSubject: hello\r\n"), both, kCrossing),
              ElementsAre(Pair("Subject", "hello")));
}

TEST(HeadersBetweenPeers, DiversionBecomesWhatTheOtherSideReads) {
  const auto both = HeaderPolicy::between(allowing({"Diversion"}), allowing({"History-Info"}));
  EXPECT_THAT(select(inviteWith("Diversion: <sip:carol@10.0.0.1>;reason=user-busy\r\n"), both, kCrossing),
              ElementsAre(Pair("History-Info", "<sip:carol@edge.test>;index=1"),
                          Pair("History-Info", "<sip:bob@edge.test;cause=486>;index=1.1;mp=1")));
}

// --- which values -------------------------------------------------------------------------------------

TEST(HeaderSelection, TakesNothingThatIsNotNamed) {
  const auto everything = inviteWith(
      "Proxy-Authorization: Digest a\r\nAuthorization: Digest b\r\nIdentity: x\r\nRoute: <sip:a.test;lr>\r\n"
      "P-Asserted-Identity: <sip:a@b>\r\nX-Other: 1\r\nCall-Info: <http://evil.test/x>\r\nSubject: hello\r\n");
  EXPECT_THAT(select(everything, allowing({"Subject"}), kCrossing), ElementsAre(Pair("Subject", "hello")));
  EXPECT_THAT(select(everything, *HeaderPolicies{}.find(kTrunkEdge), kCrossing), IsEmpty());
}

TEST(HeaderSelection, AShortNameCrossesAsItsLongOne) {
  EXPECT_THAT(select(inviteWith("s: hello\r\n"), allowing({"Subject"}), kCrossing),
              ElementsAre(Pair("Subject", "hello")));
}

TEST(HeaderSelection, OwnHeadersCrossWithTheirName) {
  EXPECT_THAT(select(inviteWith("x-TENANT: 42 \"a\"\r\n"), allowing({"X-Tenant"}), kCrossing),
              ElementsAre(Pair("x-TENANT", "42 \"a\"")));
}

TEST(HeaderSelection, AlertsAreUrnsOnly) {
  EXPECT_THAT(carried("Alert-Info",
                      "Alert-Info: <urn:alert:source:internal>, <http://evil.test/ring.wav>;x=1\r\n"
                      "Alert-Info: <file:///etc/passwd>\r\n"),
              ElementsAre("<urn:alert:source:internal>"));
  EXPECT_THAT(carried("Call-Info", "Call-Info: <http://a.test>, <https://b.test/i.png>;purpose=icon, <cid:1>\r\n"),
              ElementsAre("<https://b.test/i.png>"));
}

TEST(HeaderSelection, AReasonIsProtocolCauseAndText) {
  EXPECT_THAT(carried("Reason", "Reason: Q.850 ;cause=16;text=\"Terminated\";x=y, SIP;cause=486\r\n"),
              ElementsAre("Q.850;cause=16;text=\"Terminated\", SIP;cause=486"));
  EXPECT_THAT(carried("Reason", "Reason: SIP;cause=99999;text=\"a\\\"b\"\r\n"), ElementsAre("SIP"));
  EXPECT_THAT(carried("Reason", "Reason: <x>;cause=1\r\n"), IsEmpty());
}

TEST(HeaderSelection, TokensAreTokens) {
  EXPECT_THAT(carried("Priority", "Priority: urgent\r\n"), ElementsAre("urgent"));
  EXPECT_THAT(carried("Accept-Language", "Accept-Language: da, en-gb;q=0.8\r\n"), ElementsAre("da, en-gb;q=0.8"));
  EXPECT_THAT(carried("P-Early-Media", "P-Early-Media: sendrecv,gated\r\n"), ElementsAre("sendrecv,gated"));
  EXPECT_THAT(carried("Answer-Mode", "Answer-Mode: <script>\r\n"), IsEmpty());
}

TEST(HeaderSelection, UserToUserDataIsATokenOrQuoted) {
  EXPECT_THAT(carried("User-to-User", "User-to-User: 56a3;encoding=hex;purpose=isdn-uui\r\n"),
              ElementsAre("56a3;encoding=hex;purpose=isdn-uui"));
  EXPECT_THAT(carried("User-to-User", "User-to-User: \"text\r\n"), IsEmpty());
  EXPECT_THAT(carried("User-to-User", "User-to-User: <a>\r\n"), IsEmpty());
}

TEST(HeaderSelection, TextIsUtf8) {
  EXPECT_THAT(carried("Subject",
                      "Subject: Gr\xC3\xBC\xC3\x9F"
                      "e \xF0\x9F\x98\x80\r\n"),
              ElementsAre("Gr\xC3\xBC\xC3\x9F"
                          "e \xF0\x9F\x98\x80"));
  for (const auto* broken : {"\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xF0\x80\x80\x80", "\x80",
                             "\xC3", "\xF4\x90\x80\x80"}) {
    EXPECT_THAT(carried("Subject", "Subject: a" + std::string{broken} + "b\r\n"), IsEmpty());
  }
}

TEST(HeaderSelection, IsBoundedInLengthAndNumber) {
  EXPECT_THAT(carried("Subject", "Subject: " + std::string(513, 'a') + "\r\n"), IsEmpty());
  std::string many;
  for (int i = 0; i < 40; ++i) many += "X-A: " + std::string(100, 'a') + "\r\nX-B: " + std::string(500, 'b') + "\r\n";
  EXPECT_EQ(carried("X-A", many).size(), 8u);
  std::size_t bytes = 0;
  for (const auto& [name, value] : select(inviteWith(many), allowing({"X-A", "X-B"}), kCrossing)) bytes += value.size();
  EXPECT_LE(bytes, 4'096u);
}

TEST(HeaderSelection, AResponseCarriesNoDiversion) {
  auto response = sip::Message::parse(
      "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/TLS 192.0.2.9;branch=z9hG4bK1\r\nFrom: <sip:a@b.test>;tag=1\r\n"
      "To: <sip:bob@sallyport.test>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nHistory-Info: <sip:x@y>;index=1\r\n"
      "Alert-Info: <urn:alert:x>\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(response);
  EXPECT_THAT(select(*response, *HeaderPolicies{}.find(kCore), kCrossing),
              ElementsAre(Pair("Alert-Info", "<urn:alert:x>")));
}

TEST(HeaderSelection, MakesHostileMessagesHarmless) {
  const auto corpus = sallyport::test::corpusPath("sip-hostile-messages");
  if (!std::filesystem::exists(corpus)) GTEST_SKIP() << "no corpora here: set SALLYPORT_CORPORA";
  const auto policy = allowing({"Accept-Language",
                                "Alert-Info",
                                "Answer-Mode",
                                "Call-Info",
                                "Date",
                                "Diversion",
                                "History-Info",
                                "Organization",
                                "P-Early-Media",
                                "Priority",
                                "Priv-Answer-Mode",
                                "Reason",
                                "Resource-Priority",
                                "Server",
                                "Subject",
                                "User-Agent",
                                "User-to-User",
                                "Warning",
                                "X-Tenant",
                                "X-Header",
                                "X-A"});
  unsigned parsed = 0;
  for (const auto& file : std::filesystem::directory_iterator{corpus}) {
    std::ifstream stream{file.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{stream}, {}};
    const auto message = sip::Message::parse(bytes);
    if (!message) continue;
    ++parsed;
    std::size_t total = 0;
    for (const auto& [name, value] : select(*message, policy, kCrossing)) {
      EXPECT_TRUE(policy.allows(name)) << file.path();
      for (const char c : value) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) << file.path();
      total += name.size() + value.size();
    }
    EXPECT_LE(total, 4'096u) << file.path();
  }
  EXPECT_GT(parsed, 0u);
}

}  // namespace
}  // namespace sallyport::call
