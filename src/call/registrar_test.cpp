// SPDX-License-Identifier: Apache-2.0
// What an authenticated phone may bind, and what it is told. Refusals: registrar_refusal_test.cpp.
#include "call/registrar_test_support.h"
#include "crypto/hash.h"

namespace sallyport::call::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr const char* kInstance = "+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"";

TEST_F(RegistrarTest, AContactIsBoundToThePrincipalAndItsFlow) {
  const auto answer = say({.headers = "Contact: <sip:alice@10.9.8.7:5061;transport=tls>;expires=600\r\n"
                                      "User-Agent: Desk 1.0\r\n"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(valueOf(answer, "Contact"), "<sip:alice@10.9.8.7:5061;transport=tls>;expires=600");
  ASSERT_THAT(bound(), SizeIs(1));
  const auto& binding = *bound()[0];
  EXPECT_EQ(binding.identity, kAlice);
  EXPECT_EQ(binding.proof, "certificate");
  EXPECT_EQ(binding.flow, kFlow);
  EXPECT_EQ(binding.worker, 3u);
  EXPECT_EQ(binding.user_agent, "Desk 1.0");
  EXPECT_EQ(binding.source.toString(), "10.9.8.7:40000");
  EXPECT_EQ(binding.expires, clock_.wall() + 600s);
  EXPECT_THAT(binding.token, StartsWith("3-"));
  EXPECT_THAT(journal_.aors, ElementsAre(kAlice));
}

TEST_F(RegistrarTest, TheResponseOnTheWireIsWhole) {
  const RegisterText text;
  const auto message = text.parse();
  const auto parsed = sip::Message::parse(render(say(text), message, "3-tag"));
  ASSERT_TRUE(parsed) << describe(parsed.error());
  EXPECT_EQ(parsed->status(), 200);
  EXPECT_EQ(parsed->toTag(), "3-tag");
  EXPECT_EQ(parsed->header(sip::HeaderId::date), "Fri, 15 Jan 2027 09:00:00 GMT");
  EXPECT_EQ(parsed->header(sip::HeaderId::serviceRoute), "<sip:edge.test:5061;transport=tls;lr>");
  EXPECT_TRUE(parsed->nameAddrs(sip::HeaderId::contact).ok());
}

TEST_F(RegistrarTest, WhoAsksIsToldHowToUseTheTurnServer) {
  settings_.turn =
      std::make_shared<const TurnCredentials>(std::vector<std::string>{"turn:turn.test"}, Secret{bytesOf("north")}, 1h);
  const std::string asks = "Accept: application/vnd.sallyport.ice-servers+json\r\n";
  const RegisterText text{.headers = "Contact: <sip:a@h>\r\n" + asks};
  const auto parsed = sip::Message::parse(render(say(text), text.parse(), "3-tag"));
  ASSERT_TRUE(parsed) << describe(parsed.error());
  EXPECT_EQ(parsed->contentType(), kIceServersType);
  EXPECT_EQ(parsed->body(), settings_.turn->documentFor("alice@sallyport.test", clock_.wall()));
  EXPECT_EQ(say({.cseq = 2}).body, "") << "who does not ask";
  EXPECT_EQ(say({.cseq = 3, .headers = "Contact: *\r\nExpires: 0\r\n" + asks}).body, "") << "who goes";
  EXPECT_EQ(say({.cseq = 4, .headers = "Contact: <sip:a@h>;expires=1\r\n" + asks}).body, "") << "who is refused";
}

TEST_F(RegistrarTest, TheExpiryIsTheContactsThenTheHeadersThenOurs) {
  settings_.default_expires = 1'800s;
  const auto answer = say({.headers = "Contact: <sip:a@h1>;expires=100, <sip:b@h2>\r\nExpires: 200\r\n"});
  EXPECT_THAT(valuesOf(answer, "Contact"), ElementsAre(HasSubstr("expires="), HasSubstr("expires=")));
  EXPECT_EQ(bound()[0]->expires - clock_.wall(), bound()[0]->contact.uri == "sip:a@h1" ? 100s : 200s);
  EXPECT_EQ(valueOf(say({.cseq = 2, .headers = "Contact: <sip:a@h1>\r\nContact: <sip:b@h2>;expires=0\r\n"}), "Contact"),
            "<sip:a@h1>;expires=1800");
}

TEST_F(RegistrarTest, AnExpiryThatIsNoNumberMeansTheDefaultAndALongOneIsCut) {
  EXPECT_THAT(valueOf(say({.headers = "Contact: <sip:a@h>;expires=soon\r\n"}), "Contact"), HasSubstr("expires=3600"));
  EXPECT_THAT(valueOf(say({.cseq = 2, .headers = "Contact: <sip:a@h>;expires=4294967295\r\n"}), "Contact"),
              HasSubstr("expires=7200"));
}

// Time goes on while a request is answered.
class TickingClock final : public Clock {
 public:
  TimePoint steady() const override { return {}; }
  WallTime wall() const override { return now_ += 1us; }

 private:
  mutable WallTime now_{std::chrono::seconds{1'800'000'000}};
};

TEST_F(RegistrarTest, WhatIsGrantedIsSaidWholeThoughTimeGoesOn) {
  const TickingClock clock;
  Registrar ticking{{3, table_, journal_, clock, nullptr}, settings_};
  const auto message = RegisterText{}.parse();
  const auto who = proven("alice");
  std::string contact;
  ticking.handle({message, who, kFlow, *Endpoint::parse("10.9.8.7:40000"), Transport::tls},
                 [&](const RegisterAnswer& answer) { contact = valueOf(answer, "Contact"); });
  EXPECT_THAT(contact, HasSubstr("expires=3600"));
}

// RFC 7118 5: what it calls itself leads nowhere, and it is reached on its flow.
TEST_F(RegistrarTest, ABrowserIsBoundToItsWebSocketAndRoutedThroughIt) {
  const auto message = RegisterText{.headers = "Contact: <sip:x7@df7jal23ls0d.invalid;transport=ws>\r\n"}.parse();
  const auto who = proven("alice");
  RegisterAnswer answer;
  registrar().handle({message, who, kFlow, *Endpoint::parse("10.9.8.7:40000"), Transport::wss},
                     [&](RegisterAnswer given) { answer = std::move(given); });
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(valueOf(answer, "Service-Route"), "<sip:edge.test:8443;transport=ws;lr>");
  const auto bound = table_.byAor(kAlice, clock_.wall());
  ASSERT_THAT(bound, SizeIs(1));
  EXPECT_EQ(bound[0]->transport, Transport::wss);
  EXPECT_EQ(bound[0]->flow, kFlow);
}

TEST_F(RegistrarTest, AQueryChangesNothingAndSaysWhatIsBound) {
  say({});
  const auto answer = say({.call_id = "ask", .headers = ""});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(valuesOf(answer, "Contact"), SizeIs(1));
  EXPECT_THAT(journal_.aors, SizeIs(1));
}

TEST_F(RegistrarTest, EveryContactIsListedThePreferredFirst) {
  say({.headers = "Contact: <sip:low@h>;q=0.25\r\nContact: <sip:high@h>;q=1.0\r\n"});
  EXPECT_THAT(valuesOf(say({.cseq = 2, .headers = ""}), "Contact"),
              ElementsAre("<sip:high@h>;expires=3600", "<sip:low@h>;expires=3600;q=0.250"));
}

TEST_F(RegistrarTest, ARefreshKeepsTheTokenAndTakesTheNewFlow) {
  say({});
  const auto token = bound().at(0)->token;
  clock_.advance(100s);
  say({.cseq = 2}, kOtherFlow);
  ASSERT_THAT(bound(), SizeIs(1));
  EXPECT_EQ(bound()[0]->token, token);
  EXPECT_EQ(bound()[0]->flow, kOtherFlow);
  EXPECT_EQ(bound()[0]->registered, clock_.wall() - 100s);
  registrar().flowClosed(kFlow);
  EXPECT_EQ(bound()[0]->flow, kOtherFlow) << "the old connection is nothing to it any more";
}

TEST_F(RegistrarTest, AnEquivalentContactIsTheSameBinding) {
  say({.headers = "Contact: <sip:%61lice@Phone.test;transport=tls>\r\n"});
  say({.cseq = 2, .headers = "Contact: <sip:alice@phone.TEST;transport=TLS>\r\n"});
  EXPECT_THAT(bound(), SizeIs(1));
}

TEST_F(RegistrarTest, ZeroSecondsRemoveOneContactAndTheStarAllOfThem) {
  say({.headers = "Contact: <sip:a@h>, <sip:b@h>, <sip:c@h>\r\n"});
  say({.cseq = 2, .headers = "Contact: <sip:a@h>;expires=0\r\n"});
  EXPECT_THAT(bound(), SizeIs(2));
  const auto answer = say({.cseq = 3, .headers = "Contact: *\r\nExpires: 0\r\n"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(valuesOf(answer, "Contact"), IsEmpty());
  EXPECT_THAT(bound(), IsEmpty());
  EXPECT_EQ(table_.aors(), 0u);
}

TEST_F(RegistrarTest, ANewCallIdBeginsItsOwnCount) {
  say({.cseq = 900});
  EXPECT_EQ(say({.call_id = "after-a-reboot", .cseq = 1}).status, 200);
  EXPECT_THAT(bound(), SizeIs(1));
}

TEST_F(RegistrarTest, OutboundReplacesTheFlowOfTheSameInstanceAndRegId) {
  const auto with = [](const char* host) {
    return std::string{"Supported: outbound\r\nContact: <sip:alice@"} + host + ">;reg-id=1;" + kInstance + "\r\n";
  };
  say({.headers = with("10.0.0.1:40001")});
  const auto answer = say({.cseq = 2, .headers = with("10.0.0.2:40002")}, kOtherFlow);
  EXPECT_EQ(valueOf(answer, "Require"), "outbound");
  EXPECT_EQ(valueOf(answer, "Flow-Timer"), "120");
  ASSERT_THAT(bound(), SizeIs(1));
  EXPECT_EQ(bound()[0]->contact.uri, "sip:alice@10.0.0.2:40002");
  EXPECT_THAT(valueOf(answer, "Contact"), HasSubstr(std::string{kInstance} + ";reg-id=1"));
}

TEST_F(RegistrarTest, TwoRegIdsAreTwoFlowsOfOnePhone) {
  for (unsigned i = 1; i <= 2; ++i) {
    say({.cseq = i,
         .headers =
             "Supported: outbound\r\nContact: <sip:alice@h>;reg-id=" + std::to_string(i) + ";" + kInstance + "\r\n"},
        sip::FlowId{i});
  }
  EXPECT_THAT(bound(), SizeIs(2));
}

TEST_F(RegistrarTest, ARegIdWithoutInstanceOrSupportIsIgnored) {
  const auto alone = say({.headers = "Supported: outbound\r\nContact: <sip:a@h>;reg-id=1\r\n"});
  EXPECT_EQ(valueOf(alone, "Require"), "");
  say({.cseq = 2, .headers = std::string{"Contact: <sip:b@h>;reg-id=1;"} + kInstance + "\r\n"});
  for (const auto& binding : bound()) EXPECT_EQ(binding->contact.reg_id, 0u);
}

TEST_F(RegistrarTest, GruusAreGivenToWhoAsksForThem) {
  const auto headers = std::string{"Contact: <sip:alice@h>;"} + kInstance + "\r\n";
  EXPECT_THAT(valueOf(say({.headers = headers}), "Contact"), Not(HasSubstr("gruu")));
  const auto contact = valueOf(say({.cseq = 2, .headers = "Supported: gruu\r\n" + headers}), "Contact");
  EXPECT_THAT(contact, HasSubstr("pub-gruu=\"sip:alice@sallyport.test;gr=urn:uuid:f81d4fae-7dec-11d0-a765-"
                                 "00a0c91e6bf6\""));
  EXPECT_THAT(contact, HasSubstr("temp-gruu=\"sip:" + bound()[0]->token + "@sallyport.test;gr\""));
  ASSERT_NE(table_.byToken(bound()[0]->token, clock_.wall()), nullptr);
}

TEST_F(RegistrarTest, APeerWithPathRegistersThoseBehindIt) {
  const auto answer =
      sayAs(proven("core"), {.user = "bob",
                             .headers = "Supported: path\r\nPath: <sip:p1.test;lr>,<sip:p2.test;lr;ob>\r\n"
                                        "Contact: <sip:bob@10.1.1.1>\r\n"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(valueOf(answer, "Path"), "<sip:p1.test;lr>, <sip:p2.test;lr;ob>");
  const auto bobs = table_.byAor("bob@sallyport.test", clock_.wall());
  ASSERT_THAT(bobs, SizeIs(1));
  EXPECT_EQ(bobs[0]->path, "<sip:p1.test;lr>, <sip:p2.test;lr;ob>");
  EXPECT_EQ(bobs[0]->identity, "dns:core.inner.test");
}

TEST_F(RegistrarTest, ABindingWithoutItsConnectionStaysListedAndCannotBeReached) {
  say({});
  EXPECT_THAT(*table_.reachable(kAlice, clock_.wall()), SizeIs(1));
  registrar().flowClosed(kFlow);
  EXPECT_THAT(bound(), SizeIs(1));
  EXPECT_STREQ(table_.reachable(kAlice, clock_.wall()).error().code, "registrar.no_flow");
  clock_.advance(3'600s);
  EXPECT_STREQ(table_.reachable(kAlice, clock_.wall()).error().code, "registrar.no_binding");
  registrar().expire();
  EXPECT_THAT(journal_.aors, ElementsAre(kAlice, kAlice));
  EXPECT_EQ(table_.aors(), 0u);
}

TEST_F(RegistrarTest, SettingsAreTheConfigurations) {
  config::Config config;
  config.edge.domains = {"sallyport.test"};
  config.registrar.min_expires = 90s;
  config.peers.resize(2);
  config.peers[0].name = "outer";
  config.peers[0].path = true;
  config.peers[1].name = "carrier";
  const auto settings = registrarSettings(config, SentBy{"edge.test:5061"}, nullptr);
  EXPECT_EQ(settings.min_expires, 90s);
  ASSERT_TRUE(settings.sent_by);
  EXPECT_EQ(settings.sent_by->on(Transport::tls), "edge.test:5061");
  EXPECT_EQ(settings.flow_timer, 120s);
  EXPECT_THAT(settings.path_peers, ElementsAre("outer"));
}

}  // namespace
}  // namespace sallyport::call::test
