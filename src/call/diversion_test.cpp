// SPDX-License-Identifier: Apache-2.0
#include "call/diversion.h"

#include <gmock/gmock.h>

namespace sallyport::call {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

sip::Message inviteWith(const std::string& headers) {
  auto message = sip::Message::parse(
      "INVITE sip:bob@sallyport.test SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.9;branch=z9hG4bK1\r\n"
      "From: <sip:alice@sallyport.test>;tag=1\r\nTo: <sip:bob@sallyport.test>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
      "Max-Forwards: 70\r\n" +
      headers + "Content-Length: 0\r\n\r\n");
  SP_CHECK(message.ok());
  return *std::move(message);
}

const DiversionStyle kStyle{"edge.test", "bob"};

std::vector<std::string> asDiversion(const std::string& headers) {
  return call::asDiversion(diversionsOf(inviteWith(headers)), kStyle);
}
std::vector<std::string> asHistory(const std::string& headers) {
  return asHistoryInfo(diversionsOf(inviteWith(headers)), kStyle);
}

constexpr const char* kTwice =
    "Diversion: <sip:dave@10.0.0.2>;reason=no-answer;counter=1, "
    "<sip:+49301@10.0.0.1;user=phone>;reason=unconditional\r\n";
constexpr const char* kTwiceInHistory =
    "History-Info: <sip:+49301@10.0.0.1>;index=1, <sip:dave@10.0.0.2;cause=302>;index=1.1;mp=1\r\n"
    "History-Info: <sip:bob@10.0.0.3;cause=408>;index=1.1.1;mp=1.1\r\n";

TEST(Diversion, ComesOutNewestFirstWithoutTheFarHosts) {
  EXPECT_THAT(asDiversion(kTwice), ElementsAre("<sip:dave@edge.test>;reason=no-answer;counter=1;privacy=off",
                                               "<sip:+49301@edge.test>;reason=unconditional;counter=1;privacy=off"));
}

TEST(Diversion, BecomesHistory) {
  EXPECT_THAT(asHistory(kTwice),
              ElementsAre("<sip:+49301@edge.test>;index=1", "<sip:dave@edge.test;cause=302>;index=1.1;mp=1",
                          "<sip:bob@edge.test;cause=408>;index=1.1.1;mp=1.1"));
}

TEST(History, BecomesDiversion) {
  EXPECT_EQ(asDiversion(kTwiceInHistory), asDiversion(kTwice));
  EXPECT_EQ(asHistory(kTwiceInHistory), asHistory(kTwice));
}

TEST(History, OnlyEntriesThatSomebodyDivertedCount) {
  EXPECT_THAT(asDiversion("History-Info: <sip:carol@a.test>;index=1, <sip:carol@10.0.0.9>;index=1.1;rc=1\r\n"),
              IsEmpty());
  EXPECT_THAT(
      asDiversion("History-Info: <sip:carol@a.test?Reason=SIP%3Bcause%3D486>;index=1, <sip:bob@b.test>;index=2\r\n"),
      ElementsAre("<sip:carol@edge.test>;reason=user-busy;counter=1;privacy=off"));
  EXPECT_THAT(asHistory(""), IsEmpty());
}

TEST(Diversion, WhatIsPrivateIsAnonymousToWhoeverIsNotTrusted) {
  const auto* anonymous = "<sip:anonymous@anonymous.invalid>;reason=user-busy;counter=1;privacy=full";
  const auto* full = "Diversion: <sip:dave@a.test>;reason=user-busy;privacy=full\r\n";
  EXPECT_THAT(asDiversion(full), ElementsAre(anonymous));
  EXPECT_THAT(asDiversion("Privacy: history\r\nDiversion: <sip:dave@a.test>;reason=user-busy\r\n"),
              ElementsAre(anonymous));
  EXPECT_THAT(
      asDiversion("History-Info: <sip:dave@a.test?Privacy=history>;index=1, <sip:x@y.test;cause=486>;index=1.1\r\n"),
      ElementsAre(anonymous));
  EXPECT_THAT(asHistory(full), ElementsAre("<sip:anonymous@anonymous.invalid?Privacy=history>;index=1",
                                           "<sip:bob@edge.test;cause=486>;index=1.1;mp=1"));
  const DiversionStyle trusted{"edge.test", "bob", History::disclosed};
  EXPECT_THAT(call::asDiversion(diversionsOf(inviteWith(full)), trusted),
              ElementsAre("<sip:dave@edge.test>;reason=user-busy;counter=1;privacy=full"));
}

TEST(Diversion, ATelephoneNumberIsKeptAsAUser) {
  EXPECT_THAT(asDiversion("Diversion: <tel:+49-30-1;ext=2>;reason=away\r\n"),
              ElementsAre("<sip:+49-30-1@edge.test>;reason=unknown;counter=1;privacy=off"));
}

TEST(Diversion, WhatCanNotBeReadIsLeftOut) {
  EXPECT_THAT(asDiversion("Diversion: <sip:dave@a.test, \"x\r\nDiversion: <:::>;reason=\"\r\n"), IsEmpty());
  EXPECT_THAT(asDiversion("Diversion: <sip:" + std::string(200, 'd') + "@a.test>;counter=0;reason=x\r\n"),
              ElementsAre("<sip:anonymous@anonymous.invalid>;reason=unknown;counter=1;privacy=full"));
}

TEST(Diversion, KeepsTheFirstAndTheNewestOfMany) {
  std::string many;
  for (int i = 20; i > 0; --i) many += "Diversion: <sip:u" + std::to_string(i) + "@a.test>;reason=away\r\n";
  const auto kept = diversionsOf(inviteWith(many));
  ASSERT_EQ(kept.size(), kMostDiversions);
  EXPECT_EQ(kept.front().user, "u1");
  EXPECT_EQ(kept[1].user, "u14");
  EXPECT_EQ(kept.back().user, "u20");
}

TEST(Diversion, IsCountedForWhoeverBoundsIt) {
  EXPECT_EQ(timesDiverted(inviteWith("")), 0u);
  EXPECT_EQ(timesDiverted(inviteWith("Diversion: <sip:a@b.test>;counter=3, <sip:c@d.test>;counter=900\r\n")), 4u);
  EXPECT_EQ(timesDiverted(inviteWith(kTwiceInHistory)), 2u);
}

}  // namespace
}  // namespace sallyport::call
