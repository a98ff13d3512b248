// SPDX-License-Identifier: Apache-2.0
// The whole step of a relay without its sockets: one 20 ms G.711 packet judged, decrypted, encrypted for the
// other side; what forged packets cost; and what a call weighs.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <array>
#include <vector>

#include "media/relay.h"

namespace sallyport::media {
namespace {

using crypto::SrtpSuite;

constexpr std::size_t kPacketBytes = 172;
constexpr std::size_t kBatch = 256;

using Slot = std::array<std::uint8_t, kPacketBytes + 2 * kSrtpTailroom>;

SrtpKeying keyFor(SrtpSuite suite, std::uint8_t seed) {
  const auto facts = crypto::factsOf(suite);
  Secret key{facts.master_key_bytes + facts.master_salt_bytes};
  for (std::size_t i = 0; i < key.size(); ++i) key.mutableBytes()[i] = static_cast<std::uint8_t>(i * 31 + seed);
  return {suite, std::move(key)};
}

SideConfig sideConfig(SrtpSuite suite, std::uint8_t seed, std::uint16_t port) {
  SideConfig config;
  config.remote_rtp = {IpAddress::v4({127, 0, 0, 1}), port};
  config.remote_rtcp = {IpAddress::v4({127, 0, 0, 1}), static_cast<std::uint16_t>(port + 1)};
  config.receive = keyFor(suite, seed);
  config.send = keyFor(suite, static_cast<std::uint8_t>(seed + 1));
  config.payload_types.allow(0, 0);
  config.formats = {{0, AudioCodec::pcmu, 8'000}};
  return config;
}

void fill(Slot& slot, std::uint16_t sequence) {
  slot.fill(0x5A);
  RtpHeader header;
  header.ssrc = 0xCAFE;
  header.sequence = sequence;
  header.timestamp = sequence * 160u;
  writeRtpHeader(std::span<std::uint8_t, kRtpFixedHeaderBytes>{slot.data(), kRtpFixedHeaderBytes}, header);
}

void relayStep(benchmark::State& state, SrtpSuite from, SrtpSuite to) {
  Relay relay;
  const auto a = sideConfig(from, 1, 4'000);
  TimePoint now{std::chrono::hours{1}};
  if (!relay.configure(Side::a, sideConfig(from, 1, 4'000), now) ||
      !relay.configure(Side::b, sideConfig(to, 9, 6'000), now)) {
    return state.SkipWithError("not configured");
  }
  auto peer = *SrtpSender::create(a.receive);
  std::vector<Slot> slots(kBatch);
  std::uint16_t sequence = 0;
  std::size_t length = 0, at = kBatch;
  for (auto _ : state) {
    if (at == kBatch) {
      state.PauseTiming();
      for (auto& slot : slots) {
        fill(slot, sequence++);
        length = std::get<std::size_t>(peer.protectRtp(slot, kPacketBytes));
      }
      at = 0;
      state.ResumeTiming();
    }
    now += std::chrono::milliseconds{20};
    if (!relay.onPacket(Side::a, Channel::rtp, a.remote_rtp, slots[at++], length, now).forward())
      state.SkipWithError("refused");
  }
}

void relayGcm256(benchmark::State& state) { relayStep(state, SrtpSuite::aeadAes256Gcm, SrtpSuite::aeadAes256Gcm); }
void relayGcm128(benchmark::State& state) { relayStep(state, SrtpSuite::aeadAes128Gcm, SrtpSuite::aeadAes128Gcm); }
void relayCm128(benchmark::State& state) {
  relayStep(state, SrtpSuite::aesCm128HmacSha1_80, SrtpSuite::aesCm128HmacSha1_80);
}
void relayCm128ToGcm256(benchmark::State& state) {
  relayStep(state, SrtpSuite::aesCm128HmacSha1_80, SrtpSuite::aeadAes256Gcm);
}

// A forged packet from the negotiated address, and from a stranger beyond the examined rate.
void forgedPacket(benchmark::State& state, std::uint16_t source_port) {
  Relay relay;
  const TimePoint now{std::chrono::hours{1}};
  if (!relay.configure(Side::a, sideConfig(SrtpSuite::aeadAes256Gcm, 1, 4'000), now) ||
      !relay.configure(Side::b, sideConfig(SrtpSuite::aeadAes256Gcm, 9, 6'000), now)) {
    return state.SkipWithError("not configured");
  }
  const Endpoint source{IpAddress::v4({127, 0, 0, 1}), source_port};
  Slot slot;
  fill(slot, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(relay.onPacket(Side::a, Channel::rtp, source, slot, kPacketBytes, now));
  }
}
void forgedFromNegotiatedSource(benchmark::State& state) { forgedPacket(state, 4'000); }
void forgedFromStranger(benchmark::State& state) { forgedPacket(state, 5'555); }

// Heap of one configured call, both directions.
void callWeight(benchmark::State& state) {
  const auto suite = static_cast<SrtpSuite>(state.range(0));
  constexpr std::size_t kCalls = 200;
  const TimePoint now{std::chrono::hours{1}};
  double bytes = 0;
  for (auto _ : state) {
    std::vector<std::unique_ptr<Relay>> calls;
    calls.reserve(kCalls);
    const auto before = mallinfo2().uordblks;
    for (std::size_t i = 0; i < kCalls; ++i) {
      calls.push_back(std::make_unique<Relay>());
      if (!calls.back()->configure(Side::a, sideConfig(suite, 1, 4'000), now) ||
          !calls.back()->configure(Side::b, sideConfig(suite, 9, 6'000), now)) {
        return state.SkipWithError("not configured");
      }
    }
    bytes = static_cast<double>(mallinfo2().uordblks - before) / kCalls;
  }
  state.counters["bytes_per_call"] = bytes;
  state.SetLabel(std::string{crypto::factsOf(suite).name});
}

BENCHMARK(relayGcm256);
BENCHMARK(relayGcm128);
BENCHMARK(relayCm128);
BENCHMARK(relayCm128ToGcm256);
BENCHMARK(forgedFromNegotiatedSource);
BENCHMARK(forgedFromStranger);
BENCHMARK(callWeight)->Arg(0)->Arg(3)->Iterations(1);

}  // namespace
}  // namespace sallyport::media
