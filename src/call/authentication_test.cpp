// SPDX-License-Identifier: Apache-2.0
// What a connection without a certificate must show before anything is done for it.
#include "call/authentication.h"

#include <gmock/gmock.h>

#include "call/call_test_script.h"
#include "core/secret_text.h"
#include "identity/digest_client.h"

namespace sallyport::call::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

Secret secretOf(std::string_view text) {
  return Secret{Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}};
}

identity::AuthenticationPolicy passwordPolicy() {
  identity::CredentialRequest request;
  request.identity = "alice@sallyport.test";
  request.realm = "sallyport.test";
  const auto lines = *identity::credentialLines(request, secretOf("open sesame"));
  identity::AuthenticationPolicy policy;
  policy.any_of = {{identity::Proof::digest}};
  policy.digest.realm = policy.digest.domain = "sallyport.test";
  policy.credentials =
      std::make_shared<const identity::CredentialStore>(*identity::CredentialStore::parse(textOf(lines), Secret{32}));
  return policy;
}

class Authentication : public ::testing::Test {
 protected:
  Authentication() {
    auto rules = std::make_shared<AuthenticationRules>(*certificateRules());
    auto& door = rules->listeners["door"];
    door.strangers = passwordPolicy();
    door.of.emplace(kDevices, passwordPolicy());
    auto judges = border.judges();
    judges.authentication = std::move(rules);
    border.server.adopt(border.policy, std::move(judges));
  }

  std::string invite(const std::string& authorization = {}) {
    ++cseq;
    const std::string body = Sdp{}.text();
    return "INVITE sip:bob@sallyport.test SIP/2.0\r\nVia: SIP/2.0/TLS 10.9.8.7;branch=z9hG4bKs" + std::to_string(cseq) +
           "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@sallyport.test>;tag=a\r\nTo: <sip:bob@sallyport.test>\r\nCall-ID: "
           "stranger\r\nCSeq: " +
           std::to_string(cseq) + " INVITE\r\nContact: <sip:alice@10.9.8.7;transport=tls>\r\n" + authorization +
           "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  std::optional<sip::Message> final() {
    return border.flows.take(flow, [](const sip::Message& m) { return m.isFinal(); });
  }
  // The request again, with an answer to its challenge.
  void answer(const sip::Message& challenge, std::string_view user, std::string_view password) {
    identity::DigestClient client{{std::string{user}, "sallyport.test", secretOf(password)}};
    identity::DigestAttempts attempts;
    const auto header = client.answer(challenge, attempts, "INVITE", "sip:bob@sallyport.test");
    ASSERT_TRUE(header) << describe(header.error());
    border.receive(flow, invite("Authorization: " + header->value + "\r\n"));
  }
  std::string lastReason() const {
    const auto refusals = border.log.events("sip.request.refused");
    return refusals.empty() ? "" : refusals.back().fields.find("reason")->second;
  }

  Border border;
  sip::FlowId flow = border.flows.openStranger("door", "203.0.113.9:40000");
  unsigned cseq = 0;
};

TEST_F(Authentication, AStrangerIsAskedAndNothingElseHappens) {
  border.receive(flow, invite());
  const auto challenge = final();
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->status(), 401);
  EXPECT_THAT(std::string{challenge->bytes()}, HasSubstr("WWW-Authenticate: Digest"));
  EXPECT_FALSE(border.flows.of("core"));
  EXPECT_FALSE(border.flows.facts(flow)->principal);
  EXPECT_EQ(border.permits(), 0u);
  EXPECT_THAT(border.records.begun, SizeIs(0));
}

TEST_F(Authentication, APasswordMakesThePrincipalOfTheConnectionAndTheCallGoesOn) {
  border.receive(flow, invite());
  answer(*final(), "alice", "open sesame");
  ASSERT_TRUE(border.flows.facts(flow)->principal);
  EXPECT_EQ(border.flows.facts(flow)->identity(), "alice@sallyport.test");
  EXPECT_TRUE(border.flows.facts(flow)->principal->provenBy(identity::Proof::digest));
  ASSERT_TRUE(border.flows.of("core"));
  ASSERT_THAT(border.records.begun, SizeIs(1));
  EXPECT_EQ(border.server.snapshot().front().legs[0].proven_by, "digest");
}

