// SPDX-License-Identifier: Apache-2.0
// What a decision costs among ten routes and among ten thousand, and what reading a number and matching a pattern do.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "call/number_plan.h"
#include "call/route_table.h"

namespace {

using namespace sallyport;
using namespace sallyport::call;

// One exact user, one prefix and one number in turn, and a rule for the rest at the end.
RouteTable tableOf(std::size_t count) {
  std::vector<config::Route> routes(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto digits = std::to_string(1'000'000 + i);
    if (i % 3 == 0) routes[i].user = {config::PatternKind::exact, "user" + digits};
    if (i % 3 == 1) routes[i].user = {config::PatternKind::prefix, "9" + digits};
    if (i % 3 == 2) routes[i].number = "+49" + digits + "*";
    routes[i].to = {{"core"}};
  }
  routes.back() = {};
  routes.back().to = {{"carrier"}};
  auto table = RouteTable::make(routes);
  SP_CHECK(table.ok());
  return *std::move(table);
}

RouteFacts factsOf(std::string_view user, std::string_view number) {
  return {.from_peer = "core", .user = user, .number = number, .host = "example.org", .caller = "alice", .at = {}};
}

void decideByNumber(benchmark::State& state) {
  const auto table = tableOf(static_cast<std::size_t>(state.range(0)));
  const auto facts = factsOf("01000005123", "+491000005123");
  for (auto _ : state) benchmark::DoNotOptimize(table.find(facts));
}
BENCHMARK(decideByNumber)->Arg(10)->Arg(10'000);

void decideByTheLast(benchmark::State& state) {
  const auto table = tableOf(static_cast<std::size_t>(state.range(0)));
  const auto facts = factsOf("somebody", {});
  for (auto _ : state) benchmark::DoNotOptimize(table.find(facts));
}
BENCHMARK(decideByTheLast)->Arg(10)->Arg(10'000);

void readANumber(benchmark::State& state) {
  const auto plan = *NumberPlan::make({"DE", "30", config::NumberForm::e164});
  for (auto _ : state) benchmark::DoNotOptimize(plan.read("00442079460958"));
}
BENCHMARK(readANumber);

void matchAPattern(benchmark::State& state) {
  const auto pattern = *RoutePattern::compile("\\+49[1-9][0-9]{2,10}");
  for (auto _ : state) benchmark::DoNotOptimize(pattern.matches("+4930123456"));
}
BENCHMARK(matchAPattern);

void matchWhatOthersChokeOn(benchmark::State& state) {
  const auto pattern = *RoutePattern::compile("((a+)+)+b");
  const std::string text(RoutePattern::kMaxText, 'a');
  for (auto _ : state) benchmark::DoNotOptimize(pattern.matches(text));
}
BENCHMARK(matchWhatOthersChokeOn);

}  // namespace
