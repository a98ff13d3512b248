// SPDX-License-Identifier: Apache-2.0
#include "sdp/trickle.h"

#include <gtest/gtest.h>

#include "sdp/test_support.h"

namespace sallyport::sdp {
namespace {

using testing::lines;

const std::string kUfrag = "a=ice-ufrag:8hhY", kPassword = "a=ice-pwd:asd88fgpdd777uzjYhagZg";
const std::string kCandidate = "a=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host";

std::string refusal(const std::vector<std::string>& all) {
  const auto fragment = parseTrickleFragment(lines(all));
  return fragment ? "accepted" : std::string{fragment.error().code};
}

TEST(TrickleFragment, BringsTheCandidatesOfEachSection) {
  const auto fragment = parseTrickleFragment(lines({kPassword, kUfrag, "m=audio 9 RTP/AVP 0", "a=mid:1", kCandidate,
                                                    "m=video 9 RTP/AVP 0", "a=mid:2", "a=end-of-candidates"}));
  ASSERT_TRUE(fragment);
  EXPECT_EQ(fragment->credentials.ufrag, "8hhY");
  ASSERT_EQ(fragment->sections.size(), 2U);
  EXPECT_EQ(fragment->sections[0].mid, "1");
  EXPECT_EQ(fragment->sections[0].candidates.size(), 1U);
  EXPECT_EQ(fragment->sections[0].gathering, Gathering::goesOn);
  EXPECT_EQ(fragment->sections[1].gathering, Gathering::ended);
}

TEST(TrickleFragment, MaySayItsCredentialsInTheSection) {
  EXPECT_EQ(refusal({"m=audio 9 RTP/AVP 0", kUfrag, kPassword, kCandidate}), "accepted");
  EXPECT_EQ(refusal({kUfrag, kPassword, "m=audio 9 RTP/AVP 0", kUfrag, kPassword}), "accepted");
}

TEST(TrickleFragment, OfNoGenerationOrOfSeveralIsRefused) {
  EXPECT_EQ(refusal({"m=audio 9 RTP/AVP 0", kCandidate}), "sdp.trickle.credentials");
  EXPECT_EQ(refusal({kUfrag, "m=audio 9 RTP/AVP 0", kCandidate}), "sdp.trickle.credentials");
  EXPECT_EQ(refusal({kUfrag, kPassword, "m=audio 9 RTP/AVP 0", "a=ice-ufrag:other"}), "sdp.trickle.credentials");
}

TEST(TrickleFragment, WithAnyOtherLineIsRefused) {
  EXPECT_EQ(refusal({kUfrag, kPassword, "v=0"}), "sdp.trickle.malformed");
  EXPECT_EQ(refusal({kUfrag, kPassword, "nonsense"}), "sdp.trickle.malformed");
  EXPECT_EQ(refusal({kUfrag, kPassword, ""}), "sdp.trickle.malformed");
  EXPECT_EQ(refusal({kUfrag, kPassword, "a=\x01"}), "sdp.trickle.malformed");
  EXPECT_EQ(refusal({kUfrag, kPassword, "m=audio 9 RTP/AVP 0", "a=mid:a b"}), "sdp.trickle.malformed");
}

TEST(TrickleFragment, WithABrokenCandidateIsRefused) {
  EXPECT_EQ(refusal({kUfrag, kPassword, "m=audio 9 RTP/AVP 0", "a=candidate:1"}), "sdp.ice.candidate");
}

TEST(TrickleFragment, ThatIsTooLargeIsRefused) {
  EXPECT_EQ(refusal({kUfrag, kPassword, "a=x:" + std::string(16'384, 'x')}), "sdp.trickle.too_long");
  std::vector<std::string> all{kUfrag, kPassword};
  for (int i = 0; i < 17; ++i) all.emplace_back("m=audio 9 RTP/AVP 0");
  EXPECT_EQ(refusal(all), "sdp.trickle.too_many_sections");
  all = {kUfrag, kPassword};
  for (int i = 0; i < 128; ++i) all.emplace_back("a=x");
  EXPECT_EQ(refusal(all), "sdp.trickle.malformed");
}

}  // namespace
}  // namespace sallyport::sdp
