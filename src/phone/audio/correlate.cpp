// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/correlate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>
#include <vector>

#include "core/check.h"

namespace sallyport::phone {
namespace {

using Complex = std::complex<float>;
constexpr std::size_t kLongest = std::size_t{1} << 22;

// In-place radix-2 FFT (Cooley-Tukey); the size is a power of two.
void transform(std::vector<Complex>& values) {
  const std::size_t count = values.size();
  for (std::size_t i = 1, reversed = 0; i < count; ++i) {
    std::size_t bit = count >> 1;
    for (; (reversed & bit) != 0; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (i < reversed) std::swap(values[i], values[reversed]);
  }
  std::vector<Complex> twiddles(count / 2);
  for (std::size_t i = 0; i < count / 2; ++i) {
    const double angle = -2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(count);
    twiddles[i] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
  }
  for (std::size_t half = 1; half < count; half *= 2) {
    const std::size_t stride = count / (2 * half);
    for (std::size_t start = 0; start < count; start += 2 * half) {
      for (std::size_t i = 0; i < half; ++i) {
        Complex& low = values[start + i];
        Complex& high = values[start + i + half];
        const Complex turned = high * twiddles[i * stride];
        high = low - turned;
        low += turned;
      }
    }
  }
}

}  // namespace

std::ptrdiff_t likeliestLag(std::span<const float> played, std::span<const float> heard) {
  SP_CHECK(!played.empty() && !heard.empty() && played.size() <= kLongest && heard.size() <= kLongest);
  const std::size_t size = std::bit_ceil(played.size() + heard.size());
  // Both real signals ride in one transform: played as the real part, heard as the imaginary part.
  std::vector<Complex> both(size);
  for (std::size_t i = 0; i < played.size(); ++i) both[i].real(played[i]);
  for (std::size_t i = 0; i < heard.size(); ++i) both[i].imag(heard[i]);
  transform(both);

  std::vector<Complex> product(size);
  for (std::size_t i = 0; i < size; ++i) {
    const Complex forward = both[i];
    const Complex mirror = std::conj(both[(size - i) % size]);
    const Complex of_played = (forward + mirror) * 0.5F;
    const Complex of_heard = (forward - mirror) * Complex{0, -0.5F};
    product[i] = of_played * std::conj(of_heard);  // conjugated: a second forward transform then inverts it
  }
  transform(product);

  const auto peak = std::max_element(product.begin(), product.end(),
                                     [](const Complex& a, const Complex& b) { return a.real() < b.real(); });
  const auto index = static_cast<std::size_t>(peak - product.begin());
  return index < heard.size() ? static_cast<std::ptrdiff_t>(index)
                              : static_cast<std::ptrdiff_t>(index) - static_cast<std::ptrdiff_t>(size);
}

}  // namespace sallyport::phone
