// SPDX-License-Identifier: Apache-2.0
#include "app/registrations_report.h"

#include <gmock/gmock.h>

namespace sallyport::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr WallTime kNow{1'800'000'000s};

call::BindingPtr bindingOf(std::string user_agent) {
  call::Binding binding;
  binding.aor = "alice@example.org";
  binding.contact.uri = "sip:alice@10.0.0.1;transport=tls";
  binding.flow = sip::FlowId{1};
  binding.worker = 2;
  binding.peer = "device";
  binding.identity = "alice@example.org";
  binding.proof = "certificate and digest";
  binding.user_agent = std::move(user_agent);
  binding.source = *Endpoint::parse("10.0.0.1:40000");
  binding.expires = kNow + 600s;
  return std::make_shared<const call::Binding>(binding);
}

TEST(RegistrationsReport, SaysWhoIsBoundWhereAndByWhatProof) {
  const auto table = *registrationsTable(registrationsJson({bindingOf("Desk 1.0")}, kNow));
  EXPECT_THAT(table, HasSubstr("ADDRESS"));
  EXPECT_THAT(table, HasSubstr("alice@example.org (certificate and digest)  alive  2"));
  EXPECT_THAT(table, HasSubstr("600 s"));
  EXPECT_THAT(table, HasSubstr("Desk 1.0"));
  EXPECT_THAT(table, HasSubstr("10.0.0.1:40000/tls"));
}

TEST(RegistrationsReport, ABindingWithoutConnectionIsShownAsSuch) {
  auto lost = *bindingOf("Desk");
  lost.flow.reset();
  lost.upstream = {1, kNow, kNow + 30s};
  const auto text = registrationsJson({std::make_shared<const call::Binding>(lost)}, kNow);
  EXPECT_THAT(text, HasSubstr("\"flow\":false"));
  EXPECT_THAT(text, HasSubstr("\"upstream_expires_in_seconds\":30"));
  EXPECT_THAT(*registrationsTable(text), HasSubstr("none  -"));
}

TEST(RegistrationsReport, APhoneCannotSteerTheTerminal) {
  const auto table = *registrationsTable(registrationsJson({bindingOf("\x1b[2J\xff")}, kNow));
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
}

TEST(RegistrationsReport, NobodyIsSaid) {
  EXPECT_EQ(*registrationsTable(registrationsJson({}, kNow)), "nobody is registered\n");
}

TEST(RegistrationsReport, MoreThanOneAnswerHoldsAreCounted) {
  const std::vector<call::BindingPtr> many(kMostRegistrations + 5, bindingOf("x"));
  const auto text = registrationsJson(many, kNow);
  EXPECT_THAT(text, HasSubstr("\"total\":10005"));
  EXPECT_THAT(*registrationsTable(text), HasSubstr("and 5 more"));
}

TEST(RegistrationsReport, RefusesWhatIsNoAnswer) {
  for (const char* text : {"", "[]", "{}", R"({"registrations":1,"total":1})", R"({"registrations":[]})"}) {
    EXPECT_STREQ(registrationsTable(text).error().code, "control.reply") << text;
  }
}

}  // namespace
}  // namespace sallyport::app
