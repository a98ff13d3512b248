// SPDX-License-Identifier: Apache-2.0
#include "call/registrations.h"

#include <gmock/gmock.h>

#include <set>
#include <thread>

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WallTime kNow{1'800'000'000s};

Binding bindingAt(const std::string& uri, sip::FlowId flow = sip::FlowId{1}, WallTime expires = kNow + 600s) {
  Binding binding;
  binding.contact.uri = uri;
  binding.flow = flow;
  binding.expires = expires;
  binding.registered = kNow;
  return binding;
}

RegistrationChange changeOf(const std::string& aor, std::vector<Binding> updates, std::uint32_t cseq = 1) {
  RegistrationChange change;
  change.aor = aor;
  change.call_id = "c-" + aor;
  change.cseq = cseq;
  for (auto& update : updates) {
    update.aor = aor;
    update.call_id = change.call_id;
    update.cseq = cseq;
  }
  change.updates = std::move(updates);
  return change;
}

std::vector<std::string> urisOf(const std::vector<BindingPtr>& bound) {
  std::vector<std::string> uris;
  for (const auto& binding : bound) uris.push_back(binding->contact.uri);
  return uris;
}

TEST(Registrations, AFullAddressGivesThePlaceOfALostConnection) {
  Registrations table{{.contacts = 2, .aors = 10}};
  (void)table.apply(changeOf("a@x", {bindingAt("sip:1@h", sip::FlowId{1}), bindingAt("sip:2@h", sip::FlowId{2})}),
                    kNow);
  EXPECT_STREQ(table.apply(changeOf("a@x", {bindingAt("sip:3@h")}, 2), kNow).error().code, "registrar.contacts.full");
  table.flowClosed(sip::FlowId{2});
  const auto bound = table.apply(changeOf("a@x", {bindingAt("sip:3@h")}, 2), kNow);
  ASSERT_TRUE(bound);
  EXPECT_THAT(urisOf(*bound), testing::UnorderedElementsAre("sip:1@h", "sip:3@h"));
}

TEST(Registrations, WhatIsReachedOverAConnectionGoesWithItWhereItIsNotToOutliveIt) {
  Registrations table{{.contacts = 3, .aors = 10}};
  const sip::FlowId gone{1}, stays{2};
  (void)table.apply(changeOf("a@x", {bindingAt("sip:1@h", gone), bindingAt("sip:2@h", stays)}), kNow);
  (void)table.apply(changeOf("b@x", {bindingAt("sip:3@h", gone)}), kNow);
  EXPECT_THAT(urisOf(table.removeOf(gone)), testing::UnorderedElementsAre("sip:1@h", "sip:3@h"));
  EXPECT_THAT(urisOf(table.byAor("a@x", kNow)), ElementsAre("sip:2@h"));
  EXPECT_THAT(table.byAor("b@x", kNow), IsEmpty());
  EXPECT_EQ(table.aors(), 1u);
  EXPECT_THAT(table.removeOf(gone), IsEmpty());
  EXPECT_THAT(table.expire(kNow + 3600s), SizeIs(1));
}

TEST(Registrations, AFullAddressMayStillRefreshAndSwap) {
  Registrations table{{.contacts = 1, .aors = 10}};
  (void)table.apply(changeOf("a@x", {bindingAt("sip:1@h")}), kNow);
  EXPECT_TRUE(table.apply(changeOf("a@x", {bindingAt("sip:1@h")}, 2), kNow));
  auto swap = changeOf("a@x", {bindingAt("sip:2@h")}, 3);
  swap.removals.push_back({"sip:1@h", {}, 0});
  const auto bound = table.apply(swap, kNow);
  ASSERT_TRUE(bound);
  EXPECT_THAT(urisOf(*bound), ElementsAre("sip:2@h"));
}

TEST(Registrations, WhatHasExpiredTakesNoPlaceAndIsGoneWithTheSweep) {
  Registrations table{{.contacts = 1, .aors = 1}};
  const auto token = (*table.apply(changeOf("a@x", {bindingAt("sip:1@h")}), kNow)).at(0)->token;
  EXPECT_THAT(table.expire(kNow + 599s), IsEmpty());
  EXPECT_NE(table.byToken(token, kNow + 599s), nullptr);
  EXPECT_EQ(table.byToken(token, kNow + 600s), nullptr);
  const auto later = kNow + 600s;
  EXPECT_TRUE(table.apply(changeOf("a@x", {bindingAt("sip:2@h", sip::FlowId{1}, later + 600s)}, 2), later));
  EXPECT_THAT(urisOf(table.expire(later)), ElementsAre("sip:1@h"));
  EXPECT_EQ(table.aors(), 1u);
  EXPECT_THAT(urisOf(table.expire(later + 600s)), ElementsAre("sip:2@h"));
  EXPECT_EQ(table.aors(), 0u);
}

TEST(Registrations, AClosedFlowTakesOnlyWhatCameOverIt) {
  Registrations table{{}};
  (void)table.apply(changeOf("a@x", {bindingAt("sip:1@h", sip::FlowId{1})}), kNow);
  (void)table.apply(changeOf("b@x", {bindingAt("sip:1@h", sip::FlowId{1})}), kNow);
  (void)table.apply(changeOf("c@x", {bindingAt("sip:1@h", sip::FlowId{2})}), kNow);
  table.flowClosed(sip::FlowId{1});
  table.flowClosed(sip::FlowId{1});
  EXPECT_FALSE(table.reachable("a@x", kNow));
  EXPECT_FALSE(table.reachable("b@x", kNow));
  EXPECT_TRUE(table.reachable("c@x", kNow));
  EXPECT_THAT(table.snapshot(kNow), SizeIs(3));
}

TEST(Registrations, RestoredBindingsKeepTheirTokensAndHaveNoFlow) {
  Registrations table{{}};
  auto kept = bindingAt("sip:1@h");
  kept.aor = "a@x";
  kept.token = "2-kept";
  auto stale = bindingAt("sip:2@h", sip::FlowId{1}, kNow);
  stale.aor = "b@x";
  stale.token = "2-stale";
  table.restore({kept, stale}, kNow);
  ASSERT_NE(table.byToken("2-kept", kNow), nullptr);
  EXPECT_FALSE(table.byToken("2-kept", kNow)->flow);
  EXPECT_EQ(table.byToken("2-stale", kNow), nullptr);
  EXPECT_EQ(table.aors(), 1u);
  const auto bound = table.apply(changeOf("a@x", {bindingAt("sip:1@h", sip::FlowId{9})}), kNow);
  EXPECT_EQ((*bound).at(0)->token, "2-kept");
  EXPECT_TRUE(table.reachable("a@x", kNow));
}

TEST(Registrations, APlanChangesNothingAndNamesWhatWouldChange) {
  Registrations table{{}};
  (void)table.apply(changeOf("a@x", {bindingAt("sip:1@h"), bindingAt("sip:2@h")}), kNow);
  auto change = changeOf("a@x", {bindingAt("sip:3@h"), bindingAt("sip:1@h")}, 2);
  change.removals.push_back({"sip:2@h", {}, 0});
  change.removals.push_back({"sip:unknown@h", {}, 0});
  const auto plan = table.plan(change, kNow);
  ASSERT_TRUE(plan);
  ASSERT_THAT(plan->updated, SizeIs(2));
  EXPECT_EQ(plan->updated[0], nullptr);
  EXPECT_EQ(plan->updated[1]->contact.uri, "sip:1@h");
  EXPECT_THAT(urisOf(plan->removed), ElementsAre("sip:2@h"));
  EXPECT_THAT(table.byAor("a@x", kNow), SizeIs(2));
}

TEST(Registrations, ManyWorkersKeepTheIndexesWhole) {
  Registrations table{{.contacts = 4, .aors = 1'000}};
  std::vector<std::thread> workers;
  for (unsigned w = 0; w < 4; ++w) {
    workers.emplace_back([&table, w] {
      for (std::uint32_t i = 1; i <= 500; ++i) {
        const auto aor = std::to_string(i % 50) + "@x";
        const auto flow = sip::FlowId{w * 1'000 + i};
        auto change = changeOf(aor, {bindingAt("sip:" + std::to_string(w) + "@h", flow)}, i);
        change.call_id += std::to_string(w);
        change.updates[0].call_id = change.call_id;
        (void)table.apply(std::move(change), kNow);
        if (i % 3 == 0) table.flowClosed(flow);
        if (i % 7 == 0) (void)table.expire(kNow);
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_THAT(table.snapshot(kNow), SizeIs(200));
  std::set<std::string> tokens;
  for (const auto& binding : table.snapshot(kNow)) {
    tokens.insert(binding->token);
    EXPECT_EQ(table.byToken(binding->token, kNow), binding);
  }
  EXPECT_EQ(tokens.size(), 200u);
  EXPECT_THAT(table.expire(kNow + 600s), SizeIs(200));
  EXPECT_EQ(table.aors(), 0u);
}

}  // namespace
}  // namespace sallyport::call
