// SPDX-License-Identifier: Apache-2.0
// Each refusal of a request outside a dialog: what the peer is told, and the reason the operator sees.
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Refusals : public CallServerTest {
 protected:
  // The reason of the latest refusal.
  std::string reason() const {
    for (const char* code : {"sip.request.refused", "call.media_refused"}) {
      const auto events = border.log.events(code);
      if (!events.empty()) return events.back().fields.at("reason");
    }
    return {};
  }
};

struct BadOffer {
  const char* what;
  std::string sdp;
  const char* code;
};
void PrintTo(const BadOffer& offer, std::ostream* out) { *out << offer.what; }

class OfferRefused : public Refusals, public ::testing::WithParamInterface<BadOffer> {};
TEST_P(OfferRefused, With488AndItsReason) {
  EXPECT_FALSE(call.dial(GetParam().sdp));
  EXPECT_EQ(call.caller.final(), 488);
  EXPECT_EQ(reason(), GetParam().code);
  expectEnded(GetParam().code, "caller");
  EXPECT_THAT(std::string{call.caller.last->bytes()}, Not(HasSubstr("sdp.")));  // the reason is the operator's
}
const std::string kWholeKey = keyText("AEAD_AES_256_GCM", 7);
INSTANTIATE_TEST_SUITE_P(
    Offers, OfferRefused,
    ::testing::Values(
        BadOffer{"plain RTP", Sdp{.profile = "RTP/AVP", .suite = ""}.text(), "sdp.plain_rtp"},
        BadOffer{"no key", Sdp{.suite = ""}.text(), "sdp.crypto.none"},
        BadOffer{"DTLS", Sdp{.profile = "UDP/TLS/RTP/SAVP", .suite = ""}.text(), "sdp.keying.dtls"},
        BadOffer{"a NULL suite",
                 Sdp{.suite = "", .extra = "a=crypto:1 NULL_HMAC_SHA1_80 inline:" + kWholeKey + "\r\n"}.text(),
                 "sdp.crypto.none"},
        BadOffer{"no encryption",
                 Sdp{.suite = "", .extra = "a=crypto:1 AEAD_AES_256_GCM inline:" + kWholeKey + " UNENCRYPTED_SRTP\r\n"}
                     .text(),
                 "sdp.crypto.unencrypted"},
        BadOffer{"no common codec", Sdp{.formats = {{18, "G729/8000"}}}.text(), "sdp.codec.none"},
        BadOffer{"a multicast address", Sdp{.host = "224.0.0.5"}.text(), "sdp.connection.multicast"}));

class StrictDevices : public Refusals {
 protected:
  StrictDevices() : strict(BorderConfig{.devices = "tier = \"strict\"\n"}) {}
  Border strict;
};
TEST_F(StrictDevices, ASuiteBelowTheTierIsRefused) {
  ScriptedCall weak{strict};
  EXPECT_FALSE(weak.dial(Sdp{.suite = "AES_CM_128_HMAC_SHA1_80"}.text()));
  EXPECT_EQ(weak.caller.final(), 488);
  strict.pass(40s);
  EXPECT_EQ(strict.leftovers(), "");
}

TEST_F(Refusals, TextThatIsNoDescriptionIsRefused) {
  EXPECT_FALSE(call.dial("hello"));
  EXPECT_EQ(call.caller.final(), 488);
}

TEST_F(Refusals, AForeignDomainIsRefused) {
  call.caller.target = "sip:bob@elsewhere.example";
  EXPECT_FALSE(call.dial());
  EXPECT_EQ(call.caller.final(), 403);
  EXPECT_EQ(reason(), "guard.domain.foreign");
}

TEST_F(Refusals, ANumberNobodyAnswersForIsNotFound) {
  call.caller.target = "sip:nobody@sallyport.test";
  EXPECT_FALSE(call.dial());
  EXPECT_EQ(call.caller.final(), 404);
  EXPECT_EQ(reason(), "call.route.none");
  EXPECT_EQ(border.permits(), 0u);
}

TEST_F(Refusals, ARequestUriWithoutAUserIsRefused) {
  call.caller.target = "sip:sallyport.test";
  EXPECT_FALSE(call.dial());
  EXPECT_EQ(call.caller.final(), 400);
  EXPECT_EQ(reason(), "call.request_uri.user");
}

struct Method {
  const char* name;
  int status;
};
class MethodRefused : public Refusals, public ::testing::WithParamInterface<Method> {};
TEST_P(MethodRefused, WithWhatIsAllowed) {
  const auto& [name, status] = GetParam();
  call.caller.send(name, {}, "RAck: 1 1 INVITE\r\nEvent: presence\r\nRefer-To: <sip:x@y>\r\n");
  const auto answer = border.flows.take(call.caller.flow, [](const auto& m) { return m.isFinal(); });
  ASSERT_TRUE(answer) << name;
  EXPECT_EQ(answer->status(), status) << name;
  if (status == 405) {
    EXPECT_TRUE(answer->listContains(sip::HeaderId::allow, "INVITE"));
  }
}
INSTANTIATE_TEST_SUITE_P(Methods, MethodRefused,
                         ::testing::Values(Method{"MESSAGE", 405}, Method{"SUBSCRIBE", 405}, Method{"REFER", 405},
                                           Method{"PUBLISH", 405}, Method{"NOTIFY", 405}, Method{"REGISTER", 405},
                                           Method{"INFO", 405}, Method{"BYE", 405}, Method{"UPDATE", 405},
                                           Method{"FROBNICATE", 501}));

