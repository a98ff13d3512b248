// SPDX-License-Identifier: Apache-2.0
// Peers that ask who we are: answered for the realm configured for them, on the leg to them (RFC 3261 22.2, RFC 7616).
#include <gmock/gmock.h>

#include "call/call_test_script.h"

namespace sallyport::call::test {
namespace {

using ::testing::HasSubstr;

std::string challenge(const std::string& header, const std::string& nonce, const std::string& realm = "inner",
                      const std::string& extra = {}) {
  return header + ": Digest realm=\"" + realm + "\", nonce=\"" + nonce + "\", qop=\"auth\", algorithm=SHA-256" + extra +
         "\r\n";
}
std::string www(const std::string& nonce, const std::string& realm = "inner", const std::string& extra = {}) {
  return challenge("WWW-Authenticate", nonce, realm, extra);
}

// Whether the request proves that we know the password, for that nonce.
bool proves(const sip::Message& request, std::string_view nonce, sip::HeaderId header = sip::HeaderId::authorization) {
  const auto answer = identity::DigestAnswer::parse(request.header(header).value_or(""));
  if (!answer || answer->nonce != nonce || answer->uri != request.requestUri()) return false;
  const auto ha1 = identity::Ha1::of(identity::DigestAlgorithm::sha256, kUsername, kRealm, passwordAtCore());
  return answer->response == identity::digestResponse(ha1, {answer->nonce, answer->nonce_count, answer->cnonce,
                                                            request.methodName(), answer->uri});
}

class Challenged : public CallServerTest {
 protected:
  // The INVITE that follows the challenge.
  bool challengedAgain(int status, const std::string& headers) {
    call.callee.respond(*call.invite, status, {}, headers);
    EXPECT_TRUE(call.callee.request(sip::Method::ack));
    return call.arrived();
  }
  void refuseAll(const std::string& reason) {
    const auto refused = border.log.events("trunk.challenge_refused");
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused.front().fields.at("reason"), reason);
    EXPECT_EQ(refused.front().fields.at("peer"), "core");
  }
};

TEST_F(Challenged, AnInviteIsRepeatedWithTheProof) {
  ASSERT_TRUE(call.dial());
  const auto first_id = std::string{call.invite->callId()};
  const auto first_cseq = call.invite->cseq();
  const auto first_branch = std::string{call.invite->topmostVia().branch()};
  EXPECT_FALSE(call.invite->has(sip::HeaderId::authorization));
  ASSERT_TRUE(challengedAgain(401, www("n1")));
  EXPECT_EQ(call.invite->callId(), first_id);
  EXPECT_EQ(call.invite->cseq(), first_cseq + 1);
  EXPECT_NE(call.invite->topmostVia().branch(), first_branch);
  EXPECT_TRUE(call.invite->toTag().empty());
  EXPECT_TRUE(proves(*call.invite, "n1"));
  EXPECT_TRUE(call.caller.silent());
  call.callee.respond(*call.invite, 200, call.answerBody());
  EXPECT_EQ(call.caller.final(), 200);
  const auto ack = call.callee.request(sip::Method::ack);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->header(sip::HeaderId::authorization), call.invite->header(sip::HeaderId::authorization));
  call.caller.ack();
  hangUp();
}

TEST_F(Challenged, AProxyIsAnsweredInItsOwnHeader) {
  ASSERT_TRUE(call.dial());
  ASSERT_TRUE(challengedAgain(407, challenge("Proxy-Authenticate", "n1")));
  EXPECT_TRUE(proves(*call.invite, "n1", sip::HeaderId::proxyAuthorization));
  EXPECT_FALSE(call.invite->has(sip::HeaderId::authorization));
  ASSERT_TRUE(call.answer());
  hangUp();
}

