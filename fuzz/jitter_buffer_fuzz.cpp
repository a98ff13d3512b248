// SPDX-License-Identifier: Apache-2.0
// Packets with any numbers, at any time: the jitter buffer stays within its bounds, each step lasts a
// while and no longer than it may, and nothing is played that did not arrive.
#include <variant>

#include "core/bytes.h"
#include "core/check.h"
#include "phone/audio/jitter_buffer.h"

using sallyport::phone::JitterBuffer;
using sallyport::phone::JitterConfig;

namespace {

void check(const JitterBuffer::Step& step, std::uint32_t frame) {
  if (const auto* conceal = std::get_if<JitterBuffer::Conceal>(&step)) {
    SP_CHECK(conceal->duration > 0 && conceal->duration <= frame);
  } else if (const auto* silence = std::get_if<JitterBuffer::Silence>(&step)) {
    SP_CHECK(silence->duration > 0 && silence->duration <= frame);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sallyport::ByteReader in{{data, size}};
  const auto rate = in.u8().value_or(0) % 2 == 0 ? 8'000U : 48'000U;
  JitterBuffer buffer{rate, {}};
  sallyport::TimePoint now{std::chrono::hours{1}};
  std::uint64_t pops = 0;
  while (const auto what = in.u8()) {
    if ((*what & 1) == 0) {
      JitterBuffer::Packet packet;
      packet.sequence = in.u16().value_or(0);
      packet.timestamp = in.u32().value_or(0);
      packet.ssrc = *what >> 6;
      packet.duration = in.u16().value_or(0) % (rate / 8);  // a payload lasts at most 120 ms
      packet.payload.assign(1, *what);
      buffer.push(std::move(packet), now);
    } else {
      check(buffer.pop(now, (*what & 2) != 0 ? JitterBuffer::Level::quiet : JitterBuffer::Level::voiced), rate / 50);
      ++pops;
    }
    now += std::chrono::milliseconds{*what >> 2};
    SP_CHECK(buffer.size() <= JitterConfig{}.max_packets);
    SP_CHECK(buffer.targetDelay() <= JitterConfig{}.most);
  }
  const auto& counters = buffer.counters();
  SP_CHECK(counters.played + counters.concealed + counters.silent == pops && counters.played <= counters.received);
  return 0;
}
