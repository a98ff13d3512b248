// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a call's outgoing audio comes from, and where what is heard goes. Implementations: WAV files,
// test signals, an echo of the other side, nothing. One instance per call, used on the call's thread.

#include <deque>
#include <memory>
#include <string>

#include "core/result.h"
#include "phone/audio/pcm.h"
#include "phone/audio/tone.h"
#include "phone/audio/wav.h"

namespace sallyport::phone {

class AudioSource {
 public:
  virtual ~AudioSource() = default;
  virtual unsigned rate() const = 0;
  // Fills `out` from its beginning; fewer samples than asked: there is nothing more just now.
  virtual std::size_t read(MutableSamples out) = 0;
};

class AudioSink {
 public:
  virtual ~AudioSink() = default;
  virtual unsigned rate() const = 0;
  // An error is final: the caller stops writing and says so once.
  virtual Status write(Samples samples) = 0;
  virtual Status finish() { return success(); }
};

enum class Repetition : std::uint8_t { once, forever };

std::unique_ptr<AudioSource> playRecording(std::shared_ptr<const Pcm> pcm, Repetition repetition);
std::unique_ptr<AudioSource> playTone(ToneSpec spec, unsigned rate);
std::unique_ptr<AudioSource> playNothing();

// Errors: those of WavWriter::create().
Result<std::unique_ptr<AudioSink>> recordTo(const std::string& path, unsigned rate);
std::unique_ptr<AudioSink> recordInto(std::shared_ptr<Pcm> pcm);  // at the rate `pcm` names; for tests
std::unique_ptr<AudioSink> recordNothing();
// Everything to both; rates may differ. `first` names the rate.
std::unique_ptr<AudioSink> recordBoth(std::unique_ptr<AudioSink> first, std::unique_ptr<AudioSink> second);

// A source that plays what its sink was given. Bounded: what is older than a second is forgotten.
struct EchoPath {
  std::unique_ptr<AudioSource> source;
  std::unique_ptr<AudioSink> sink;
};
EchoPath makeEcho(unsigned rate);

}  // namespace sallyport::phone
