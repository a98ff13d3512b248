// SPDX-License-Identifier: Apache-2.0
#include "call/caller_identity.h"

#include <gmock/gmock.h>

#include "call/status_map.h"

namespace sallyport::call {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

sip::Message inviteWith(const std::string& headers, const std::string& from = "<sip:alice@sallyport.test>") {
  auto message = sip::Message::parse(
      "INVITE sip:bob@sallyport.test SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.9;branch=z9hG4bK1\r\nFrom: " + from +
      ";tag=1\r\nTo: <sip:bob@sallyport.test>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n" + headers +
      "Content-Length: 0\r\n\r\n");
  SP_CHECK(message.ok());
  return *std::move(message);
}

const CallerProof kAlice{kDevices, "alice@sallyport.test", "sallyport.test"};
const CallerProof kCarrier{"carrier", "dns:sbc.carrier.test", "sallyport.test"};

CallerRules germany(std::vector<std::string> allowed = {}) {
  CallerRules rules;
  rules.numbers_allowed = std::move(allowed);
  rules.numbers = *NumberPlan::make({"DE", "30", NumberForm::e164});
  return rules;
}

Caller callerOf(const CallerRules& rules, const CallerProof& proof, const sip::Message& request) {
  auto caller = identifyCaller(rules, proof, request);
  SP_CHECK(caller.ok());
  return *std::move(caller);
}

TEST(CallerIdentity, IsThePrincipalsWhateverTheRequestClaims) {
  const auto claims = inviteWith(
      "P-Asserted-Identity: <sip:ceo@sallyport.test>, <tel:+49301>\r\nP-Preferred-Identity: "
      "<sip:cfo@sallyport.test>\r\n"
      "Remote-Party-ID: <sip:cto@sallyport.test>;party=calling\r\n",
      "\"The Boss\" <sip:boss@sallyport.test>");
  const auto caller = callerOf({}, kAlice, claims);
  EXPECT_EQ(caller.uri, "sip:alice@sallyport.test");
  EXPECT_EQ(caller.display_name, "");
  EXPECT_THAT(caller.dropped,
              ElementsAre("P-Asserted-Identity sip:ceo@sallyport.test", "P-Asserted-Identity tel:+49301",
                          "P-Preferred-Identity sip:cfo@sallyport.test", "Remote-Party-ID sip:cto@sallyport.test",
                          "From sip:boss@sallyport.test"));
}

TEST(CallerIdentity, APeerIsWhatItSpeaksForElseItsSipNameElseItsNameAtOurDomain) {
  CallerRules rules;
  EXPECT_EQ(principalUri(rules, kCarrier), "sip:carrier@sallyport.test");
  EXPECT_EQ(principalUri(rules, {"carrier", "uri:sip:trunk@carrier.test", "sallyport.test"}), "sip:trunk@carrier.test");
  rules.asserted_identity = "sip:+4930123@carrier.test";
  EXPECT_EQ(principalUri(rules, kCarrier), "sip:+4930123@carrier.test");
}

TEST(CallerIdentity, ANumberThatThePrincipalMayPresentIsTaken) {
  const auto rules = germany({"+4930123", "+4989555"});
  const auto identity = [&](const std::string& from) { return callerOf(rules, kCarrier, inviteWith("", from)).uri; };
  EXPECT_EQ(identity("<sip:03012345@carrier.test>"), "sip:+493012345@sallyport.test;user=phone");
  EXPECT_EQ(identity("<sip:+4989555@carrier.test;user=phone>"), "sip:+4989555@sallyport.test;user=phone");
  EXPECT_EQ(identity("<tel:+49-30-12345>"), "sip:+493012345@sallyport.test;user=phone");
  EXPECT_EQ(identity("<sip:+4989554@carrier.test>"), "sip:carrier@sallyport.test");
  EXPECT_EQ(identity("<sip:+4930999@carrier.test>"), "sip:carrier@sallyport.test");
  EXPECT_EQ(identity("<sip:alice@sallyport.test>"), "sip:carrier@sallyport.test");
}

TEST(CallerIdentity, ACoreMayPresentTheUsersOfItsDomains) {
  CallerRules rules;
  rules.users_allowed = {"sallyport.test"};
  const CallerProof core{"core", "dns:core.sallyport.test", "sallyport.test"};
  const auto identity = [&](const std::string& from) { return callerOf(rules, core, inviteWith("", from)).uri; };
  EXPECT_EQ(identity("<sip:alice@Sallyport.test;transport=tls>"), "sip:alice@Sallyport.test");
  EXPECT_EQ(identity("<sip:1234@sallyport.test>"), "sip:1234@sallyport.test");
  EXPECT_EQ(identity("<sip:alice@elsewhere.test>"), "sip:core@sallyport.test");
  EXPECT_EQ(identity("<sip:sallyport.test>"), "sip:core@sallyport.test");
  EXPECT_EQ(identity("<sip:+4930123@sallyport.test>"), "sip:core@sallyport.test") << "a number is no user";
  rules = germany();
  rules.users_allowed = {"sallyport.test"};
  EXPECT_EQ(identity("<sip:1234@sallyport.test>"), "sip:core@sallyport.test") << "a number of Berlin, as it dials";
  EXPECT_EQ(identity("<sip:110@sallyport.test>"), "sip:core@sallyport.test") << "nor is an emergency number";
  EXPECT_EQ(callerOf(rules, core, inviteWith("", "\"Alice\" <sip:alice@sallyport.test>")).display_name, "Alice");
}

TEST(CallerIdentity, ACarrierMayBeLentEveryNumber) {
  const auto caller =
      callerOf(germany({"+"}), kCarrier, inviteWith("", "\"Dr. \\\"No\\\" <x>\" <sip:+12125550123@c.test>"));
  EXPECT_EQ(caller.uri, "sip:+12125550123@sallyport.test;user=phone");
  EXPECT_EQ(caller.display_name, "Dr. No x");
  EXPECT_EQ(caller.number.e164, "+12125550123");
}

TEST(CallerIdentity, TheAssertedClaimComesBeforeThePreferredAndThatBeforeFrom) {
  const auto rules = germany({"+"});
  const std::string pai = "P-Asserted-Identity: <sip:+49301@c.test>, <tel:+49302000>\r\n";
  const std::string ppi = "P-Preferred-Identity: <sip:+49303000@c.test>\r\n";
  const auto identity = [&](const std::string& headers) {
    return callerOf(rules, kCarrier, inviteWith(headers, "<sip:+49304000@c.test>")).number.e164;
  };
  EXPECT_EQ(identity(ppi + pai), "+49302000") << "+49301 is no number";
  EXPECT_EQ(identity(ppi), "+49303000");
  EXPECT_EQ(identity(""), "+49304000");
}

TEST(CallerIdentity, ADisplayNameIsAPeersAndOnlyBesideAClaimThatWasTaken) {
  const std::string bank = "\"Your Bank\" ";
  EXPECT_EQ(callerOf({}, kAlice, inviteWith("", bank + "<sip:alice@sallyport.test>")).display_name, "");
  EXPECT_EQ(callerOf({}, kCarrier, inviteWith("", bank + "<sip:+49301@c.test>")).display_name, "");
  EXPECT_EQ(callerOf({}, kCarrier, inviteWith("", bank + "<sip:carrier@SALLYPORT.test:5061>")).display_name,
            "Your Bank");
  const std::string endless(500, 'x');
  EXPECT_EQ(callerOf({}, kCarrier, inviteWith("", endless + " <sip:carrier@sallyport.test>")).display_name.size(), 64u);
}

TEST(CallerIdentity, AnAnonymousFromIsNobodyElses) {
  auto rules = germany();
  rules.on_foreign = OnForeignIdentity::refuse;
  const auto caller = callerOf(rules, kAlice, inviteWith("", "\"Anonymous\" <sip:anonymous@anonymous.invalid>"));
  EXPECT_TRUE(caller.anonymous);
  EXPECT_EQ(caller.uri, "sip:alice@sallyport.test");
  EXPECT_THAT(caller.dropped, IsEmpty());
}

TEST(CallerIdentityRefused, WhenAForeignOneIsToBe) {
  auto rules = germany({"+4930"});
  rules.on_foreign = OnForeignIdentity::refuse;
  EXPECT_TRUE(identifyCaller(rules, kAlice, inviteWith("")));
  EXPECT_TRUE(identifyCaller(rules, kAlice, inviteWith("P-Preferred-Identity: <tel:+49301234>\r\n")));
  const auto refused = identifyCaller(rules, kAlice, inviteWith("P-Asserted-Identity: <tel:+49891234>\r\n"));
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "call.identity.foreign");
  EXPECT_EQ(statusTowardsPeer(refused.error()), 403);
  EXPECT_FALSE(identifyCaller(rules, kAlice, inviteWith("", "<sip:bob@sallyport.test>")));
}

