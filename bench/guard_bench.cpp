// SPDX-License-Identifier: Apache-2.0
// What one decision of the whole chain costs, and that it stays the same from one principal to a million.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "guard/auth_failures.h"
#include "guard/rules.h"

namespace {

using namespace sallyport;
using namespace sallyport::guard;

struct Principal {
  IpAddress source;
  std::array<char, 40> identity{};
  std::uint8_t length = 0;
};

std::vector<Principal> principals(std::size_t count) {
  std::vector<Principal> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto octet = [i](unsigned shift) { return static_cast<std::uint8_t>(i >> shift); };
    all[i].source = IpAddress::v4({10, octet(16), octet(8), octet(0)});
    all[i].length = static_cast<std::uint8_t>(
        std::snprintf(all[i].identity.data(), all[i].identity.size(), "sip:user%zu@example.test", i));
  }
  return all;
}

struct House {
  explicit House(std::size_t count)
      : tables(HashKey{0x1234, 0x5678}, count, count, 1'024), everybody(principals(count)) {
    AdmissionPolicy policy;
    policy.our_hosts = {"sbc.example.test", "sip.example.test", "198.51.100.1"};
    policy.source_rate = policy.identity_rate = policy.request_rate = {1e6, 1'000'000};
    chain = buildAdmissionChain(policy, tables, &log);
    for (const auto& principal : everybody) benchmark::DoNotOptimize(chain->judge(factsOf(principal), now));
  }

  static RequestFacts factsOf(const Principal& principal) {
    return {.peer = "carrier",
            .identity = {principal.identity.data(), principal.length},
            .source = principal.source,
            .method = "INVITE",
            .scope = RequestScope::initial,
            .request_host = "sbc.example.test",
            .call_id = "a84b4c76e66710@pc33.atlanta.example.com"};
  }

  LimitTables tables;
  DecisionLog log;
  std::vector<Principal> everybody;
  std::unique_ptr<AdmissionChain> chain;
  TimePoint now{std::chrono::hours{1}};
};

// Principals in no order that the caches could guess (a linear congruential generator's upper half).
class Stroll {
 public:
  explicit Stroll(std::size_t seed) : state_(seed) {}
  std::size_t next(std::size_t count) {
    state_ = state_ * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    return (state_ >> 32) % count;
  }

 private:
  std::uint64_t state_;
};

void wholeChainAdmits(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  House house{count};
  Stroll stroll{1};
  for (auto _ : state) {
    benchmark::DoNotOptimize(house.chain->judge(House::factsOf(house.everybody[stroll.next(count)]), house.now));
    house.now += std::chrono::microseconds{1};
  }
}
BENCHMARK(wholeChainAdmits)->RangeMultiplier(10)->Range(1, 1'000'000);

