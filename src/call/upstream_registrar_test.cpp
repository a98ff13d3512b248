// SPDX-License-Identifier: Apache-2.0
// What the core is told of registrations, and what of its answers a phone gets to know.
#include "call/upstream_registrar.h"

#include "call/registrar_test_support.h"
#include "call/requester_test_support.h"

namespace sallyport::call::test {
namespace {

using sip::HeaderId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class UpstreamTest : public RegistrarTest {
 protected:
  enum class Path { none, kept };

  UpstreamTest() { useCore(Path::none); }

  void useCore(Path path) {
    auto config = std::make_shared<config::Config>();
    config->edge.domains = {"sallyport.test"};
    config->registrar.upstream = "core";
    config->peers.resize(1);
    config->peers[0].name = "core";
    config->peers[0].path = path == Path::kept;
    auto policy = std::make_shared<EdgePolicy>();
    policy->config = config;
    policy->peers.resize(1);
    policy->peers[0].name = "core";
    policy_ = policy;
    core_ = std::make_unique<UpstreamRegistrar>(UpstreamRegistrar::Parts{requester_, clock_}, policy_);
    upstream_ = core_.get();
    registrar_.reset();
  }

  // A REGISTER whose answer waits in answers_.
  void send(const RegisterText& text, sip::FlowId flow = kFlow) {
    const auto message = text.parse();
    const auto who = proven("alice");
    registrar().handle({message, who, flow, *Endpoint::parse("10.9.8.7:40000"), Transport::tls},
                       [&](RegisterAnswer answer) { answers_.push_back(std::move(answer)); });
  }
  FakeRequester::Asked asked() {
    auto next = requester_.take(sip::Method::registration);
    SP_CHECK(next.has_value());
    return *std::move(next);
  }
  void grant(const std::string& headers = {}) {
    auto next = asked();
    requester_.answer(next, 200, headers);
  }
  void registered() {
    send({});
    grant();
    ASSERT_THAT(answers_, SizeIs(1));
    ASSERT_EQ(answers_[0].status, 200);
    answers_.clear();
  }
  std::string contactOf(const sip::Message& request) { return std::string{*request.header(HeaderId::contact)}; }

  FakeRequester requester_;
  EdgePolicyPtr policy_;
  std::unique_ptr<UpstreamRegistrar> core_;
  std::vector<RegisterAnswer> answers_;
};

TEST_F(UpstreamTest, ThePhoneIsAnsweredWhenTheCoreHas) {
  send({});
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_THAT(bound(), IsEmpty());
  auto register_there = asked();
  const auto& request = register_there.request;
  EXPECT_EQ(register_there.peer, "core");
  EXPECT_EQ(request.requestUri(), "sip:sallyport.test");
  EXPECT_EQ(request.to().uri, "sip:alice@sallyport.test");
  EXPECT_EQ(request.from().uri, "sip:alice@sallyport.test");
  EXPECT_FALSE(request.has(HeaderId::path));
  requester_.answer(register_there, 200);
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_EQ(answers_[0].status, 200);
  ASSERT_THAT(bound(), SizeIs(1));
  const auto& token = bound()[0]->token;
  EXPECT_EQ(contactOf(request), "<sip:" + token + "@edge.sallyport.test:5061;transport=tls>;expires=3600");
  EXPECT_EQ(request.callId(), token);
  EXPECT_EQ(bound()[0]->upstream.expires, clock_.wall() + 3'600s);
}

TEST_F(UpstreamTest, NothingOfThePhoneCrossesButItsAddress) {
  send({.headers = "Contact: <sip:alice@10.9.8.7>;+sip.instance=\"<urn:secret>\"\r\nUser-Agent: Desk\r\n"
                   "Authorization: Digest username=\"alice\"\r\n"});
  const auto bytes = std::string{asked().request.bytes()};
  for (const char* secret : {"10.9.8.7", "urn:secret", "Desk", "Digest", "phone.test"}) {
    EXPECT_THAT(bytes, Not(HasSubstr(secret)));
  }
}

TEST_F(UpstreamTest, ACoreThatKeepsPathsIsGivenOurs) {
  useCore(Path::kept);
  send({});
  const auto request = asked().request;
  EXPECT_EQ(request.header(HeaderId::path), "<sip:edge.sallyport.test:5061;transport=tls;lr>");
  EXPECT_TRUE(request.listContains(HeaderId::supported, "path"));
}

TEST_F(UpstreamTest, ThePhoneGetsWhatTheCoreGranted) {
  send({});
  auto register_there = asked();
  const auto contact = std::string{register_there.request.nameAddrs(HeaderId::contact)->front().uri};
  requester_.answer(register_there, 200,
                    "Contact: <sip:other@elsewhere.test>;expires=9\r\nContact: <" + contact + ">;expires=900\r\n");
  EXPECT_THAT(valueOf(answers_.at(0), "Contact"), HasSubstr("expires=900"));
}

TEST_F(UpstreamTest, ACoreThatGrantsLongerDoesNotBindThePhoneForLonger) {
  send({.headers = "Contact: <sip:a@h>;expires=100\r\n"});
  grant("Expires: 3600\r\n");
  EXPECT_THAT(valueOf(answers_.at(0), "Contact"), HasSubstr("expires=100"));
  EXPECT_EQ(bound()[0]->upstream.expires, clock_.wall() + 3'600s);
}

TEST_F(UpstreamTest, AnEarlyRefreshIsAnsweredWithWhatIsLeft) {
  registered();
  clock_.advance(1'799s);
  send({.cseq = 2}, kOtherFlow);
  EXPECT_THAT(requester_.waiting, IsEmpty());
  EXPECT_THAT(valueOf(answers_.at(0), "Contact"), HasSubstr("expires=1801"));
  EXPECT_EQ(bound()[0]->flow, kOtherFlow);
  clock_.advance(1s);
  send({.cseq = 3});
  const auto first = bound()[0]->upstream.cseq;
  auto register_there = asked();
  EXPECT_GT(register_there.request.cseq(), first);
  EXPECT_EQ(register_there.request.callId(), bound()[0]->token);
  requester_.answer(register_there, 200);
  EXPECT_THAT(valueOf(answers_.at(1), "Contact"), HasSubstr("expires=3600"));
}

TEST_F(UpstreamTest, AStormAfterARestartAsksTheCoreNothing) {
  registered();
  std::vector<Binding> stored;
  for (const auto& binding : table_.snapshot(clock_.wall())) stored.push_back(*binding);
  Registrations again{{}};
  again.restore(stored, clock_.wall());
  Registrar after{{3, again, journal_, clock_, upstream_}, settings_};
  const auto message = RegisterText{.call_id = "after-the-restart"}.parse();
  const auto who = proven("alice");
  after.handle({message, who, sip::FlowId{99}, *Endpoint::parse("10.9.8.7:40000"), Transport::tls},
               [&](RegisterAnswer answer) { answers_.push_back(std::move(answer)); });
  EXPECT_THAT(answers_, SizeIs(1));
  EXPECT_THAT(requester_.waiting, IsEmpty());
  EXPECT_EQ(again.byAor(kAlice, clock_.wall())[0]->token, stored[0].token);
}

TEST_F(UpstreamTest, AnotherPreferenceIsToldAtOnce) {
  registered();
  send({.cseq = 2, .headers = "Contact: <sip:alice@10.9.8.7:5061;transport=tls>;q=0.3\r\n"});
  EXPECT_THAT(contactOf(asked().request), HasSubstr(";q=0.300"));
}

TEST_F(UpstreamTest, SeveralContactsAreOneRequest) {
  send({.headers = "Contact: <sip:a@h>;expires=120, <sip:b@h>\r\n"});
  auto register_there = asked();
  EXPECT_THAT(register_there.request.list(HeaderId::contact),
              ElementsAre(HasSubstr("expires=120"), HasSubstr("expires=3600")));
  EXPECT_THAT(requester_.waiting, IsEmpty());
}

TEST_F(UpstreamTest, WhatThePhoneRemovesIsRemovedThere) {
  registered();
  const auto token = bound()[0]->token;
  send({.cseq = 2, .headers = "Contact: *\r\nExpires: 0\r\n"});
  auto register_there = asked();
  EXPECT_THAT(contactOf(register_there.request),
              HasSubstr(token + "@edge.sallyport.test:5061;transport=tls>;expires=0"));
  requester_.answer(register_there, 200);
  EXPECT_EQ(answers_.at(0).status, 200);
  EXPECT_THAT(bound(), IsEmpty());
}

TEST_F(UpstreamTest, APhoneMayLeaveWhateverTheCoreSays) {
  for (const int status : {403, 500, 401}) {
    clock_.advance(1s);
    send({.call_id = "c" + std::to_string(status)});
    grant();
    send({.call_id = "c" + std::to_string(status), .cseq = 2, .headers = "Contact: *\r\nExpires: 0\r\n"});
    auto register_there = asked();
    requester_.answer(register_there, status);
    EXPECT_EQ(answers_.back().status, 200) << status;
    EXPECT_THAT(bound(), IsEmpty());
  }
}

TEST_F(UpstreamTest, WhatExpiresHereBeforeItDoesThereIsWithdrawn) {
  send({.headers = "Contact: <sip:a@h>;expires=100\r\n"});
  grant("Expires: 3600\r\n");
  const auto token = bound()[0]->token;
  clock_.advance(100s);
  registrar().expire();
  auto register_there = asked();
  EXPECT_THAT(contactOf(register_there.request), HasSubstr(token));
  EXPECT_THAT(contactOf(register_there.request), HasSubstr("expires=0"));
  requester_.fail(register_there);
  EXPECT_EQ(table_.aors(), 0u);
}

TEST_F(UpstreamTest, ABindingWhoseConnectionClosedMeanwhileHasNone) {
  send({});
  registrar().flowClosed(kFlow);
  grant();
  EXPECT_EQ(answers_.at(0).status, 200);
  ASSERT_THAT(bound(), SizeIs(1));
  EXPECT_FALSE(bound()[0]->flow);
}

TEST_F(UpstreamTest, TheCoresLeastExpiryIsAskedForOnce) {
  send({.headers = "Contact: <sip:a@h>;expires=60\r\n"});
  auto brief = asked();
  requester_.answer(brief, 423, "Min-Expires: 600\r\n");
  auto again = asked();
  EXPECT_THAT(contactOf(again.request), HasSubstr("expires=600"));
  EXPECT_GT(again.request.cseq(), brief.request.cseq());
  requester_.answer(again, 200);
  EXPECT_THAT(valueOf(answers_.at(0), "Contact"), HasSubstr("expires=60"));
}

// --- what the core does not grant ---

struct Answered {
  int core;
  const char* headers;
  int phone;
  const char* code;
};
class UpstreamRefuses : public UpstreamTest, public testing::WithParamInterface<Answered> {};

TEST_P(UpstreamRefuses, ANewBinding) {
  send({});
  for (auto next = requester_.take(sip::Method::registration); next;
       next = requester_.take(sip::Method::registration)) {
    requester_.answer(*next, GetParam().core, GetParam().headers);
  }
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_EQ(answers_[0].status, GetParam().phone);
  EXPECT_EQ(reasonOf(answers_[0]), GetParam().code);
  EXPECT_THAT(valuesOf(answers_[0], "WWW-Authenticate"), IsEmpty());
  EXPECT_THAT(bound(), IsEmpty());
}

constexpr const char* kChallenge = "WWW-Authenticate: Digest realm=\"core\", nonce=\"n\"\r\n";
INSTANTIATE_TEST_SUITE_P(Answers, UpstreamRefuses,
                         testing::Values(Answered{401, kChallenge, 503, "registrar.upstream.challenged"},
                                         Answered{407, "", 503, "registrar.upstream.challenged"},
                                         Answered{403, "", 403, "registrar.upstream.denied"},
                                         Answered{404, "", 403, "registrar.upstream.denied"},
                                         Answered{423, "", 503, "registrar.upstream.unavailable"},
                                         Answered{423, "Min-Expires: 9000\r\n", 503, "registrar.upstream.unavailable"},
                                         Answered{500, "", 503, "registrar.upstream.unavailable"},
                                         Answered{302, "", 503, "registrar.upstream.unavailable"},
                                         Answered{200, "Contact: <sip:a@x>;expires=5,<sip:b@x>\r\n", 503,
                                                  "registrar.upstream.unavailable"}));

TEST_F(UpstreamTest, ACoreThatCannotBeReachedIsNobodysRegistrar) {
  send({});
  auto register_there = asked();
  requester_.fail(register_there, "call.peer.not_connected");
  EXPECT_EQ(answers_.at(0).status, 503);
  EXPECT_EQ(reasonOf(answers_[0]), "registrar.upstream.unavailable");
  EXPECT_EQ(valueOf(answers_[0], "Retry-After"), "30");
}

TEST_F(UpstreamTest, ACoreThatIsGoneFromTheConfigurationIsUnavailable) {
  auto policy = std::make_shared<EdgePolicy>();
  policy->config = policy_->config;
  core_->adopt(policy);
  send({});
  EXPECT_EQ(reasonOf(answers_.at(0)), "registrar.upstream.unavailable");
  EXPECT_THAT(requester_.waiting, IsEmpty());
}

TEST_F(UpstreamTest, ARefreshOutlastsACoreThatDoesNotAnswer) {
  registered();
  clock_.advance(3'000s);
  send({.cseq = 2}, kOtherFlow);
  auto register_there = asked();
  requester_.fail(register_there);
  EXPECT_EQ(answers_.at(0).status, 200);
  EXPECT_THAT(valueOf(answers_[0], "Contact"), HasSubstr("expires=600"));
  EXPECT_EQ(bound()[0]->flow, kOtherFlow);
  clock_.advance(590s);
  send({.cseq = 3});
  auto too_late = asked();
  requester_.fail(too_late);
  EXPECT_EQ(answers_.at(1).status, 503);
}

TEST_F(UpstreamTest, ARefreshThatTheCoreForbidsIsForbidden) {
  registered();
  clock_.advance(1'800s);
  send({.cseq = 2});
  auto register_there = asked();
  requester_.answer(register_there, 403);
  EXPECT_EQ(answers_.at(0).status, 403);
}

}  // namespace
}  // namespace sallyport::call::test
