// SPDX-License-Identifier: Apache-2.0
// What a call draws from the CSPRNG: tags, branches and Call-IDs, numbers, keys.
#include <benchmark/benchmark.h>

#include "crypto/random.h"

namespace sallyport::crypto {
namespace {

void token(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(randomToken(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(token)->Arg(10)->Arg(24);

void number(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(randomNumber());
}
BENCHMARK(number);

void masterKeyAndSalt(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(randomSecret(44));
}
BENCHMARK(masterKeyAndSalt);

}  // namespace
}  // namespace sallyport::crypto
