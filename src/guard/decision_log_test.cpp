// SPDX-License-Identifier: Apache-2.0
#include "guard/decision_log.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::guard {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::hours{1}};

RequestFacts factsOf(std::string_view call_id, const char* source = "192.0.2.1") {
  return {.peer = "carrier",
          .identity = "sip:alice@example.test",
          .source = *IpAddress::parse(source),
          .method = "INVITE",
          .scope = RequestScope::initial,
          .request_host = "sbc.example.test",
          .call_id = call_id};
}

Verdict foreign() {
  return Verdict::refuse(ErrorKind::peerDenied, "guard.domain.foreign", "'evil.test' is none of ours");
}

TEST(DecisionLog, AnswersByCallIdentityPeerAndAddress) {
  DecisionLog log{16};
  log.refused(factsOf("one"), "domain", foreign(), kStart);
  log.admitted(factsOf("two"), kStart + 1s);
  for (const auto* subject : {"sip:alice@example.test", "carrier", "192.0.2.1"}) {
    const auto found = log.about(subject);
    ASSERT_EQ(found.size(), 2u) << subject;
    EXPECT_EQ(found[0].call_id, "two");
    EXPECT_EQ(found[1].call_id, "one");
  }
  const auto one = log.about("one");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].rule, "domain");
  EXPECT_EQ(one[0].code, "guard.domain.foreign");
  EXPECT_EQ(one[0].facts, "'evil.test' is none of ours");
  EXPECT_EQ(one[0].action, Action::refuse);
  EXPECT_EQ(one[0].when, kStart);
  EXPECT_FALSE(one[0].shadow);
  EXPECT_TRUE(log.about("three").empty());
  EXPECT_TRUE(log.about("").empty());
}

TEST(DecisionLog, FindsAnAddressInAnySpelling) {
  DecisionLog log{16};
  log.admitted(factsOf("one", "2001:db8::1"), kStart);
  EXPECT_EQ(log.about("2001:0db8:0::1").size(), 1u);
}

TEST(DecisionLog, MarksWhatOnlyWatched) {
  DecisionLog log{16};
  log.wouldRefuse(factsOf("one"), "domain", foreign(), kStart);
  EXPECT_TRUE(log.about("one").at(0).shadow);
}

TEST(DecisionLog, ForgetsTheOldestFirst) {
  DecisionLog log{4};
  for (int i = 0; i < 10; ++i) log.admitted(factsOf("call" + std::to_string(i)), kStart + i * 1s);
  EXPECT_TRUE(log.about("call5").empty());
  EXPECT_EQ(log.about("call6").size(), 1u);
  EXPECT_EQ(log.latest().size(), 4u);
  EXPECT_EQ(log.latest(2).size(), 2u);
  EXPECT_EQ(log.latest(2)[0].call_id, "call9");
}

TEST(DecisionLog, AFloodOfRefusalsWashesOutNeitherAdmissionsNorOthersRefusals) {
  DecisionLog log{64};
  log.admitted(factsOf("good"), kStart);
  log.refused(factsOf("other", "198.51.100.7"), "domain", foreign(), kStart);
  for (int i = 0; i < 10'000; ++i) {
    log.refused(factsOf("flood" + std::to_string(i)), "source_call_rate", foreign(), kStart);
  }
  EXPECT_EQ(log.about("good").size(), 1u);
  EXPECT_EQ(log.about("other").size(), 1u);
  std::uint64_t counted = 0;
  for (const auto& decision : log.latest()) {
    if (decision.rule == "source_call_rate") counted += 1 + decision.repeats;
  }
  EXPECT_EQ(counted, 10'000u);
}

TEST(DecisionLog, TellsLongCallIdsApartThatDifferOnlyAtTheEnd) {
  DecisionLog log{16};
  const std::string stem(1'000, 'x');
  log.admitted(factsOf(stem + "1"), kStart);
  log.admitted(factsOf(stem + "2"), kStart);
  EXPECT_EQ(log.about(stem + "1").size(), 1u);
  EXPECT_TRUE(log.about(stem).empty());
}

}  // namespace
}  // namespace sallyport::guard