TEST(CallerIdentityRefused, WhenACriticalPrivacyIsUnknown) {
  const auto refused = identifyCaller({}, kAlice, inviteWith("Privacy: id;quantum;critical\r\n"));
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "call.privacy.critical");
  EXPECT_EQ(statusTowardsPeer(refused.error()), 500);
  EXPECT_TRUE(identifyCaller({}, kAlice, inviteWith("Privacy: id;quantum\r\n")));
  EXPECT_TRUE(identifyCaller({}, kAlice, inviteWith("Privacy: header;session;user;id;critical\r\n")));
}

class Presented : public ::testing::Test {
 protected:
  static PresentedCaller presented(const std::string& headers, config::Disclosure disclosure,
                                   const std::string& from = "<sip:alice@sallyport.test>") {
    return presentCaller(callerOf({}, kAlice, inviteWith(headers, from)), {disclosure, nullptr});
  }
  static constexpr auto kAsked = config::Disclosure::respectPrivacy;
};

TEST_F(Presented, TheCallerIsShownUnlessItAsksNotToBe) {
  const auto shown = presented("", kAsked);
  EXPECT_EQ(shown.from(), "<sip:alice@sallyport.test>");
  EXPECT_EQ(shown.asserted_identity, "sip:alice@sallyport.test");
  EXPECT_EQ(shown.privacy, "");
  for (const auto* wish : {"id", "user", "header", "ID", "session;id;critical", "history, user"}) {
    const auto hidden = presented("Privacy: " + std::string{wish} + "\r\n", kAsked);
    EXPECT_EQ(hidden.from(), "\"Anonymous\" <sip:anonymous@anonymous.invalid>") << wish;
    EXPECT_EQ(hidden.asserted_identity, "") << wish;
  }
}

