// SPDX-License-Identifier: Apache-2.0
#include "identity/nonce.h"

#include <gtest/gtest.h>

#include "identity/digest_test_support.h"

namespace sallyport::identity {
namespace {

using namespace std::chrono_literals;
using test::kFlow;
using test::kNoon;
using Verdict = NonceCounts::Verdict;

constexpr std::chrono::seconds kLifetime{300};

TEST(Nonces, AreRecognisedOnTheConnectionAndInTheRealmTheyWereMadeFor) {
  const Nonces nonces{test::secret("key")};
  const auto nonce = nonces.issue(kFlow, "example.org", kNoon);
  const auto facts = nonces.check(nonce, kFlow, "example.org");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->issued, kNoon);
  EXPECT_FALSE(nonces.check(nonce, sip::FlowId{8}, "example.org"));
  EXPECT_FALSE(nonces.check(nonce, kFlow, "example.com"));
}

TEST(Nonces, AreNotTheSameTwice) {
  const Nonces nonces{test::secret("key")};
  EXPECT_NE(nonces.issue(kFlow, "r", kNoon), nonces.issue(kFlow, "r", kNoon));
}

TEST(Nonces, OfAnotherKeyOrChangedInAnyCharacterAreNotOurs) {
  const Nonces nonces{test::secret("key")};
  const auto nonce = nonces.issue(kFlow, "r", kNoon);
  EXPECT_FALSE(Nonces{test::secret("other")}.check(nonce, kFlow, "r"));
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    auto changed = nonce;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(nonces.check(changed, kFlow, "r")) << i;
  }
  for (const std::string_view text : {"", "abc", "!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    EXPECT_FALSE(nonces.check(text, kFlow, "r")) << text;
  }
}

TEST(Nonces, AreRecognisedByWhoHasTheSameKey) {
  const auto nonce = Nonces{test::secret("key")}.issue(kFlow, "r", kNoon);
  EXPECT_TRUE(Nonces{test::secret("key")}.check(nonce, kFlow, "r"));
}

TEST(NonceCounts, TakeEachCountOnceAndOnlyRising) {
  NonceCounts counts;
  const NonceFacts nonce{kNoon, 1};
  EXPECT_EQ(counts.take(nonce, 1, "alice", kNoon, kLifetime), Verdict::taken);
  EXPECT_EQ(counts.take(nonce, 1, "alice", kNoon, kLifetime), Verdict::stale);
  EXPECT_EQ(counts.take(nonce, 5, "alice", kNoon, kLifetime), Verdict::taken);
  EXPECT_EQ(counts.take(nonce, 4, "alice", kNoon, kLifetime), Verdict::stale);
}

TEST(NonceCounts, KeepANonceToTheUserWhoUsedItFirst) {
  NonceCounts counts;
  const NonceFacts nonce{kNoon, 1};
  EXPECT_EQ(counts.take(nonce, 1, "alice", kNoon, kLifetime), Verdict::taken);
  EXPECT_EQ(counts.take(nonce, 2, "bob", kNoon, kLifetime), Verdict::stale);
}

TEST(NonceCounts, TakeNothingOldAndNothingFromTheFuture) {
  NonceCounts counts;
  EXPECT_EQ(counts.take({kNoon, 1}, 1, "alice", kNoon + 300s, kLifetime), Verdict::taken);
  EXPECT_EQ(counts.take({kNoon, 1}, 2, "alice", kNoon + 300s + 1ms, kLifetime), Verdict::stale);
  EXPECT_EQ(counts.take({kNoon, 2}, 1, "alice", kNoon - 1ms, kLifetime), Verdict::stale);
}

TEST(NonceCounts, ForgetTheOldestWhenFullAndNeverTakeAReplayOfIt) {
  NonceCounts counts{2};
  EXPECT_EQ(counts.take({kNoon, 1}, 1, "alice", kNoon, kLifetime), Verdict::taken);
  EXPECT_EQ(counts.take({kNoon + 1s, 2}, 1, "alice", kNoon + 2s, kLifetime), Verdict::taken);
  EXPECT_EQ(counts.take({kNoon + 2s, 3}, 1, "alice", kNoon + 2s, kLifetime), Verdict::taken);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts.take({kNoon, 1}, 1, "alice", kNoon + 2s, kLifetime), Verdict::stale);  // forgotten
  EXPECT_EQ(counts.take({kNoon, 9}, 1, "alice", kNoon + 2s, kLifetime), Verdict::stale);  // of its age
  EXPECT_EQ(counts.take({kNoon + 1s, 2}, 2, "alice", kNoon + 2s, kLifetime), Verdict::taken);
}

TEST(NonceCounts, WhenFullAnOlderNewcomerIsAskedAgain) {
  NonceCounts counts{1};
  EXPECT_EQ(counts.take({kNoon + 5s, 1}, 1, "alice", kNoon + 9s, kLifetime), Verdict::taken);
  EXPECT_EQ(counts.take({kNoon + 1s, 2}, 1, "alice", kNoon + 9s, kLifetime), Verdict::stale);
  EXPECT_EQ(counts.take({kNoon + 6s, 3}, 1, "alice", kNoon + 9s, kLifetime), Verdict::taken);
}

}  // namespace
}  // namespace sallyport::identity
