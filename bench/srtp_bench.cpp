// SPDX-License-Identifier: Apache-2.0
// One 20 ms G.711 packet (172 bytes) protected and unprotected, in each suite, beside libsrtp2 as Debian
// builds it. Sequence numbers run on, so rollover and replay state are paid for.
#include <benchmark/benchmark.h>

#include <array>

#include "media/libsrtp_oracle.h"
#include "media/srtp.h"

namespace sallyport::media {
namespace {

using crypto::SrtpSuite;
using test::LibsrtpSession;

constexpr std::size_t kPacketBytes = 172;
constexpr std::size_t kBatch = 256;  // packets protected in advance, outside the measured time

using Slot = std::array<std::uint8_t, kPacketBytes + SRTP_MAX_TRAILER_LEN + 4>;

SrtpKeying keyFor(SrtpSuite suite) {
  const auto facts = crypto::factsOf(suite);
  Secret key{facts.master_key_bytes + facts.master_salt_bytes};
  for (std::size_t i = 0; i < key.size(); ++i) key.mutableBytes()[i] = static_cast<std::uint8_t>(i * 31 + 5);
  return {suite, std::move(key)};
}

void fill(Slot& slot, std::uint16_t sequence) {
  slot.fill(0x5A);
  RtpHeader header;
  header.ssrc = 0xCAFE;
  header.sequence = sequence;
  writeRtpHeader(std::span<std::uint8_t, kRtpFixedHeaderBytes>{slot.data(), kRtpFixedHeaderBytes}, header);
}

void label(benchmark::State& state) {
  state.SetLabel(std::string{crypto::factsOf(static_cast<SrtpSuite>(state.range(0))).name});
}

void protectOurs(benchmark::State& state) {
  auto sender = *SrtpSender::create(keyFor(static_cast<SrtpSuite>(state.range(0))));
  Slot slot;
  fill(slot, 0);
  std::uint16_t sequence = 0;
  for (auto _ : state) {
    slot[0] = 0x80;
    storeBe16(&slot[2], sequence++);
    benchmark::DoNotOptimize(sender.protectRtp(slot, kPacketBytes));
  }
  label(state);
}

void protectLibsrtp(benchmark::State& state) {
  LibsrtpSession sender{keyFor(static_cast<SrtpSuite>(state.range(0))), LibsrtpSession::Role::sender};
  Slot slot;
  fill(slot, 0);
  std::uint16_t sequence = 0;
  for (auto _ : state) {
    storeBe16(&slot[2], sequence++);
    benchmark::DoNotOptimize(sender.protect(slot.data(), kPacketBytes, Channel::rtp));
  }
  label(state);
}

// Time is taken over batches of packets that were protected before.
template <typename Unprotect>
void unprotectBatches(benchmark::State& state, Unprotect unprotect) {
  auto sender = *SrtpSender::create(keyFor(static_cast<SrtpSuite>(state.range(0))));
  std::vector<Slot> slots(kBatch);
  std::uint16_t sequence = 0;
  std::size_t length = 0, at = kBatch;
  for (auto _ : state) {
    if (at == kBatch) {
      state.PauseTiming();
      for (auto& slot : slots) {
        fill(slot, sequence++);
        length = std::get<std::size_t>(sender.protectRtp(slot, kPacketBytes));
      }
      at = 0;
      state.ResumeTiming();
    }
    if (!unprotect(slots[at++], length)) state.SkipWithError("refused");
  }
  label(state);
}

void unprotectOurs(benchmark::State& state) {
  auto receiver = *SrtpReceiver::create(keyFor(static_cast<SrtpSuite>(state.range(0))));
  unprotectBatches(state, [&](Slot& slot, std::size_t length) {
    return std::holds_alternative<AuthenticatedPacket>(receiver.unprotectRtp(MutableBytes{slot}.first(length)));
  });
}

void unprotectLibsrtp(benchmark::State& state) {
  LibsrtpSession receiver{keyFor(static_cast<SrtpSuite>(state.range(0))), LibsrtpSession::Role::receiver};
  unprotectBatches(state, [&](Slot& slot, std::size_t length) {
    return receiver.unprotect(slot.data(), length, Channel::rtp).has_value();
  });
}

void createSenderAndReceiver(benchmark::State& state) {
  const auto key = keyFor(static_cast<SrtpSuite>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(SrtpSender::create(key));
    benchmark::DoNotOptimize(SrtpReceiver::create(key));
  }
  label(state);
}

BENCHMARK(protectOurs)->DenseRange(0, 3);
BENCHMARK(protectLibsrtp)->DenseRange(0, 3);
BENCHMARK(unprotectOurs)->DenseRange(0, 3);
BENCHMARK(unprotectLibsrtp)->DenseRange(0, 3);
BENCHMARK(createSenderAndReceiver)->DenseRange(0, 3);

}  // namespace
}  // namespace sallyport::media
