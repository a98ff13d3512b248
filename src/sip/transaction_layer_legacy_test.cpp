// SPDX-License-Identifier: Apache-2.0
// RFC 3261 17.2.3, the rules for elements of RFC 2543: a branch without the cookie identifies nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sip/transaction_layer.h"
#include "sip/transaction_layer_key.h"
#include "sip/transaction_layer_test_support.h"

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;
using test::Text;
using ::testing::ElementsAre;

const Text kInvite{.branch = "1"};

Text as(Text text, std::string_view method, std::string_view to_tag = "") {
  text.method = method;
  text.to_tag = to_tag;
  return text;
}

class LegacyTransactions : public test::TransactionLayerTest {};

TEST_F(LegacyTransactions, ARetransmissionIsKnownByEverythingThatIdentifiesIt) {
  receive(kInvite.request());
  receive(kInvite.request());
  EXPECT_EQ(sink.requests.size(), 1u);
}

TEST_F(LegacyTransactions, EachPartThatDiffersMakesAnotherRequest) {
  TransactionLayer roomy{sink, TimerConfig{}, {}};
  std::vector<Text> variants(8, kInvite);
  variants[1].uri = "sip:carol@biloxi.example";
  variants[2].from_tag = "other";
  variants[3].to_tag = "other";
  variants[4].call_id = "other";
  variants[5].cseq = 2;
  variants[6].sent_by = "other.example";
  variants[7].branch = "2";
  for (const auto& one : variants) {
    roomy.receive(test::kFlow, Reliability::unreliable, test::parsed(one.request()), now);
  }
  EXPECT_EQ(sink.requests.size(), variants.size());
}

TEST_F(LegacyTransactions, NoBranchAtAllAndABareCookieAreLegacyToo) {
  for (const auto* branch : {"", "z9hG4bK"}) {
    auto one = kInvite;
    one.branch = branch;
    receive(one.request());
    receive(one.request());
    one.cseq = 2;
    receive(one.request());
  }
  EXPECT_EQ(sink.requests.size(), 4u);
}

TEST_F(LegacyTransactions, AnAckBelongsToTheInviteWhoseAnswerItNames) {
  receive(kInvite.request());
  ASSERT_TRUE(respond(onlyRequest(), kInvite, 486));
  receive(as(kInvite, "ACK", "somebody-else").request());
  EXPECT_EQ(sink.acks, 1);  // no transaction's: the user decides
  pass(500ms);
  EXPECT_EQ(sink.sent.size(), 2u);
  receive(as(kInvite, "ACK", "314159").request());
  EXPECT_EQ(sink.acks, 1);
  pass(5s);
  EXPECT_EQ(sink.sent.size(), 2u);
  EXPECT_EQ(layer.size(), 0u);
}

TEST_F(LegacyTransactions, ACancelFindsItsInvite) {
  receive(kInvite.request());
  receive(as(kInvite, "CANCEL").request());
  EXPECT_THAT(sink.cancelled, ElementsAre(onlyRequest()));
  EXPECT_THAT(sink.sentLines(), ElementsAre("200 OK"));
}

TEST(TransactionKey, NoTwoRequestsShareItByMovingABoundary) {
  std::string first, second;
  writeServerKey(test::parsed(Text{.branch = "z9hG4bKab", .sent_by = "c.example"}.request()), first);
  writeServerKey(test::parsed(Text{.branch = "z9hG4bKa", .sent_by = "bc.example"}.request()), second);
  EXPECT_NE(first, second);
}

// Computed by CPython 3.11, whose bytes hash is SipHash-1-3, with PYTHONHASHSEED=0: a key of zeros.
TEST(TransactionKey, TheHashIsSipHash13) {
  constexpr std::array<std::uint64_t, 2> kZero{};
  EXPECT_EQ(keyedHash("z", kZero), 0xdf995fae86a55f06);
  EXPECT_EQ(keyedHash("z9hG4bK", kZero), 0x5c93b537cf47fbd9);
  EXPECT_EQ(keyedHash("z9hG4bKa", kZero), 0x01b4517636f724ce);
  EXPECT_EQ(keyedHash("z9hG4bK-0123456789abcdef", kZero), 0xff29fde0c7dec7dd);
  EXPECT_NE(keyedHash("z", {0, 1}), keyedHash("z", kZero));
}

}  // namespace
}  // namespace sallyport::sip
