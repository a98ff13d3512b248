// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/resampler.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/check.h"

namespace sallyport::phone {
namespace {

constexpr double kZeroCrossings = 16;  // of the sinc to either side: stop band below -70 dB with this window
constexpr double kPassBand = 0.92;     // of Nyquist, leaving room for the transition

double sinc(double x) { return x == 0 ? 1.0 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }

// Blackman window over -1..1.
double window(double x) {
  if (x <= -1 || x >= 1) return 0;
  return 0.42 + 0.5 * std::cos(std::numbers::pi * x) + 0.08 * std::cos(2 * std::numbers::pi * x);
}

}  // namespace

Resampler::Resampler(unsigned from, unsigned to) : pass_through_(from == to) {
  SP_CHECK(from >= kLowestRate && from <= kHighestRate && to >= kLowestRate && to <= kHighestRate);
  if (pass_through_) return;
  const unsigned common = std::gcd(from, to);
  up_ = to / common;
  down_ = from / common;

  const double cutoff = kPassBand * std::min(1.0, static_cast<double>(to) / from);  // of the input's Nyquist
  half_width_ = static_cast<std::size_t>(std::ceil(kZeroCrossings / cutoff));
  const std::size_t taps = 2 * half_width_;
  filter_.resize(up_ * taps);
  for (unsigned phase = 0; phase < up_; ++phase) {
    double sum = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      // The output instant lies `phase/up_` after the sample at index half_width_ - 1 of its window.
      const double distance =
          static_cast<double>(tap) - static_cast<double>(half_width_ - 1) - static_cast<double>(phase) / up_;
      const double value = sinc(distance * cutoff) * window(distance / static_cast<double>(half_width_));
      filter_[phase * taps + tap] = static_cast<float>(value);
      sum += value;
    }
    for (std::size_t tap = 0; tap < taps; ++tap) filter_[phase * taps + tap] /= static_cast<float>(sum);
  }
  history_.assign(half_width_ - 1, 0.0F);  // silence before the first sample: output n is input n * down / up
}

void Resampler::process(Samples in, std::vector<std::int16_t>& out) {
  if (pass_through_) {
    out.insert(out.end(), in.begin(), in.end());
    return;
  }
  history_.insert(history_.end(), in.begin(), in.end());
  const std::size_t taps = 2 * half_width_;
  while (position_ + taps <= history_.size()) {
    const float* coefficients = &filter_[phase_ * taps];
    const float* samples = &history_[position_];
    out.push_back(saturate(std::inner_product(samples, samples + taps, coefficients, 0.0F)));
    phase_ += down_;
    position_ += phase_ / up_;
    phase_ %= up_;
  }
  const std::size_t used = std::min(position_, history_.size());
  history_.erase(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(used));
  position_ -= used;
}

Pcm resampled(const Pcm& pcm, unsigned rate) {
  if (pcm.rate == rate) return pcm;
  Pcm out{rate, {}};
  const auto wanted = static_cast<std::size_t>(static_cast<std::uint64_t>(pcm.samples.size()) * rate / pcm.rate);
  out.samples.reserve(wanted + 64);
  Resampler resampler{pcm.rate, rate};
  resampler.process(pcm.samples, out.samples);
  const std::vector<std::int16_t> tail(resampler.latency() + 1);
  resampler.process(tail, out.samples);
  out.samples.resize(wanted);
  return out;
}

}  // namespace sallyport::phone