TEST_F(Refusals, ARequestIntoADialogWeNeverHadIs481) {
  call.caller.to = "<sip:bob@sallyport.test>;tag=0-never";
  for (const char* method : {"BYE", "INVITE", "UPDATE", "INFO"}) call.caller.send(method);
  EXPECT_EQ(call.caller.final(sip::Method::bye), 481);
  EXPECT_EQ(call.caller.final(sip::Method::invite), 481);
  EXPECT_EQ(call.caller.final(sip::Method::update), 481);
  EXPECT_EQ(call.caller.final(sip::Method::info), 481);
  EXPECT_EQ(reason(), "call.dialog.unknown");
}

TEST_F(Refusals, AnUnsupportedRequiredExtensionIsNamed) {
  EXPECT_FALSE(call.dial(Sdp{}.text(), "Require: teleportation\r\n"));
  EXPECT_EQ(call.caller.final(), 420);
  EXPECT_EQ(call.caller.last->header(sip::HeaderId::unsupported), "teleportation");
}

TEST_F(Refusals, AnInviteWithoutContactIsRefused) {
  call.caller.contact = "";
  EXPECT_FALSE(call.dial());
  EXPECT_EQ(call.caller.final(), 400);
}

TEST_F(Refusals, ABrokenRecordRouteIsRefusedBeforeAnybodyIsCalled) {
  EXPECT_FALSE(call.dial(Sdp{}.text(), "Record-Route: <mailto:a@b>\r\n"));
  EXPECT_EQ(call.caller.final(), 400);
  expectEnded("sip.dialog.record_route", "caller");
}

class Limited : public ::testing::Test {};
TEST_F(Limited, TheIdentityRateAnswersAndSaysWhichRule) {
  Border border{{.guard = "identity_call_rate = { mode = \"enforce\", calls_per_second = 0.1, burst = 2 }\n"}};
  const auto flow = border.flows.open("alice");
  std::vector<int> statuses;
  for (int i = 0; i < 4; ++i) {
    auto caller = callerOn(border, flow, "nobody");
    caller.send("INVITE", Sdp{}.text());
    statuses.push_back(caller.final());
  }
  EXPECT_EQ(statuses, (std::vector{404, 404, 480, 480}));
  const auto why = border.decisions.about("alice@sallyport.test");
  EXPECT_EQ(std::count_if(why.begin(), why.end(), [](const auto& d) { return d.rule == "identity_call_rate"; }), 2);
}

TEST_F(Limited, ConcurrentCallsAreCountedAndGivenBack) {
  Border border{{.guard = "identity_concurrency = { mode = \"enforce\", max_concurrent = 1 }\n"}};
  ScriptedCall first{border}, second{border};
  ASSERT_TRUE(first.establish());
  EXPECT_FALSE(second.dial());
  EXPECT_EQ(second.caller.final(), 480);
  first.caller.send("BYE");
  auto bye = first.callee.request(sip::Method::bye);
  first.callee.respond(*bye, 200);
  ScriptedCall third{border};
  EXPECT_TRUE(third.establish());
  border.server.endAll({"test", "", "edge", 0});
  EXPECT_EQ(border.permits(), 0u);
}

TEST_F(Limited, AMethodTheRulesDoNotNameIsRefusedInsideADialogToo) {
  Border border{{.guard = "methods = [\"INVITE\", \"ACK\", \"BYE\", \"CANCEL\"]\n"}};
  ScriptedCall call{border};
  ASSERT_TRUE(call.establish());
  call.caller.send("UPDATE");
  EXPECT_EQ(call.caller.final(sip::Method::update), 405);
  EXPECT_EQ(border.log.events("sip.request.refused").back().fields.at("reason"), "guard.method.denied");
  EXPECT_EQ(border.server.liveCalls(), 1u);
}

BorderConfig allowing(std::vector<std::string> methods) {
  BorderConfig config;
  config.methods = std::move(methods);
  return config;
}

TEST(GuardedMethods, ACancelThatIsRefusedCancelsNothing) {
  Border border{allowing({"INVITE", "ACK", "BYE"})};
  ScriptedCall call{border};
  ASSERT_TRUE(call.dial() && call.ring());
  call.caller.cancel();
  EXPECT_EQ(call.caller.final(sip::Method::cancel), 405);
  EXPECT_EQ(border.log.events("sip.request.refused").back().fields.at("reason"), "guard.method.denied");
  EXPECT_TRUE(call.answer());
}

TEST(GuardedMethods, AnAckThatIsRefusedIsNotHeard) {
  Border border{allowing({"INVITE", "BYE", "CANCEL"})};
  ScriptedCall call{border};
  ASSERT_TRUE(call.dial() && call.ring() && call.answer());
  border.pass(33s);
  ASSERT_EQ(border.records.kept.size(), 1u);
  EXPECT_EQ(border.records.kept.front().end.code, "sip.ack_never_came");
}

}  // namespace
}  // namespace sallyport::call::test
