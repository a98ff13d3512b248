// SPDX-License-Identifier: Apache-2.0
// What workers know of each other's calls and connections.
#include <gtest/gtest.h>

#include <thread>

#include "call/call_directory.h"
#include "call/call_test_support.h"
#include "call/flow_directory.h"

namespace sallyport::call {
namespace {

using Direction = CallDirectory::Direction;

TEST(CallDirectoryOf, ReceivedCallsHaveAnOwner) {
  CallDirectory calls;
  calls.add("a", Direction::received, 3);
  EXPECT_EQ(calls.ownerOf("a"), 3u);
  EXPECT_FALSE(calls.isOurs("a"));
  EXPECT_EQ(calls.ownerOf("b"), std::nullopt);
}

TEST(CallDirectoryOf, CallIdsOfOurOwnAreRecognisedAndOwnedByNobody) {
  CallDirectory calls;
  calls.add("a", Direction::sent, 3);
  EXPECT_TRUE(calls.isOurs("a"));
  EXPECT_EQ(calls.ownerOf("a"), std::nullopt);
}

TEST(CallDirectoryOf, WhatIsRemovedIsGone) {
  CallDirectory calls;
  calls.add("a", Direction::sent, 0);
  calls.remove("a", Direction::sent);
  calls.remove("a", Direction::sent);
  EXPECT_FALSE(calls.isOurs("a"));
  EXPECT_EQ(calls.size(), 0u);
}

TEST(CallDirectoryOf, OurOwnCallMayBeReceivedToo) {
  CallDirectory calls;
  calls.add("a", Direction::sent, 1);
  calls.add("a", Direction::received, 2);
  EXPECT_TRUE(calls.isOurs("a"));
  EXPECT_EQ(calls.ownerOf("a"), 2u);
  calls.remove("a", Direction::received);
  EXPECT_TRUE(calls.isOurs("a"));
  EXPECT_EQ(calls.ownerOf("a"), std::nullopt);
  calls.remove("a", Direction::sent);
  EXPECT_EQ(calls.size(), 0u);
}

TEST(CallDirectoryOf, SeveralWorkersAtOnce) {
  CallDirectory calls;
  std::vector<std::thread> workers;
  for (unsigned worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&calls, worker] {
      for (int i = 0; i < 500; ++i) {
        const auto id = std::to_string(worker) + "-" + std::to_string(i);
        calls.add(id, Direction::received, worker);
        SP_CHECK(calls.ownerOf(id) == worker);
        if (i % 2 == 0) calls.remove(id, Direction::received);
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(calls.size(), 1'000u);
}

class FlowsOfAProcess : public ::testing::Test {
 protected:
  static std::shared_ptr<const FlowFacts> facts(std::string_view who) {
    const auto& [proof, address] = test::principal(who);
    return std::make_shared<const FlowFacts>(
        FlowFacts{proof, identity::Principal::fromCertificate(proof), "", address, {}, "TLSv1.3", "suite"});
  }
  FlowDirectory flows;
};

TEST_F(FlowsOfAProcess, AreFoundById) {
  flows.add(sip::FlowId{7}, facts("alice"));
  EXPECT_EQ(flows.facts(sip::FlowId{7})->identity(), "alice@sallyport.test");
  EXPECT_EQ(flows.facts(sip::FlowId{8}), nullptr);
  EXPECT_FALSE(flows.remove(sip::FlowId{7}));
  EXPECT_EQ(flows.facts(sip::FlowId{7}), nullptr);
}

TEST_F(FlowsOfAProcess, ThePeersNewestIsTheOneToUse) {
  flows.add(sip::FlowId{1}, facts("core"));
  flows.add(sip::FlowId{2}, facts("core"));
  EXPECT_EQ(flows.ofPeer("core"), sip::FlowId{2});
  flows.remove(sip::FlowId{2});
  EXPECT_EQ(flows.ofPeer("core"), sip::FlowId{1});
  flows.remove(sip::FlowId{1});
  EXPECT_EQ(flows.ofPeer("core"), std::nullopt);
}

TEST_F(FlowsOfAProcess, DevicesAreNotInterchangeable) {
  flows.add(sip::FlowId{1}, facts("alice"));
  EXPECT_EQ(flows.ofPeer(kDevices), std::nullopt);
}

TEST_F(FlowsOfAProcess, WhatAnotherWorkerWasToldOfIsSaidWhenItGoes) {
  flows.add(sip::FlowId{1}, facts("core"));
  flows.add(sip::FlowId{2}, facts("carrier"));
  flows.add(sip::FlowId{3}, facts("alice"));
  EXPECT_EQ(flows.ofPeer("carrier"), sip::FlowId{2});
  flows.lend(sip::FlowId{3});
  flows.lend(sip::FlowId{99});
  EXPECT_FALSE(flows.remove(sip::FlowId{1}));
  EXPECT_TRUE(flows.remove(sip::FlowId{2}));
  EXPECT_TRUE(flows.remove(sip::FlowId{3}));
  EXPECT_FALSE(flows.remove(sip::FlowId{3}));
}

}  // namespace
}  // namespace sallyport::call
