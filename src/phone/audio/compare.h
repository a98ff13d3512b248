// SPDX-License-Identifier: Apache-2.0
#pragma once
// Was what was played what was heard? Finds the delay between two recordings by cross-correlation, fits
// the gain, follows small later shifts (a jitter buffer that adapted, two clocks that drift), and measures
// likeness, noise and holes. Pure.

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "phone/audio/pcm.h"
#include "sdp/codec.h"

namespace sallyport::phone {

struct AudioComparison {
  double correlation = 0;       // 0..1 over what both recordings cover, each quarter second at its own best shift
  double snr_db = 0;            // what was played against what differs from it, gain fitted; -20..60
  double segmental_snr_db = 0;  // mean over the 20 ms frames in which something was played; -10..40
  double gain_db = 0;           // heard relative to played
  double delay_ms = 0;          // heard minus played; negative when the recording began later than the playing
  double delay_spread_ms = 0;   // largest minus smallest shift
  double overlap_ms = 0;        // how much of the played audio lies inside the recording
  double active_ms = 0;         // of that, with something to hear
  double missing_ms = 0;        // of that, not heard: silent or unlike
  double coverage = 0;          // overlap relative to what was played, 0..1
};

// Compares within the band of the lower of the two rates. Errors (misconfigured): "phone.compare.too_short" (under half
// a second on either side), "phone.compare.silent" (nothing audible in what was played), "phone.compare.nothing_heard"
// (the recording is silent), "phone.compare.too_long" (over eight minutes).
Result<AudioComparison> compareAudio(const Pcm& played, const Pcm& heard);

struct AudioThresholds {
  double correlation = 0.90;
  std::optional<double> segmental_snr_db;  // meaningless for codecs that do not keep the waveform
  double missing_share = 0.05;             // of active_ms
  double coverage = 0.5;
};

// G.711 keeps the waveform and is held to it; Opus, or an unknown path, keeps the sound.
AudioThresholds thresholdsFor(std::optional<sdp::Codec> codec);

struct AudioVerdict {
  std::vector<std::string> complaints;  // one readable sentence each; none: the same audio
  bool passed() const { return complaints.empty(); }
};
AudioVerdict judge(const AudioComparison& comparison, const AudioThresholds& thresholds);

}  // namespace sallyport::phone