TEST_F(Authentication, TheAnswerToTheRequestThatProvedItProvesTheEdgeToo) {
  const std::string head = " sip:bob@sallyport.test SIP/2.0\r\nVia: SIP/2.0/TLS 10.9.8.7;branch=z9hG4bKo";
  const auto options = [&](int number, const std::string& authorization) {
    border.receive(flow, "OPTIONS" + head + std::to_string(number) +
                             "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@sallyport.test>;tag=a\r\n"
                             "To: <sip:bob@sallyport.test>\r\nCall-ID: o\r\nCSeq: " +
                             std::to_string(number) + " OPTIONS\r\n" + authorization + "Content-Length: 0\r\n\r\n");
    return *final();
  };
  identity::DigestClient client{{"alice", "sallyport.test", secretOf("open sesame")}};
  identity::DigestAttempts attempts;
  const auto header = client.answer(options(1, {}), attempts, "OPTIONS", "sip:bob@sallyport.test");
  ASSERT_TRUE(header);
  const auto proven = options(2, "Authorization: " + header->value + "\r\n");
  ASSERT_EQ(proven.status(), 200);
  ASSERT_TRUE(proven.has(sip::HeaderId::authenticationInfo));
  EXPECT_TRUE(client.accept(*proven.header(sip::HeaderId::authenticationInfo)));
  EXPECT_FALSE(options(3, {}).has(sip::HeaderId::authenticationInfo));
}

TEST_F(Authentication, AWrongPasswordAndAnUnknownUserGetTheSameAnswer) {
  border.receive(flow, invite());
  answer(*final(), "alice", "guess");
  const auto wrong = final();
  answer(*wrong, "nobody", "guess");
  const auto unknown = final();
  ASSERT_TRUE(wrong && unknown);
  EXPECT_EQ(wrong->status(), 401);
  EXPECT_EQ(unknown->status(), 401);
  EXPECT_EQ(wrong->bytes().size(), unknown->bytes().size());
  EXPECT_FALSE(border.flows.facts(flow)->principal);
}

TEST_F(Authentication, WhoGuessesTooOftenIsNoLongerListenedTo) {
  border.receive(flow, invite());
  const auto challenge = final();
  std::optional<sip::Message> last;
  for (int i = 0; i < 10; ++i) {
    answer(*challenge, "alice", "guess " + std::to_string(i));
    last = final();
    ASSERT_TRUE(last);
    EXPECT_EQ(last->status(), 401);
    EXPECT_EQ(lastReason(), "identity.proof.wrong");
  }
  answer(*challenge, "alice", "open sesame");  // right, but nobody looks at it now
  last = final();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->status(), 480);
  EXPECT_TRUE(last->has(sip::HeaderId::retryAfter));
  EXPECT_EQ(lastReason(), "guard.auth.identity");
  EXPECT_FALSE(border.flows.facts(flow)->principal);
}

// However a name is written, and whatever stands before it, it is one name that is being guessed at.
TEST_F(Authentication, WhoGuessesAtANameUnderOthersIsNoLongerListenedToEither) {
  border.receive(flow, invite());
  const auto challenge = final();
  const auto guess = [&](const std::string& user) {
    identity::DigestClient client{{user, "sallyport.test", secretOf("guess")}};
    identity::DigestAttempts attempts;
    return client.answer(*challenge, attempts, "INVITE", "sip:bob@sallyport.test")->value;
  };
  auto elsewhere = guess("nobody");
  elsewhere.replace(elsewhere.find("realm=\"sallyport.test\""), 22, "realm=\"elsewhere.test\"");
  for (int i = 0; i < 10; ++i) {
    const auto user = i % 2 == 0 ? "alice" : "alice@SALLYPORT.test";
    border.receive(flow, invite("Authorization: " + elsewhere + "\r\nAuthorization: " + guess(user) + "\r\n"));
    ASSERT_EQ(final()->status(), 401);
    EXPECT_EQ(lastReason(), "identity.proof.wrong");
  }
  border.receive(flow, invite("Authorization: " + elsewhere + "\r\nAuthorization: " + guess("alice") + "\r\n"));
  EXPECT_EQ(final()->status(), 480);
  EXPECT_EQ(lastReason(), "guard.auth.identity");
}

TEST_F(Authentication, WhereACertificateIsDemandedNobodyIsAskedForAPassword) {
  const auto other = border.flows.openStranger("public", "203.0.113.9:40001");
  border.receive(other, invite());
  const auto refused = border.flows.take(other, [](const sip::Message& m) { return m.isFinal(); });
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status(), 403);
  EXPECT_FALSE(refused->has(sip::HeaderId::wwwAuthenticate));
}

}  // namespace
}  // namespace sallyport::call::test
