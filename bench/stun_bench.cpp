// SPDX-License-Identifier: Apache-2.0
// What a connectivity check costs: to turn a stranger's away at each step, to believe a peer's, and to answer it.
#include <benchmark/benchmark.h>

#include <array>

#include "media/stun/stun_test_support.h"

namespace sallyport::media::stun {
namespace {

std::vector<std::uint8_t> check(Integrity integrity) {
  return testing::written(Class::request, [&](auto& writer) {
    writer.username("edgeufrg:peer");
    writer.priority(0x6E0001FF);
    writer.controlling(0x0123456789ABCDEF);
    writer.useCandidate();
    writer.integrity(testing::keyOf("abcdefghijklmnopqrstuvwxyz012345"), integrity);
    writer.fingerprint();
  });
}

void refuseWrongFingerprint(benchmark::State& state) {
  auto datagram = check(Integrity::sha1);
  datagram.back() ^= 1;
  for (auto _ : state) benchmark::DoNotOptimize(Message::parse(datagram));
}

void parse(benchmark::State& state) {
  const auto datagram = check(Integrity::sha1);
  for (auto _ : state) benchmark::DoNotOptimize(Message::parse(datagram));
}

void parseAndAuthenticate(benchmark::State& state) {
  const auto datagram = check(static_cast<Integrity>(state.range(0)));
  const auto key = testing::keyOf("abcdefghijklmnopqrstuvwxyz012345");
  for (auto _ : state) {
    const auto message = Message::parse(datagram);
    if (!authenticate(*message, key)) state.SkipWithError("refused");
  }
}

void writeAnswer(benchmark::State& state) {
  const auto key = testing::keyOf("abcdefghijklmnopqrstuvwxyz012345");
  const auto source = *Endpoint::parse("203.0.113.7:40000");
  std::array<std::uint8_t, 256> buffer;
  for (auto _ : state) {
    MessageWriter writer{buffer, Class::success, kBinding, testing::kTransaction};
    writer.xorMappedAddress(source);
    writer.integrity(key, static_cast<Integrity>(state.range(0)));
    writer.fingerprint();
    benchmark::DoNotOptimize(writer.written().data());
  }
}

BENCHMARK(refuseWrongFingerprint);
BENCHMARK(parse);
BENCHMARK(parseAndAuthenticate)->DenseRange(0, 1);
BENCHMARK(writeAnswer)->DenseRange(0, 1);

}  // namespace
}  // namespace sallyport::media::stun