TEST_F(Challenged, WhatTheCallerSendsAsProofStaysOnItsLeg) {
  ASSERT_TRUE(call.dial(Sdp{}.text(),
                        "Proxy-Authorization: Digest username=\"x\", realm=\"inner\", nonce=\"n\", "
                        "uri=\"sip:x\", response=\"00000000000000000000000000000000\"\r\n"));
  EXPECT_FALSE(call.invite->has(sip::HeaderId::proxyAuthorization));
  call.callee.respond(*call.invite, 407, {}, challenge("Proxy-Authenticate", "n", "elsewhere"));
  EXPECT_EQ(call.caller.final(), 502);
  EXPECT_FALSE(call.caller.last->has(sip::HeaderId::proxyAuthenticate));
}

TEST_F(Challenged, AnotherRealmIsNotAnswered) {
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, 401, {}, www("n1", "bank.example"));
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  EXPECT_FALSE(call.callee.request(sip::Method::invite));
  EXPECT_EQ(call.caller.final(), 502);
  expectEnded("identity.digest.realm_foreign", "edge");
  refuseAll("identity.digest.realm_foreign");
  EXPECT_EQ(border.places.heard.back(), "core: fine");  // it is there
}

TEST_F(Challenged, AProofThatIsNotTakenIsNotRepeated) {
  ASSERT_TRUE(call.dial());
  ASSERT_TRUE(challengedAgain(401, www("n1")));
  call.callee.respond(*call.invite, 401, {}, www("n2"));
  EXPECT_FALSE(call.callee.request(sip::Method::invite));
  EXPECT_EQ(call.caller.final(), 502);
  expectEnded("identity.digest.rejected", "edge");
  refuseAll("identity.digest.rejected");
}

TEST_F(Challenged, AStaleNonceIsFollowedByTheFreshOneOnce) {
  ASSERT_TRUE(call.dial());
  ASSERT_TRUE(challengedAgain(401, www("n1")));
  ASSERT_TRUE(challengedAgain(401, www("n2", "inner", ", stale=true")));
  EXPECT_TRUE(proves(*call.invite, "n2"));
  call.callee.respond(*call.invite, 401, {}, www("n3", "inner", ", stale=true"));
  EXPECT_FALSE(call.callee.request(sip::Method::invite));
  EXPECT_EQ(call.caller.final(), 502);
}

TEST_F(Challenged, APeerWithoutAnAccountOfOursIsNotAnswered) {
  const auto carrier = border.flows.open("carrier");
  call.caller.target = "sip:+4930123@sallyport.test";
  call.caller.to = "<" + call.caller.target + ">";
  call.caller.send("INVITE", Sdp{}.text());
  auto invite = border.flows.take(carrier, [](const auto& m) { return m.method() == sip::Method::invite; });
  ASSERT_TRUE(invite);
  calleeOf(border, carrier, *invite).respond(*invite, 401, {}, www("n1"));
  EXPECT_EQ(call.caller.final(), 502);
  expectEnded("call.challenge.no_credentials", "edge");
}

TEST_F(Challenged, AnotherTargetIsTriedWhenTheProofIsNotTaken) {
  const auto* const kNext = "10.20.30.50:5061";
  border.places.groups = [&](const Target& target) {
    auto next = target;
    next.address = *Endpoint::parse(kNext);
    next.label = "next";
    return std::vector<TargetGroup>{{target}, {next}};
  };
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, 401, {}, www("n1", "bank.example"));
  const auto flow = border.flows.of("core", *Endpoint::parse(kNext));
  ASSERT_TRUE(flow);
  auto invite = border.flows.take(*flow, [](const auto& m) { return m.method() == sip::Method::invite; });
  ASSERT_TRUE(invite);
  calleeOf(border, *flow, *invite).respond(*invite, 486);
  EXPECT_EQ(call.caller.final(), 486);
}

TEST_F(Challenged, AChallengeThatCrossesTheCancelIsNotAnswered) {
  ASSERT_TRUE(call.dial());
  call.caller.cancel();
  EXPECT_EQ(call.caller.final(), 487);
  call.callee.respond(*call.invite, 401, {}, www("n1"));
  EXPECT_FALSE(call.callee.request(sip::Method::invite));
}

