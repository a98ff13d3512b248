// SPDX-License-Identifier: Apache-2.0
// Targets as trunks: what they may be sent at once, which are left alone, where they redirect to, and how we are called
// there.
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ToTrunks : public ::testing::Test {
 protected:
  void begin(BorderConfig config = {}) {
    config.routes =
        "[[route]]\nuser = \"bob\"\nto = [{ peer = \"core\", priority = 1 }, { peer = \"carrier\", priority = 2 }]\n"
        "[[route]]\nuser = \"eve\"\nrefuse = 403\n"
        "[[route]]\nnumber = \"+49*\"\nfrom_peer = \"device\"\nto = \"carrier\"\n"
        "[[route]]\nuser = \"*\"\nto = \"core\"\n";
    border.emplace(config);
    carrier = border->flows.open("carrier");
    core = border->flows.open("core");
    alice = border->flows.open("alice");
  }
  static BorderConfig following() {
    BorderConfig config;
    config.core += "follow_redirects = true\n";
    return config;
  }
  Party& dial(std::string_view user = "bob") {
    caller.emplace(callerOn(*border, alice, user));
    caller->send("INVITE", Sdp{}.text());
    return *caller;
  }
  // The INVITE that has reached that peer.
  bool reached(sip::FlowId flow) {
    invite = border->flows.take(flow, [](const auto& m) { return m.method() == sip::Method::invite; });
    if (invite) callee.emplace(calleeOf(*border, flow, *invite));
    return invite.has_value();
  }
  void answer() {
    callee->respond(*invite, 200, answering(invite->body()).text());
    ASSERT_EQ(caller->final(), 200);
    EXPECT_TRUE(callee->request(sip::Method::ack));
    caller->ack();
  }
  void hangUp() {
    caller->send("BYE");
    EXPECT_EQ(caller->final(sip::Method::bye), 200);
    const auto bye = callee->request(sip::Method::bye);
    ASSERT_TRUE(bye);
    callee->respond(*bye, 200);
  }
  void redirect(const std::string& contacts, int status = 302) {
    callee->contact = "";
    callee->respond(*invite, status, {}, contacts);
  }
  std::vector<std::string> refusedRedirects() {
    std::vector<std::string> reasons;
    for (const auto& event : border->log.events("call.redirect.refused")) reasons.push_back(event.fields.at("reason"));
    return reasons;
  }
  unsigned live(std::string_view peer) { return guard::trunkLoad(border->tables, peer).out; }
  void TearDown() override {
    border->pass(40s);
    EXPECT_EQ(border->leftovers(), "");
    EXPECT_EQ(live("core") + live("carrier"), 0u);
  }

  std::optional<Border> border;
  sip::FlowId carrier{}, core{}, alice{};
  std::optional<Party> caller, callee;
  std::optional<sip::Message> invite;
};

// --- admission per attempt -----------------------------------------------------------------------------------

TEST_F(ToTrunks, ACallCountsAtItsTrunkUntilItEnds) {
  begin();
  border->limit({{"core", {.out = {.calls = 1}}}});
  dial();
  ASSERT_TRUE(reached(core));
  EXPECT_EQ(live("core"), 1u);
  answer();
  EXPECT_EQ(live("core"), 1u);
  hangUp();
  EXPECT_EQ(live("core"), 0u);
}

TEST_F(ToTrunks, AnAttemptThatFailedCountsNoMore) {
  begin();
  border->limit({{"core", {.out = {.calls = 1}}}});
  dial();
  ASSERT_TRUE(reached(core));
  callee->respond(*invite, 486);
  EXPECT_EQ(caller->final(), 486);
  EXPECT_EQ(live("core"), 0u);
}

TEST_F(ToTrunks, AFullTrunkIsPassedOver) {
  begin();
  border->limit({{"core", {.out = {.calls = 1}}}});
  auto first = dial();
  ASSERT_TRUE(reached(core));
  auto first_callee = *callee;
  const auto first_invite = sip::Message::parse(std::string{invite->bytes()});
  dial();
  EXPECT_FALSE(reached(core));
  ASSERT_TRUE(reached(carrier));
  callee->respond(*invite, 486);
  EXPECT_EQ(caller->final(), 486);
  first_callee.respond(*first_invite, 486);
  EXPECT_EQ(first.final(), 486);
  const auto& attempts = border->records.kept.front().attempts;
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0], (telemetry::CallAttempt{"core", 503, "guard.trunk.calls_out", 0}));
}