void inDialogRequestAdmitted(benchmark::State& state) {
  House house{1'000};
  auto facts = House::factsOf(house.everybody[7]);
  facts.scope = RequestScope::inDialog;
  facts.method = "BYE";
  for (auto _ : state) benchmark::DoNotOptimize(house.chain->judge(facts, house.now));
}
BENCHMARK(inDialogRequestAdmitted);

void foreignDomainRefused(benchmark::State& state) {
  House house{1'000};
  auto facts = House::factsOf(house.everybody[7]);
  facts.request_host = "scanner.example.net";
  for (auto _ : state) benchmark::DoNotOptimize(house.chain->judge(facts, house.now));
}
BENCHMARK(foreignDomainRefused);

void floodingSourceRefused(benchmark::State& state) {
  House house{1'000};
  AdmissionPolicy policy;
  policy.our_hosts = {"sbc.example.test"};
  policy.source_rate = {20, 40};
  house.chain = buildAdmissionChain(policy, house.tables, &house.log);
  const auto facts = House::factsOf(house.everybody[7]);
  for (auto _ : state) {
    benchmark::DoNotOptimize(house.chain->judge(facts, house.now));
    house.now += std::chrono::microseconds{2};
  }
}
BENCHMARK(floodingSourceRefused);

void requestOutsideACallAdmitted(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  House house{count};
  Stroll stroll{1};
  for (auto _ : state) {
    auto facts = House::factsOf(house.everybody[stroll.next(count)]);
    facts.method = "OPTIONS";
    benchmark::DoNotOptimize(house.chain->judge(facts, house.now));
    house.now += std::chrono::microseconds{1};
  }
}
BENCHMARK(requestOutsideACallAdmitted)->RangeMultiplier(100)->Range(1, 1'000'000);

Trunks limitedTrunks(std::size_t count) {
  Trunks trunks;
  const TrunkFigures::Direction limits{1'000'000, Rate{1e6, 1'000'000}};
  for (std::size_t i = 0; i < count; ++i) {
    trunks.emplace("carrier" + std::to_string(i), TrunkFigures{limits, limits, 1'000'000});
  }
  return trunks;
}

// In and out through one of so many trunks, each limited in every way.
void callThroughATrunk(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  House house{1'000};
  AdmissionPolicy policy;
  policy.our_hosts = {"sbc.example.test"};
  policy.source_rate = policy.identity_rate = {1e6, 1'000'000};
  policy.trunks.of_peer = limitedTrunks(count);
  house.chain = buildAdmissionChain(policy, house.tables, &house.log);
  const auto name = "carrier" + std::to_string(count / 2);
  auto facts = House::factsOf(house.everybody[7]);
  facts.peer = name;
  for (auto _ : state) {
    benchmark::DoNotOptimize(house.chain->judge(facts, house.now));
    house.now += std::chrono::microseconds{1};
  }
}
BENCHMARK(callThroughATrunk)->RangeMultiplier(10)->Range(1, 1'000);

void targetChosen(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  House house{1'000};
  TrunkPolicy policy;
  policy.of_peer = limitedTrunks(count);
  TrunkAdmission admission{policy, house.tables, &house.log};
  const auto name = "carrier" + std::to_string(count / 2);
  const auto facts = House::factsOf(house.everybody[7]);
  for (auto _ : state) {
    benchmark::DoNotOptimize(admission.admit(facts, name, house.now));
    house.now += std::chrono::microseconds{1};
  }
}
BENCHMARK(targetChosen)->RangeMultiplier(10)->Range(1, 1'000);

void proofLookedAtAndRight(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto everybody = principals(count);
  const AuthFailureTables tables{HashKey{0x1234, 0x5678}, count, count};
  AuthFailureLimits limits{{}, tables, nullptr};
  Stroll stroll{1};
  const TimePoint now{std::chrono::hours{1}};
  for (auto _ : state) {
    const auto facts = House::factsOf(everybody[stroll.next(count)]);
    benchmark::DoNotOptimize(limits.judge(facts, now));
    limits.recordSuccess(facts.source, facts.identity, now);
  }
}
BENCHMARK(proofLookedAtAndRight)->RangeMultiplier(100)->Range(1, 1'000'000);

void guesserRefused(benchmark::State& state) {
  const AuthFailureTables tables{HashKey{0x1234, 0x5678}, 1'000, 1'000};
  AuthFailureLimits limits{{}, tables, nullptr};
  const auto guesser = principals(1);
  const auto facts = House::factsOf(guesser.front());
  const TimePoint now{std::chrono::hours{1}};
  for (int i = 0; i < 100; ++i) limits.recordFailure(facts.source, facts.identity, now);
  for (auto _ : state) benchmark::DoNotOptimize(limits.judge(facts, now));
}
BENCHMARK(guesserRefused);

void workersShareTheChain(benchmark::State& state) {
  static House house{100'000};
  Stroll stroll{static_cast<std::size_t>(state.thread_index()) + 1};
  for (auto _ : state) {
    benchmark::DoNotOptimize(house.chain->judge(House::factsOf(house.everybody[stroll.next(100'000)]), house.now));
  }
}
BENCHMARK(workersShareTheChain)->ThreadRange(1, 2)->UseRealTime();

}  // namespace