TEST_F(Challenged, InsideTheDialogProofComesUnasked) {
  ASSERT_TRUE(call.dial());
  ASSERT_TRUE(challengedAgain(401, www("n1")));
  ASSERT_TRUE(call.answer());
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  EXPECT_TRUE(proves(*bye, "n1"));
  EXPECT_THAT(std::string{*bye->header(sip::HeaderId::authorization)}, HasSubstr("nc=00000002"));
  call.callee.respond(*bye, 200);
}

TEST_F(Challenged, AByeIsRepeatedWithTheProof) {
  ASSERT_TRUE(call.establish());
  call.caller.send("BYE");
  EXPECT_EQ(call.caller.final(sip::Method::bye), 200);
  auto bye = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(bye);
  call.callee.respond(*bye, 401, {}, www("n1"));
  auto again = call.callee.request(sip::Method::bye);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->cseq(), bye->cseq() + 1);
  EXPECT_TRUE(proves(*again, "n1"));
  call.callee.respond(*again, 401, {}, www("n2"));
  EXPECT_FALSE(call.callee.request(sip::Method::bye));
  refuseAll("identity.digest.rejected");
}

TEST_F(Challenged, AReinviteIsRepeatedWithItsOfferAndTheProof) {
  ASSERT_TRUE(call.establish());
  call.caller.send("INVITE", Sdp{.direction = "sendonly", .version = 2}.text());
  auto offer = call.callee.request(sip::Method::invite);
  ASSERT_TRUE(offer);
  call.callee.respond(*offer, 407, {}, challenge("Proxy-Authenticate", "n1"));
  EXPECT_TRUE(call.callee.request(sip::Method::ack));
  auto again = call.callee.request(sip::Method::invite);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->cseq(), offer->cseq() + 1);
  EXPECT_EQ(again->body(), offer->body());
  EXPECT_TRUE(proves(*again, "n1", sip::HeaderId::proxyAuthorization));
  auto answer = answering(again->body());
  answer.direction = "recvonly";
  answer.version = 2;
  call.callee.respond(*again, 200, answer.text());
  const auto ack = call.callee.request(sip::Method::ack);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->header(sip::HeaderId::proxyAuthorization), again->header(sip::HeaderId::proxyAuthorization));
  EXPECT_EQ(call.caller.final(), 200);
  call.caller.ack();
  hangUp();
}

TEST_F(Challenged, AReinviteThatCanNotBeProvenLeavesTheSessionAsItWas) {
  ASSERT_TRUE(call.establish());
  call.caller.send("INVITE", Sdp{.direction = "sendonly", .version = 2}.text());
  auto offer = call.callee.request(sip::Method::invite);
  ASSERT_TRUE(offer);
  call.callee.respond(*offer, 401, {}, www("n1", "bank.example"));
  EXPECT_EQ(call.caller.final(), 502);
  call.caller.ack();
  EXPECT_EQ(border.server.liveCalls(), 1u);
  hangUp();
}

TEST_F(Challenged, APrackIsRepeatedWithTheProof) {
  ASSERT_TRUE(call.dial());
  call.callee.respond(*call.invite, 180, {}, "Require: 100rel\r\nRSeq: 7\r\n");
  auto prack = call.callee.request(sip::Method::prack);
  ASSERT_TRUE(prack);
  call.callee.respond(*prack, 401, {}, www("n1"));
  auto again = call.callee.request(sip::Method::prack);
  ASSERT_TRUE(again);
  EXPECT_TRUE(proves(*again, "n1"));
  EXPECT_EQ(again->header(sip::HeaderId::rack), prack->header(sip::HeaderId::rack));
  call.callee.respond(*again, 200);
  ASSERT_TRUE(call.answer());
  hangUp();
}

}  // namespace
}  // namespace sallyport::call::test
