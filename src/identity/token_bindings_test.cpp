// SPDX-License-Identifier: Apache-2.0
#include "identity/token_bindings.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::identity {
namespace {

using std::chrono::seconds;

constexpr sip::FlowId kOne{1};
constexpr sip::FlowId kOther{2};
const WallTime kNow{seconds{1'800'000'000}};

crypto::Sha256Digest tokenOf(int number) { return crypto::sha256(bytesOf(std::to_string(number))); }

std::string bound(TokenBindings& bindings, int token, sip::FlowId flow, WallTime now = kNow,
                  seconds life = seconds{60}) {
  const auto result = bindings.bind(tokenOf(token), flow, kNow + life, now);
  return result ? "ok" : result.error().code;
}

TEST(TokenBindingsTest, ATokenBelongsToTheConnectionThatShowedItFirst) {
  TokenBindings bindings;
  EXPECT_EQ(bound(bindings, 1, kOne), "ok");
  EXPECT_EQ(bound(bindings, 1, kOne), "ok");
  EXPECT_EQ(bound(bindings, 1, kOther), "identity.token.other_connection");
  EXPECT_EQ(bound(bindings, 2, kOther), "ok");
  EXPECT_EQ(bindings.size(), 2u);
}

TEST(TokenBindingsTest, WhenItsConnectionHasClosedAnotherMayShowIt) {
  TokenBindings bindings;
  bound(bindings, 1, kOne);
  bound(bindings, 2, kOne);
  bindings.flowClosed(kOther);
  EXPECT_EQ(bound(bindings, 1, kOther), "identity.token.other_connection");
  bindings.flowClosed(kOne);
  EXPECT_EQ(bindings.size(), 0u);
  EXPECT_EQ(bound(bindings, 1, kOther), "ok");
}

TEST(TokenBindingsTest, AFullTableMakesRoomOnlyOfWhatHasExpired) {
  TokenBindings bindings{2};
  EXPECT_EQ(bound(bindings, 1, kOne, kNow, seconds{10}), "ok");
  EXPECT_EQ(bound(bindings, 2, kOne, kNow, seconds{20}), "ok");
  EXPECT_EQ(bound(bindings, 3, kOther, kNow + seconds{9}), "identity.token.bindings_full");
  EXPECT_EQ(bound(bindings, 3, kOther, kNow + seconds{10}), "ok");
  EXPECT_EQ(bound(bindings, 4, kOther, kNow + seconds{19}), "identity.token.bindings_full");
  EXPECT_EQ(bound(bindings, 4, kOther, kNow + seconds{20}), "ok");
  EXPECT_EQ(bound(bindings, 3, kOne, kNow + seconds{20}), "identity.token.other_connection");
  bindings.flowClosed(kOne);  // of which nothing is left
  EXPECT_EQ(bindings.size(), 2u);
}

TEST(TokenBindingsTest, OneConnectionCannotFillTheTable) {
  TokenBindings bindings;
  for (int token = 0; token < 16; ++token) EXPECT_EQ(bound(bindings, token, kOne), "ok");
  EXPECT_EQ(bound(bindings, 16, kOne), "identity.token.bindings_full");
  EXPECT_EQ(bound(bindings, 16, kOther), "ok");
  EXPECT_EQ(bound(bindings, 17, kOne, kNow + seconds{60}, seconds{120}), "ok");
  EXPECT_EQ(bindings.size(), 1u);
}

}  // namespace
}  // namespace sallyport::identity
