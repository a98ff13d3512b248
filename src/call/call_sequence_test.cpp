// SPDX-License-Identifier: Apache-2.0
// Random programs of events against the call server; the invariants are the driver's.
#include "call/call_sequence_driver.h"

#include <random>

namespace sallyport::call::test {
namespace {

std::vector<std::uint8_t> programOf(std::uint32_t seed, std::size_t events) {
  std::mt19937 random{seed};
  std::vector<std::uint8_t> program(3 * events);
  for (auto& byte : program) byte = static_cast<std::uint8_t>(random());
  return program;
}

TEST(CallSequences, NoInterleavingLeavesAnythingBehind) {
  std::size_t begun = 0, answered = 0;
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    CallSequenceDriver driver;
    driver.run(programOf(seed, 50 + seed % 500));
    driver.finish();
    begun += driver.begun();
    answered += driver.answered();
  }
  RecordProperty("begun", static_cast<int>(begun));
  RecordProperty("answered", static_cast<int>(answered));
  // The programs are worth something: they begin calls, and some of those are answered.
  EXPECT_GT(begun, 1'000u);
  EXPECT_GT(answered, 100u);
}

}  // namespace
}  // namespace sallyport::call::test