TEST_F(Presented, PrivacyThatIsNotAboutTheCallerHidesNothing) {
  for (const auto* wish : {"none", "session", "history", "critical", "idle", "none;id"}) {
    EXPECT_EQ(presented("Privacy: " + std::string{wish} + "\r\n", kAsked).asserted_identity, "sip:alice@sallyport.test")
        << wish;
  }
}

TEST_F(Presented, AnAnonymousFromStaysOneAndTheIdentityIsAsserted) {
  const auto shown = presented("", kAsked, "<sip:anonymous@anonymous.invalid>");
  EXPECT_EQ(shown.from_uri, "sip:anonymous@anonymous.invalid");
  EXPECT_EQ(shown.asserted_identity, "sip:alice@sallyport.test");
}

TEST_F(Presented, WhoeverIsTrustedIsToldTheIdentityAndTheWish) {
  const auto shown = presented("Privacy: id;critical\r\n", config::Disclosure::always);
  EXPECT_EQ(shown.from_uri, "sip:anonymous@anonymous.invalid");
  EXPECT_EQ(shown.asserted_identity, "sip:alice@sallyport.test");
  EXPECT_EQ(shown.privacy, "id;critical");
}

TEST_F(Presented, WhoeverIsNeverToldIsNotToldEvenWhenTheCallerWouldNotMind) {
  const auto hidden = presented("Privacy: none\r\n", config::Disclosure::never);
  EXPECT_EQ(hidden.from_uri, "sip:anonymous@anonymous.invalid");
  EXPECT_EQ(hidden.asserted_identity, "");
}

TEST_F(Presented, NumbersAreWrittenAsTheTargetDialsThem) {
  const auto caller = callerOf(germany({"+"}), kCarrier, inviteWith("", "<sip:+493012345@c.test>"));
  const auto national = *NumberPlan::make({"DE", "", NumberForm::national});
  const auto abroad = *NumberPlan::make({"CH", "", NumberForm::national});
  const auto as_is = *NumberPlan::make({"DE", "", NumberForm::asIs});
  EXPECT_EQ(presentCaller(caller, {kAsked, &national}).from_uri, "sip:03012345@sallyport.test;user=phone");
  EXPECT_EQ(presentCaller(caller, {kAsked, &abroad}).from_uri, "sip:00493012345@sallyport.test;user=phone");
  EXPECT_EQ(presentCaller(caller, {kAsked, &as_is}).from_uri, "sip:+493012345@sallyport.test;user=phone");
}

}  // namespace
}  // namespace sallyport::call
