// SPDX-License-Identifier: Apache-2.0
#include "call/final_choice.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::call {
namespace {

int best(std::vector<int> statuses) { return statuses[bestFinal(statuses)]; }

TEST(FinalChoice, ADecisionForEverybodyBeatsAllOthers) { EXPECT_EQ(best({486, 302, 603, 500}), 603); }
TEST(FinalChoice, TheLowestClassWins) { EXPECT_EQ(best({503, 486, 500}), 486); }
TEST(FinalChoice, ARedirectBeatsARefusal) { EXPECT_EQ(best({404, 302}), 302); }
TEST(FinalChoice, WithinAClassTheEarliestStands) { EXPECT_EQ(best({480, 486, 404}), 480); }
TEST(FinalChoice, WhatHelpsToTryAgainComesFirstWithinItsClass) { EXPECT_EQ(best({486, 415, 404}), 415); }

}  // namespace
}  // namespace sallyport::call