TEST_F(ToTrunks, WhenTheOnlyTrunkIsFullTheCallerIsRefused) {
  begin();
  border->limit({{"core", {.out = {.rate = guard::Rate{0.01, 1}}}}});
  dial("zoe");
  ASSERT_TRUE(reached(core));
  callee->respond(*invite, 486);
  EXPECT_EQ(caller->final(), 486);
  dial("zoe");
  EXPECT_FALSE(reached(core));
  EXPECT_EQ(caller->final(), 503);
  EXPECT_EQ(border->records.kept.back().end.code, "guard.trunk.cps_out");
  EXPECT_EQ(border->records.kept.back().end.by, "edge");
}

TEST_F(ToTrunks, ChannelsCountBothDirections) {
  begin();
  border->limit({{"core", {.channels = 1}}});
  dial("zoe");
  ASSERT_TRUE(reached(core));
  answer();
  auto first = *caller;
  auto first_callee = *callee;
  dial("zoe");
  EXPECT_EQ(caller->final(), 503);
  EXPECT_EQ(border->records.kept.back().end.code, "guard.trunk.channels");
  caller = first;
  callee = first_callee;
  hangUp();
}

TEST_F(ToTrunks, ADrainedTrunkIsNotTried) {
  begin();
  auto drained = std::make_shared<guard::DrainedPeers>();
  border->limit({}, drained);
  drained->drain("core");
  dial();
  EXPECT_FALSE(reached(core));
  ASSERT_TRUE(reached(carrier));
  answer();
  hangUp();
  drained->drain("carrier");
  dial();
  EXPECT_EQ(caller->final(), 480);
  EXPECT_EQ(border->records.kept.back().end.code, "guard.trunk.drained");
  drained->enable("core");
  dial();
  ASSERT_TRUE(reached(core));
  answer();
  hangUp();
}

// --- which answers lead on -------------------------------------------------------------------------------------

TEST_F(ToTrunks, APeersFailoverStatusesAreItsOwn) {
  BorderConfig config;
  config.core += "failover_statuses = [480]\n";
  begin(config);
  dial();
  ASSERT_TRUE(reached(core));
  callee->respond(*invite, 480);
  ASSERT_TRUE(reached(carrier));
  callee->respond(*invite, 603);
  EXPECT_EQ(caller->final(), 603);
  dial();
  ASSERT_TRUE(reached(core));
  callee->respond(*invite, 503);
  EXPECT_FALSE(reached(carrier));
  EXPECT_EQ(caller->final(), 500);
}

// --- 3xx -------------------------------------------------------------------------------------------------------

TEST_F(ToTrunks, ARedirectIsNotFollowedUnlessThePeerMay) {
  begin();
  dial();
  ASSERT_TRUE(reached(core));
  redirect("Contact: <sip:+4930123@sallyport.test>\r\n");
  EXPECT_FALSE(reached(carrier));
  EXPECT_EQ(caller->final(), 480);
  EXPECT_FALSE(caller->last->has(sip::HeaderId::contact));
}

TEST_F(ToTrunks, ARedirectLeadsWhereACallOfTheCallersWouldGo) {
  begin(following());
  dial();
  ASSERT_TRUE(reached(core));
  redirect("Contact: <sip:+4930123@sallyport.test>\r\n");
  ASSERT_TRUE(reached(carrier));
  EXPECT_THAT(std::string{invite->requestUri()}, HasSubstr("+4930123@"));
  EXPECT_EQ(invite->from().uri, "sip:alice@sallyport.test");
  answer();
  hangUp();
  EXPECT_EQ(border->log.events("call.redirect.followed").size(), 1u);
  EXPECT_EQ(border->records.kept.front().attempts.front().status, 302u);
}

TEST_F(ToTrunks, APeerThatNamesItselfMeansAUserOfOurs) {
  begin(following());
  dial();
  ASSERT_TRUE(reached(core));
  redirect("Contact: <sip:zoe@core.inner.test;transport=tls>\r\n");
  ASSERT_TRUE(reached(core));
  EXPECT_THAT(std::string{invite->requestUri()}, HasSubstr("zoe@"));
  answer();
  hangUp();
}

TEST_F(ToTrunks, EveryContactIsJudgedAndTheFirstThatMayIsTried) {
  begin(following());
  dial();
  ASSERT_TRUE(reached(core));
  redirect(
      "Contact: <sip:thief@far.example>, <sip:eve@sallyport.test>, <mailto:bob@sallyport.test>, "
      "<sip:+4930123@sallyport.test>\r\n");
  ASSERT_TRUE(reached(carrier));
  callee->respond(*invite, 486);
  EXPECT_EQ(caller->final(), 486);
  EXPECT_THAT(refusedRedirects(),
              ElementsAre(HasSubstr("guard."), HasSubstr("call.route.denied"), "call.redirect.scheme"));
}

