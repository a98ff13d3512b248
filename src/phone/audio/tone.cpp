// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/tone.h"

#include <array>
#include <cmath>
#include <numbers>

#include "core/numbers.h"

namespace sallyport::phone {
namespace {

constexpr double kPeak = 9'000;  // about -11 dBov: loud enough to measure, far from clipping
constexpr std::size_t kMostTones = 8;
constexpr unsigned kHighestTone = 3'800;  // what telephone audio carries
constexpr std::array<double, 12> kHarmonics{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

Error malformed(std::string_view text) {
  return {
      ErrorKind::misconfigured, "phone.tone.malformed",
      "'" + std::string{text} + "': expected frequencies in Hz such as 440 or 697+1209 (50-3800), or speech[:seed]"};
}

}  // namespace

Result<ToneSpec> parseTone(std::string_view text) {
  constexpr std::string_view kSpeech = "speech";
  if (text == kSpeech) return ToneSpec{};
  if (text.starts_with("speech:")) {
    const auto seed = parseUnsigned(text.substr(kSpeech.size() + 1), 0, 1'000'000);
    if (!seed) return malformed(text);
    return ToneSpec{{}, *seed};
  }
  ToneSpec spec;
  std::string_view rest = text;
  for (;;) {
    const auto plus = rest.find('+');
    const auto frequency = parseUnsigned(rest.substr(0, plus), 50, kHighestTone);
    if (!frequency || spec.frequencies.size() == kMostTones) return malformed(text);
    spec.frequencies.push_back(static_cast<unsigned>(*frequency));
    if (plus == std::string_view::npos) return spec;
    rest.remove_prefix(plus + 1);
  }
}

ToneGenerator::ToneGenerator(ToneSpec spec, unsigned rate)
    : spec_(std::move(spec)),
      rate_(rate),
      phases_(std::max<std::size_t>(1, spec_.frequencies.size())),
      state_(spec_.seed * 0x9E3779B97F4A7C15ULL + 1) {}

void ToneGenerator::fill(MutableSamples out) { spec_.frequencies.empty() ? fillSpeech(out) : fillTones(out); }

void ToneGenerator::fillTones(MutableSamples out) {
  const double share = kPeak / static_cast<double>(phases_.size());
  for (auto& sample : out) {
    double sum = 0;
    for (std::size_t i = 0; i < phases_.size(); ++i) {
      sum += std::sin(2 * std::numbers::pi * phases_[i]);
      phases_[i] = std::fmod(phases_[i] + spec_.frequencies[i] / rate_, 1.0);
    }
    sample = saturate(share * sum);
  }
}

// A glottal-like sum of harmonics, louder near one moving resonance, under a raised-cosine envelope.
void ToneGenerator::fillSpeech(MutableSamples out) {
  for (auto& sample : out) {
    if (at_ == syllable_) nextSyllable();
    const auto at = static_cast<double>(at_++);
    if (at >= static_cast<double>(voiced_)) {
      sample = 0;
      continue;
    }
    const double share = at / static_cast<double>(voiced_);
    const double pitch = pitch_ + glide_ * share;
    phases_[0] = std::fmod(phases_[0] + pitch / rate_, 1.0);
    double sum = 0;
    for (const double harmonic : kHarmonics) {
      const double away = (harmonic * pitch - formant_) / 450;
      sum += (0.25 + std::exp(-away * away)) / std::sqrt(harmonic) *
             std::sin(2 * std::numbers::pi * phases_[0] * harmonic);
    }
    sample = saturate(0.45 * kPeak * 0.5 * (1 - std::cos(2 * std::numbers::pi * share)) * sum);
  }
}

void ToneGenerator::nextSyllable() {
  pitch_ = random(95, 260);
  glide_ = random(-45, 45);
  formant_ = random(350, 1'900);
  voiced_ = static_cast<std::size_t>(random(0.11, 0.26) * rate_);
  syllable_ = voiced_ + static_cast<std::size_t>(random(0.02, 0.11) * rate_);
  at_ = 0;
}

double ToneGenerator::random(double low, double high) {
  // xorshift64*: reproducible everywhere, and nothing here is secret.
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  const auto draw = (state_ * 0x2545F4914F6CDD1DULL) >> 11;
  return low + (high - low) * static_cast<double>(draw) / 9007199254740992.0;
}

Pcm generateTone(const ToneSpec& spec, unsigned rate, std::chrono::milliseconds duration) {
  Pcm pcm{rate, {}};
  pcm.samples.resize(static_cast<std::size_t>(duration.count()) * rate / 1'000);
  ToneGenerator{spec, rate}.fill(pcm.samples);
  return pcm;
}

}  // namespace sallyport::phone
