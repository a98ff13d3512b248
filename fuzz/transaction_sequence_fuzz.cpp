// SPDX-License-Identifier: Apache-2.0
// The transaction layer against any program of events (the encoding and the invariants are in the driver).
#include <cstddef>
#include <cstdint>

#include "sip/transaction_sequence_driver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostEvents = 256;
  sallyport::sip::test::SequenceDriver driver;
  driver.run({data, std::min(size, 4 * kMostEvents)});
  driver.finish();
  return 0;
}