TEST_F(ToTrunks, NobodyIsRedirectedToANumberThatIsDear) {
  begin(following());
  dial();
  ASSERT_TRUE(reached(core));
  redirect("Contact: <sip:+49900123456@sallyport.test>\r\n");
  EXPECT_FALSE(reached(carrier));
  EXPECT_EQ(caller->final(), 480);
  EXPECT_THAT(refusedRedirects(), ElementsAre("call.onward.toll"));
}

TEST_F(ToTrunks, ARedirectToItselfEnds) {
  begin(following());
  dial("zoe");
  ASSERT_TRUE(reached(core));
  redirect("Contact: <sip:zoe@sallyport.test>\r\n");
  ASSERT_TRUE(reached(core));
  redirect("Contact: <sip:ZOE2@sallyport.test>, <sip:zoe@SALLYPORT.test>\r\n");
  ASSERT_TRUE(reached(core));
  redirect("Contact: <sip:zoe@sallyport.test>\r\n");
  EXPECT_FALSE(reached(core));
  EXPECT_EQ(caller->final(), 480);
}

TEST_F(ToTrunks, RedirectsAreFollowedThreeTimes) {
  begin(following());
  dial("zoe");
  for (int i = 0; i <= 3; ++i) {
    ASSERT_TRUE(reached(core)) << i;
    redirect("Contact: <sip:zoe" + std::to_string(i) + "@sallyport.test>\r\n");
  }
  EXPECT_FALSE(reached(core));
  EXPECT_EQ(caller->final(), 480);
}

TEST_F(ToTrunks, NoMoreThanFourContactsOfARedirectAreTried) {
  begin(following());
  dial("zoe");
  ASSERT_TRUE(reached(core));
  std::string contacts;
  for (int i = 0; i < 6; ++i) contacts += "Contact: <sip:z" + std::to_string(i) + "@sallyport.test>\r\n";
  redirect(contacts);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(reached(core)) << i;
    callee->respond(*invite, 503);
  }
  EXPECT_FALSE(reached(core));
  EXPECT_EQ(caller->final(), 500);
}

TEST_F(ToTrunks, OtherRedirectionsAreAnswers) {
  begin(following());
  for (const int status : {305, 380}) {
    dial("zoe");
    ASSERT_TRUE(reached(core));
    redirect("Contact: <sip:+4930123@sallyport.test>\r\n", status);
    EXPECT_FALSE(reached(carrier));
    EXPECT_EQ(caller->final(), 480);
  }
}

// --- how we are called there -----------------------------------------------------------------------------------

TEST_F(ToTrunks, APeerMayWantOurNameInContactAndVia) {
  BorderConfig config;
  config.core += "contact_by_name = true\n";
  begin(config);
  dial("zoe");
  ASSERT_TRUE(reached(core));
  EXPECT_EQ(invite->topmostVia().sent_by, "sallyport.test:5061");
  EXPECT_THAT(invite->nameAddrs(sip::HeaderId::contact)->front().uri, HasSubstr("@sallyport.test:5061"));
  callee->respond(*invite, 486);
  EXPECT_EQ(caller->final(), 486);
}

TEST_F(ToTrunks, NumbersAreMarkedWhereThePeerWantsThat) {
  BorderConfig config;
  config.carrier += "user_phone = true\n";
  begin(config);
  dial("+4930123");
  ASSERT_TRUE(reached(carrier));
  EXPECT_EQ(invite->requestUri(), "sip:+4930123@sbc.carrier.test;user=phone");
  callee->respond(*invite, 486);
  EXPECT_EQ(caller->final(), 486);
}

TEST_F(ToTrunks, ASipsCallThatCanNotBeCarriedSaysWhy) {
  BorderConfig config;
  config.core += "sips = \"never\"\n";
  begin(config);
  caller.emplace(callerOn(*border, alice, "zoe"));
  caller->target = "sips:zoe@sallyport.test";
  caller->to = "<sips:zoe@sallyport.test>";
  caller->send("INVITE", Sdp{}.text());
  EXPECT_EQ(caller->final(), 480);
  EXPECT_EQ(*caller->last->header("Warning"), "380 sallyport.test \"SIPS Not Allowed\"");
}

TEST_F(ToTrunks, ACallThatMustBeSipsSaysSo) {
  BorderConfig config;
  config.devices += "sips = \"require\"\n";
  begin(config);
  dial("zoe");
  EXPECT_EQ(caller->final(), 480);
  EXPECT_EQ(*caller->last->header("Warning"), "381 sallyport.test \"SIPS Required\"");
}

}  // namespace
}  // namespace sallyport::call::test
