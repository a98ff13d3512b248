// SPDX-License-Identifier: Apache-2.0
#pragma once
// Linear audio is that of src/audio, under the phone's own roof.

#include "audio/pcm.h"

namespace sallyport::phone {

using audio::frameSamples;
using audio::kFrame;
using audio::MutableSamples;
using audio::Pcm;
using audio::Samples;
using audio::saturate;

}  // namespace sallyport::phone
