// SPDX-License-Identifier: Apache-2.0
// The call server against any program of what two peers say, the network does and time brings (the encoding and
// the invariants are in the driver). Our own tags and keys are random, so a finding is reproduced by its program, not
// byte by byte.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "call/call_sequence_driver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostEvents = 256;
  sallyport::call::test::CallSequenceDriver driver;
  driver.run({data, std::min(size, 3 * kMostEvents)});
  driver.finish();
  return 0;
}
