// SPDX-License-Identifier: Apache-2.0
#pragma once
// Test signals, made sample by sample: a steady tone, several at once, or "speech": gliding voiced
// syllables with pauses, whose shape in time a comparison can recognise. The same seed makes the same
// signal; different seeds do not correlate. Pure.

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "phone/audio/pcm.h"

namespace sallyport::phone {

struct ToneSpec {
  std::vector<unsigned> frequencies;  // Hz; empty: speech
  std::uint64_t seed = 1;             // of the speech
};

// "440", "697+1209", "speech" or "speech:7". Error (misconfigured): "phone.tone.malformed".
Result<ToneSpec> parseTone(std::string_view text);

class ToneGenerator {
 public:
  ToneGenerator(ToneSpec spec, unsigned rate);
  void fill(MutableSamples out);

 private:
  void fillTones(MutableSamples out);
  void fillSpeech(MutableSamples out);
  void nextSyllable();
  double random(double low, double high);

  ToneSpec spec_;
  const double rate_;
  std::vector<double> phases_;  // 0..1 turns, one per frequency; the first is the voice's
  std::uint64_t state_;
  double pitch_ = 0, glide_ = 0, formant_ = 0;      // of the syllable, Hz
  std::size_t at_ = 0, voiced_ = 0, syllable_ = 0;  // position, voiced part and whole length in samples
};

Pcm generateTone(const ToneSpec& spec, unsigned rate, std::chrono::milliseconds duration);

}  // namespace sallyport::phone
