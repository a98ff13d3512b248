// SPDX-License-Identifier: Apache-2.0
// Programs of events against the transaction layer: the shared sequence corpus, with what each must show in
// tests/torture/transaction_expectations.tsv, and hand-written ones for the layer's own additions.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "sip/transaction_sequence_driver.h"

namespace sallyport::sip {
namespace {

std::filesystem::path corpus() {
  const char* root = std::getenv("SALLYPORT_CORPORA");
  const std::filesystem::path corpora = root != nullptr ? root : SALLYPORT_SOURCE_DIR "/../shared/corpora";
  return corpora / "sip-transaction-sequences";
}

std::vector<std::uint8_t> bytesOf(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// name -> transcript; lines are name, transcript, what it verifies.
std::map<std::string, std::string> expectations() {
  std::ifstream file{SALLYPORT_SOURCE_DIR "/tests/torture/transaction_expectations.tsv"};
  std::map<std::string, std::string> all;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream fields{line};
    std::string name, transcript;
    std::getline(fields, name, '\t');
    std::getline(fields, transcript, '\t');
    all.emplace(name, transcript);
  }
  return all;
}

std::string transcriptOf(const std::vector<std::uint8_t>& program) {
  test::SequenceDriver driver;
  driver.run(program);
  const std::string transcript = driver.transcript() + (driver.size() == 0 ? " ." : "");
  driver.finish();
  return transcript;
}

TEST(TransactionSequences, EachProgramOfTheCorpusShowsWhatItsNameSays) {
  if (!std::filesystem::is_directory(corpus())) GTEST_SKIP() << "no corpus at " << corpus();
  const auto expected = expectations();
  std::size_t run = 0;
  for (const auto& [name, transcript] : expected) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(std::filesystem::exists(corpus() / name));
    EXPECT_EQ(transcriptOf(bytesOf(corpus() / name)), transcript);
    ++run;
  }
  for (const auto& entry : std::filesystem::directory_iterator{corpus()}) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("LICENSE") || name.starts_with("README")) continue;
    EXPECT_TRUE(expected.contains(name)) << name << " has no expectation";
  }
  EXPECT_EQ(run, expected.size());
}

TEST(TransactionSequences, AProgramCutAnywhereLeavesNothingBehind) {
  const std::vector<std::uint8_t> program{0, 0, 0, 0, 1, 1, 0, 0, 2, 0, 0, 1, 3, 1, 0, 5, 4, 0, 5, 1, 1, 1, 3, 0,
                                          0, 0, 3, 0, 1, 2, 4, 2, 5, 0, 0, 0, 1, 3, 0, 1, 3, 3, 0, 2, 1, 3, 1, 0};
  for (std::size_t length = 0; length <= program.size(); length += 4) {
    test::SequenceDriver driver;
    driver.run(std::span{program}.first(length));
    driver.finish();
  }
}

}  // namespace
}  // namespace sallyport::sip
