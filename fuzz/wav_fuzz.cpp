// SPDX-License-Identifier: Apache-2.0
// WAV files as somebody hands them to the phone: refused by name or read whole, and what was read is
// bounded by what was given.
#include "core/check.h"
#include "phone/audio/wav.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pcm = sallyport::phone::parseWav({data, size});
  if (pcm) SP_CHECK(!pcm->samples.empty() && pcm->samples.size() <= size / 2 && pcm->rate >= 8'000);
  return 0;
}
