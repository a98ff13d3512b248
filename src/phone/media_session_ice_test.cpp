// SPDX-License-Identifier: Apache-2.0
// Calls whose way is found by ICE (RFC 8445), and kept only while the other end consents (RFC 7675).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/ice/ice_test_support.h"
#include "phone/media_session_test_support.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;
using media::ice::Role;
using sdp::IceUse;
using sdp::Keying;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TwoSessions;

struct ByIce : TwoSessions {
  explicit ByIce(Keying keying = Keying::dtls) : TwoSessions({keying}, {keying}, IceUse::require, IceUse::require) {}
};

std::string withoutLines(const std::string& text, std::initializer_list<std::string_view> starts) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\r\n", at) + 2;
    const auto line = std::string_view{text}.substr(at, end - at);
    const bool dropped = std::any_of(starts.begin(), starts.end(), [&](auto start) { return line.starts_with(start); });
    if (!dropped) kept += line;
    at = end;
  }
  return kept;
}

void expectVoiceBothWays(TwoSessions& two) {
  const auto before_a = two.a->figures().packets_received, before_b = two.b->figures().packets_received;
  two.pass(1s);
  EXPECT_GT(two.a->figures().packets_received, before_a + 45);
  EXPECT_GT(two.b->figures().packets_received, before_b + 45);
}

class FoundByIce : public ::testing::TestWithParam<Keying> {};
TEST_P(FoundByIce, VoiceGoesWhereThePeerHasProvenToBe) {
  ByIce two{GetParam()};
  EXPECT_THAT(two.a_end.agreement->offer(), Not(HasSubstr("a=ice-lite")));
  two.agree();
  EXPECT_EQ(two.a->figures().packets_sent, 0U) << "nothing has been proven yet";
  two.pass(1s);
  const auto caller = two.a->figures().ice, callee = two.b->figures().ice;
  ASSERT_TRUE(caller && callee);
  EXPECT_EQ(caller->role, Role::controlling);
  EXPECT_EQ(callee->role, Role::controlled);
  EXPECT_EQ(caller->remote, two.b->rtp());
  EXPECT_EQ(callee->remote, two.a->rtp());
  expectVoiceBothWays(two);
}
INSTANTIATE_TEST_SUITE_P(Keyings, FoundByIce, ::testing::Values(Keying::sdes, Keying::dtls));

TEST(MediaByIce, ThePeerIsFoundWhereItsChecksComeFromThoughItsDescriptionSaysElsewhere) {
  ByIce two;
  auto offer = two.a_end.agreement->offer();
  offer = withoutLines(offer, {"a=candidate:"});
  const auto answer = two.b_end.agreement->answer(offer);
  ASSERT_TRUE(answer) << describe(answer.error());
  ASSERT_TRUE(two.b->apply(answer->plan));
  ASSERT_TRUE(two.a->apply(*two.a_end.agreement->accept(answer->sdp)));
  two.pass(1s);
  EXPECT_EQ(two.b->figures().ice->remote, two.a->rtp());
  expectVoiceBothWays(two);
}

TEST(MediaByIce, ALitePeerIsControlledWhoeverHasOffered) {
  ByIce two;
  auto offer = two.a_end.agreement->offer();
  offer.insert(offer.find("m=audio"), "a=ice-lite\r\n");
  const auto answer = two.b_end.agreement->answer(offer);
  ASSERT_TRUE(answer) << describe(answer.error());
  ASSERT_TRUE(two.b->apply(answer->plan));
  ASSERT_TRUE(two.a->apply(*two.a_end.agreement->accept(answer->sdp)));
  two.pass(2s);
  EXPECT_EQ(two.b->figures().ice->role, Role::controlling);
}

TEST(MediaByIce, AnotherOfferKeepsTheWay) {
  ByIce two;
  two.agree();
  two.pass(1s);
  two.agree(*two.b_end.agreement, *two.a_end.agreement);
  expectVoiceBothWays(two);
}

TEST(MediaByIce, OtherCredentialsOfThePeerAreARestart) {
  ByIce two;
  two.agree();
  two.pass(1s);
  auto fresh = two.a_end.agree();
  const auto offer = fresh.offer();  // the same fragment: nothing new
  const auto same = two.b_end.agreement->answer(offer);
  ASSERT_TRUE(same);
  auto other = two.a->iceDescription()->credentials.ufrag;
  auto restarting = offer;
  restarting.replace(restarting.find(other), other.size(), "others");
  const auto answer = two.b_end.agreement->answer(restarting);
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_THAT(answer->sdp, Not(HasSubstr("a=ice-ufrag:" + same->plan->ice->ours.ufrag + "\r\n")));
  EXPECT_EQ(answer->plan->ice->theirs.credentials.ufrag, "others");
}

TEST(MediaByIce, EndsWhereNoPairWorks) {
  ByIce two;
  const auto answer = two.b_end.agreement->answer(two.a_end.agreement->offer());
  ASSERT_TRUE(answer);
  ASSERT_TRUE(two.b->apply(answer->plan));
  ASSERT_TRUE(two.a->stop());
  two.pass(39s);
  EXPECT_THAT(two.b_end.failures, IsEmpty());
  two.pass(2s);
  EXPECT_THAT(two.b_end.failures, ElementsAre("phone.ice.failed"));
  EXPECT_EQ(two.b->figures().packets_sent, 0U);
}

TEST(MediaByIce, NothingIsSentToWhoNoLongerConsents) {
  ByIce two;
  two.agree();
  two.pass(1s);
  ASSERT_TRUE(two.a->stop());
  two.pass(29s);
  EXPECT_THAT(two.b_end.failures, IsEmpty());
  two.pass(7s);
  EXPECT_THAT(two.b_end.failures, ElementsAre("phone.ice.consent_lost"));
  const auto sent = two.b->figures().packets_sent;
  two.pass(1s);
  EXPECT_EQ(two.b->figures().packets_sent, sent);
}

TEST(MediaByIce, IsRefusedOrDoneWithoutWhereThePeerHasNone) {
  TwoSessions strict{{Keying::dtls}, {Keying::dtls}, IceUse::never, IceUse::require};
  const auto refused = strict.b_end.agreement->answer(strict.a_end.agreement->offer());
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "sdp.ice.missing");
  for (const bool caller_has_it : {false, true}) {
    TwoSessions mild{{Keying::dtls},
                     {Keying::dtls},
                     caller_has_it ? IceUse::accept : IceUse::never,
                     caller_has_it ? IceUse::never : IceUse::accept};
    mild.agree();
    mild.pass(100ms);
    EXPECT_FALSE(mild.a->figures().ice || mild.b->figures().ice);
    expectVoiceBothWays(mild);
  }
}

TEST(MediaByIce, AStrangersCheckIsDroppedAndCounted) {
  ByIce two;
  two.agree();
  two.pass(1s);
  media::ice::testing::Check check;
  check.username = "guess:work";
  two.send(two.b->rtp(), check.written());
  EXPECT_EQ(two.b->figures().drops.of(media::DropReason::notMedia), 1U);
  EXPECT_EQ(two.b->figures().ice->remote, two.a->rtp());
}

}  // namespace
}  // namespace sallyport::phone
