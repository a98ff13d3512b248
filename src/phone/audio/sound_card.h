// SPDX-License-Identifier: Apache-2.0
#pragma once
// A microphone and a loudspeaker, by PortAudio. Its callbacks run on a thread of the library; between it and the call's
// thread stand two ring buffers of a fifth of a second, which also take up what two clocks drift apart: what
// does not fit is left out, what is missing is silence.

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "phone/audio/source_sink.h"

namespace sallyport::phone {

struct SoundDevice {
  std::string name;
  int inputs = 0, outputs = 0;  // channels
};

// Error: phone.audio.unavailable (unavailable): the library does not start.
Result<std::vector<SoundDevice>> soundDevices();

struct SoundCardAudio {
  std::unique_ptr<AudioSource> source;
  std::unique_ptr<AudioSink> sink;
};
// "": what the system prefers. Both ends go on until both are gone. Errors: phone.audio.no_device (misconfigured: none
// at all, or none of that name that can do both), phone.audio.device (unavailable: it does not open), those of
// soundDevices().
Result<SoundCardAudio> openSoundCard(const std::string& device);

}  // namespace sallyport::phone
