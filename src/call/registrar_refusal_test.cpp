// SPDX-License-Identifier: Apache-2.0
// Every reason for which a REGISTER is refused, and that a refused one changes nothing.
#include "call/registrar_test_support.h"

namespace sallyport::call::test {
namespace {

using testing::SizeIs;

struct Refusal {
  const char* name;
  RegisterText text;
  int status;
  const char* code;
};

const std::string kInstance = "+sip.instance=\"<urn:uuid:1>\"";
const std::string kOutbound = "Supported: outbound\r\n";

class RegistrarRefuses : public RegistrarTest, public testing::WithParamInterface<Refusal> {};

TEST_P(RegistrarRefuses, WithItsReasonAndNothingIsBound) {
  const auto answer = say(GetParam().text);
  EXPECT_EQ(answer.status, GetParam().status);
  EXPECT_EQ(reasonOf(answer), GetParam().code);
  EXPECT_EQ(table_.aors(), 0u);
  EXPECT_TRUE(journal_.aors.empty());
}

const Refusal kRefusals[] = {
    {"AnotherUser", {.user = "bob"}, 403, "registrar.aor.foreign"},
    {"ADomainThatIsNotOurs", {.user = "alice@elsewhere.test"}, 403, "registrar.aor.foreign"},
    {"AnotherDomainOfOurs", {.user = "alice@other.test"}, 403, "registrar.aor.foreign"},
    {"AnotherCaseOfTheUser", {.user = "Alice"}, 403, "registrar.aor.foreign"},
    {"ADomainAsTheAddress", {.user = "x", .headers = ""}, 403, "registrar.aor.foreign"},
    {"AnotherSender", {.from = "<sip:bob@sallyport.test>"}, 403, "registrar.from.foreign"},
    {"PathFromAPhone",
     {.headers = "Supported: path\r\nPath: <sip:p.test;lr>\r\nContact: <sip:a@h>\r\n"},
     420,
     "registrar.path.denied"},
    {"AnUnknownExtension",
     {.headers = "Require: outbound, flying, path, x\r\nContact: <sip:a@h>\r\n"},
     420,
     "registrar.require.unsupported"},
    {"AContactThatIsNoSipAddress", {.headers = "Contact: <tel:+4930123>\r\n"}, 400, "registrar.contact.scheme"},
    {"ABrokenContact", {.headers = "Contact: <sip:alice@>\r\n"}, 400, "registrar.contact.scheme"},
    {"ALongContact",
     {.headers = "Contact: <sip:" + std::string(600, 'a') + "@h>\r\n"},
     400,
     "registrar.contact.too_long"},
    {"OneContactTwice", {.headers = "Contact: <sip:a@h>, <sip:a@H>\r\n"}, 400, "registrar.contact.repeated"},
    {"AContactComingAndGoing",
     {.headers = "Contact: <sip:a@h>;expires=0, <sip:a@H>\r\n"},
     400,
     "registrar.contact.repeated"},
    {"AStarBesideAContact", {.headers = "Contact: *, <sip:a@h>\r\nExpires: 0\r\n"}, 400, "registrar.contact.wildcard"},
    {"AStarThatStays", {.headers = "Contact: *\r\nExpires: 60\r\n"}, 400, "registrar.contact.wildcard"},
    {"AStarWithoutExpires", {.headers = "Contact: *\r\n"}, 400, "registrar.contact.wildcard"},
    {"AQuotientAboveOne", {.headers = "Contact: <sip:a@h>;q=1.1\r\n"}, 400, "registrar.contact.q"},
    {"ALongQuotient", {.headers = "Contact: <sip:a@h>;q=0.1234\r\n"}, 400, "registrar.contact.q"},
    {"AQuotientOfNothing", {.headers = "Contact: <sip:a@h>;q=\"\"\r\n"}, 400, "registrar.contact.q"},
    {"AnInstanceThatIsNoUrn",
     {.headers = "Contact: <sip:a@h>;+sip.instance=\"phone\"\r\n"},
     400,
     "registrar.contact.instance"},
    {"AnInstanceThatWouldEndItsQuotes",
     {.headers = "Contact: <sip:a@h>;+sip.instance=\"<urn:\\\"x>\"\r\n"},
     400,
     "registrar.contact.instance"},
    {"ALongInstance",
     {.headers = "Contact: <sip:a@h>;+sip.instance=\"<" + std::string(300, 'x') + ">\"\r\n"},
     400,
     "registrar.contact.instance"},
    {"ARegIdOfZero",
     {.headers = kOutbound + "Contact: <sip:a@h>;reg-id=0;" + kInstance + "\r\n"},
     400,
     "registrar.contact.reg_id"},
    {"AHugeRegId",
     {.headers = kOutbound + "Contact: <sip:a@h>;reg-id=2147483648;" + kInstance + "\r\n"},
     400,
     "registrar.contact.reg_id"},
    {"AContactBesideAFlow",
     {.headers = kOutbound + "Contact: <sip:a@h>;reg-id=1;" + kInstance + ", <sip:b@h>\r\n"},
     400,
     "registrar.outbound.multiple"},
    {"ABriefExpiry", {.headers = "Contact: <sip:a@h>;expires=59\r\n"}, 423, "registrar.expires.brief"},
    {"MoreContactsThanOneMayHave",
     {.headers = "Contact: <sip:a@h>, <sip:b@h>, <sip:c@h>, <sip:d@h>\r\n"},
     403,
     "registrar.contacts.full"},
};

INSTANTIATE_TEST_SUITE_P(Phones, RegistrarRefuses, testing::ValuesIn(kRefusals),
                         [](const auto& refusal) { return std::string{refusal.param.name}; });

TEST_F(RegistrarTest, RefusalsNameWhatIsLacking) {
  const auto flying = say({.headers = "Require: outbound, flying, path, x\r\n"});
  EXPECT_EQ(valueOf(flying, "Unsupported"), "flying, x");
  EXPECT_EQ(valueOf(say({.headers = "Path: <sip:p.test;lr>\r\n"}), "Unsupported"), "path");
  EXPECT_EQ(valueOf(say({.headers = "Contact: <sip:a@h>;expires=1\r\n"}), "Min-Expires"), "60");
}

TEST_F(RegistrarTest, WhoIsNotThereAndWhoseItIsNotLookTheSame) {
  const auto bytesFor = [&](const char* user) {
    const RegisterText text{.user = user};
    const auto wire = render(say(text), text.parse(), "t");
    return wire.substr(0, wire.find("Via:")) + wire.substr(wire.find("Call-ID:"));
  };
  sayAs(proven("mallory"), {.user = "mallory"});
  EXPECT_EQ(bytesFor("mallory"), bytesFor("nobody"));
  EXPECT_EQ(bytesFor("mallory"), bytesFor("alice@elsewhere.test"));
}

TEST_F(RegistrarTest, AnOldCSeqOfTheSameCallIdIsRefusedAndChangesNothing) {
  say({.cseq = 5});
  for (const unsigned cseq : {5u, 4u}) {
    const auto answer = say({.cseq = cseq,
                             .headers = "Contact: <sip:new@h>\r\nContact: "
                                        "<sip:alice@10.9.8.7:5061;transport=tls>;expires=0\r\n"});
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(reasonOf(answer), "registrar.cseq.old");
  }
  EXPECT_EQ(reasonOf(say({.cseq = 5, .headers = "Contact: *\r\nExpires: 0\r\n"})), "registrar.cseq.old");
  EXPECT_THAT(bound(), SizeIs(1));
}

TEST_F(RegistrarTest, ATableThatIsFullSaysWhenToComeAgain) {
  table_.adopt({.contacts = 3, .aors = 0});
  const auto answer = say({});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(reasonOf(answer), "registrar.table.full");
  EXPECT_EQ(valueOf(answer, "Retry-After"), "30");
}

// --- peers ---

TEST_F(RegistrarTest, APeerWithoutPathRegistersNobody) {
  const RegisterText text{.user = "bob",
                          .headers = "Supported: path\r\nPath: <sip:p.test;lr>\r\nContact: <sip:b@h>\r\n"};
  EXPECT_EQ(reasonOf(sayAs(proven("carrier"), text)), "registrar.aor.foreign");
  EXPECT_EQ(sayAs(proven("carrier"), text).status, 403);
}

TEST_F(RegistrarTest, APeerThatIsNoIntermediaryRegistersNobody) {
  EXPECT_EQ(reasonOf(sayAs(proven("core"), {.user = "bob"})), "registrar.aor.foreign");
}

TEST_F(RegistrarTest, APathThatThePhoneDoesNotKnowOfIsRefused) {
  const auto answer =
      sayAs(proven("core"), {.user = "bob", .headers = "Path: <sip:p.test;lr>\r\nContact: <sip:b@h>\r\n"});
  EXPECT_EQ(answer.status, 421);
  EXPECT_EQ(reasonOf(answer), "registrar.path.unsupported");
  EXPECT_EQ(valueOf(answer, "Require"), "path");
}

TEST_F(RegistrarTest, APathThatLeadsNowhereIsRefused) {
  const auto with = [](const std::string& path) {
    return RegisterText{.user = "bob", .headers = "Supported: path\r\nPath: " + path + "\r\nContact: <sip:b@h>\r\n"};
  };
  EXPECT_EQ(reasonOf(sayAs(proven("core"), with("<sip:strict.test>"))), "registrar.path.invalid");
  EXPECT_EQ(reasonOf(sayAs(proven("core"), with("<tel:+49>"))), "registrar.path.invalid");
  std::string many = "<sip:p.test;lr>";
  for (int i = 0; i < 10; ++i) many += ",<sip:" + std::string(250, 'p') + "@p.test;lr>";
  EXPECT_EQ(reasonOf(sayAs(proven("core"), with(many))), "registrar.path.too_long");
}

TEST_F(RegistrarTest, AFirstHopThatKeepsNoFlowsCannotServeOutbound) {
  const auto answer = sayAs(proven("core"), {.user = "bob",
                                             .headers = "Supported: path, outbound\r\nPath: <sip:p.test;lr>\r\n"
                                                        "Contact: <sip:b@h>;reg-id=1;" +
                                                        kInstance + "\r\n"});
  EXPECT_EQ(answer.status, 439);
  EXPECT_EQ(reasonOf(answer), "registrar.outbound.first_hop");
}

}  // namespace
}  // namespace sallyport::call::test
