// SPDX-License-Identifier: Apache-2.0
// What it costs to make the voice of one codec into another, or its packets into others: 20 ms from a clear RTP payload
// to the clear packets of the other side, speech-like; and what such a direction weighs.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "media/srtp.h"
#include "media/transcoder.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using audio::VoiceCodec;

constexpr unsigned kRate = 8'000;
constexpr std::size_t kFrame = kRate / 50;
constexpr std::size_t kFrames = 500;  // ten seconds, over and over

// Gliding voiced syllables with pauses: a tone alone would flatter the encoder.
std::vector<std::int16_t> speech() {
  std::vector<std::int16_t> pcm(kFrames * kFrame);
  double phase = 0;
  for (std::size_t i = 0; i < pcm.size(); ++i) {
    const double second = static_cast<double>(i) / kRate;
    const double syllable = std::fmod(second, 0.3);
    phase += 2 * std::numbers::pi * (110 + 40 * std::sin(5 * second)) / kRate;
    double sum = 0;
    for (int harmonic = 1; harmonic <= 12; ++harmonic) sum += std::sin(harmonic * phase) / harmonic;
    pcm[i] = syllable < 0.22 ? static_cast<std::int16_t>(4'000 * sum) : std::int16_t{0};
  }
  return pcm;
}

TranscodingConfig configOf(VoiceCodec from, VoiceCodec to) {
  TranscodingConfig config;
  config.from = {{1, from}};
  config.to = {2, to};
  return config;
}

std::vector<std::vector<std::uint8_t>> said(VoiceCodec codec) {
  const auto encoder = *audio::VoiceEncoder::create(codec, kRate);
  encoder->expectLoss(5);
  const auto pcm = speech();
  std::vector<std::vector<std::uint8_t>> payloads;
  for (std::size_t at = 0; at < pcm.size(); at += kFrame) {
    const auto payload = *encoder->encode(audio::Samples{pcm}.subspan(at, kFrame));
    payloads.emplace_back(payload.begin(), payload.end());
  }
  return payloads;
}

void transcode(benchmark::State& state, VoiceCodec from, const TranscodingConfig& config) {
  const auto payloads = said(from);
  const auto transcoder = *Transcoder::create(config);
  RtpHeader header;
  header.payload_type = 1;
  TimePoint now{std::chrono::hours{1}};
  std::array<std::uint8_t, kLongestPacket> buffer;
  for (auto _ : state) {
    benchmark::DoNotOptimize(transcoder->push(header, payloads[header.sequence % kFrames], now));
    while (const auto length = transcoder->next(buffer)) benchmark::DoNotOptimize(length);
    ++header.sequence;
    header.timestamp += audio::rtpClockRate(from) / 50;
    now += std::chrono::milliseconds{20};
  }
  state.counters["calls_per_core"] =
      benchmark::Counter(static_cast<double>(state.iterations()) / 50, benchmark::Counter::kIsRate);  // such directions
}

void transcode(benchmark::State& state, VoiceCodec from, VoiceCodec to) { transcode(state, from, configOf(from, to)); }
void opusToPcma(benchmark::State& state) { transcode(state, VoiceCodec::opus, VoiceCodec::pcma); }
void pcmaToOpus(benchmark::State& state) { transcode(state, VoiceCodec::pcma, VoiceCodec::opus); }
void pcmuToPcma(benchmark::State& state) { transcode(state, VoiceCodec::pcmu, VoiceCodec::pcma); }

TranscodingConfig repacketised(std::chrono::milliseconds packet) {
  auto config = configOf(VoiceCodec::pcmu, VoiceCodec::pcmu);
  config.packet = packet;
  config.crossing = {{1, 2}};
  return config;
}
void pcmuFrom20To30(benchmark::State& state) { transcode(state, VoiceCodec::pcmu, repacketised(30ms)); }
void pcmuFrom20To10(benchmark::State& state) { transcode(state, VoiceCodec::pcmu, repacketised(10ms)); }

// Heap of one direction, the codec library's included.
void weight(benchmark::State& state, VoiceCodec from, VoiceCodec to) {
  constexpr std::size_t kMany = 100;
  double bytes = 0;
  for (auto _ : state) {
    std::vector<std::unique_ptr<Transcoder>> all;
    all.reserve(kMany);
    const auto before = mallinfo2().uordblks;
    for (std::size_t i = 0; i < kMany; ++i) all.push_back(*Transcoder::create(configOf(from, to)));
    bytes = static_cast<double>(mallinfo2().uordblks - before) / kMany;
  }
  state.counters["bytes"] = bytes;
}
void weightOfOpusToPcma(benchmark::State& state) { weight(state, VoiceCodec::opus, VoiceCodec::pcma); }
void weightOfPcmaToOpus(benchmark::State& state) { weight(state, VoiceCodec::pcma, VoiceCodec::opus); }

BENCHMARK(opusToPcma);
BENCHMARK(pcmaToOpus);
BENCHMARK(pcmuToPcma);
BENCHMARK(pcmuFrom20To30);
BENCHMARK(pcmuFrom20To10);
BENCHMARK(weightOfOpusToPcma)->Iterations(1);
BENCHMARK(weightOfPcmaToOpus)->Iterations(1);

}  // namespace
}  // namespace sallyport::media
