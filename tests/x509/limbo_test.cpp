// SPDX-License-Identifier: Apache-2.0
// Every path case of x509-limbo, judged as a peer would be. Where we differ from the corpus is written in
// limbo_disagreements.tsv with the reason, and docs/x509-limbo.md tells the figures: both are held to what the
// code does. SALLYPORT_UPDATE_DOCS=1 writes the figures anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "limbo_case.h"

namespace sallyport::limbo {
namespace {

namespace fs = std::filesystem;

constexpr std::pair<const char*, const char*> kCorpora[] = {
    {"regenerated", "limbo-regenerated-no-bettertls.json"},
    {"upstream", "limbo-2023-12-02-upstream.json"},
};
constexpr char kBegin[] = "<!-- figures: begin -->\n";
constexpr char kEnd[] = "<!-- figures: end -->\n";

fs::path corpusFolder() {
  if (const char* folder = std::getenv("SALLYPORT_CORPORA")) return fs::path{folder} / "x509-limbo";
  return fs::path{SALLYPORT_SOURCE_DIR} / "../shared/corpora/x509-limbo";
}

std::string contentOf(const fs::path& file) {
  std::ifstream stream{file};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

struct Tally {
  unsigned agreed = 0;
  unsigned cases = 0;
  std::string text() const { return std::to_string(agreed) + " of " + std::to_string(cases); }
};

struct Disagreement {
  std::set<std::string> corpora;
  std::string ours;
  std::string reason;
};

struct Outcome {
  std::map<std::string, std::map<std::string, Tally>> groups;  // corpus -> group, "" for all
  std::map<std::string, Disagreement> disagreements;           // by case
};

void judgeAll(const std::string& corpus, const std::vector<Case>& cases, Outcome& outcome) {
  for (const auto& test : cases) {
    const auto ours = judge(test);
    const bool agreed = (ours == "ok") == test.accept;
    for (const auto& group : {std::string{}, test.group}) {
      auto& tally = outcome.groups[corpus][group];
      ++tally.cases;
      tally.agreed += agreed ? 1 : 0;
    }
    if (agreed) continue;
    auto& disagreement = outcome.disagreements[test.id];
    EXPECT_TRUE(disagreement.ours.empty() || disagreement.ours == ours) << test.id << " differs between the corpora";
    disagreement.ours = ours;
    disagreement.corpora.insert(corpus);
  }
}

std::map<std::string, Disagreement> expectedDisagreements() {
  std::map<std::string, Disagreement> rows;
  std::istringstream lines{contentOf(fs::path{SALLYPORT_SOURCE_DIR} / "tests/x509/limbo_disagreements.tsv")};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream cells{line};
    std::string id;
    std::string corpora;
    Disagreement row;
    std::getline(cells, id, '\t');
    std::getline(cells, corpora, '\t');
    std::getline(cells, row.ours, '\t');
    std::getline(cells, row.reason);
    std::istringstream names{corpora};
    for (std::string name; std::getline(names, name, '+');) row.corpora.insert(name);
    EXPECT_GT(row.reason.size(), 20u) << id << " has no reason";
    EXPECT_TRUE(rows.emplace(id, row).second) << id << " stands twice";
  }
  return rows;
}

std::string figures(const Outcome& outcome) {
  std::ostringstream text;
  text << "| group | regenerated | upstream 2023-12-02 |\n| --- | --- | --- |\n";
  std::set<std::string> names;
  for (const auto& [corpus, groups] : outcome.groups) {
    for (const auto& [name, tally] : groups) names.insert(name);
  }
  const auto cell = [&](const std::string& corpus, const std::string& group) {
    const auto& groups = outcome.groups.at(corpus);
    const auto found = groups.find(group);
    return found == groups.end() ? std::string{"-"} : found->second.text();
  };
  for (const auto& name : names) {
    text << "| " << (name.empty() ? "**all**" : name) << " | " << cell("regenerated", name) << " | "
         << cell("upstream", name) << " |\n";
  }
  return text.str();
}

class Limbo : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const auto& [corpus, file] : kCorpora) {
      if (!fs::exists(corpusFolder() / file)) return;
    }
    outcome_ = std::make_unique<Outcome>();
    for (const auto& [corpus, file] : kCorpora) {
      const auto cases = loadCases(corpusFolder() / file);
      ASSERT_TRUE(cases) << describe(cases.error());
      judgeAll(corpus, *cases, *outcome_);
    }
  }
  static void TearDownTestSuite() { outcome_.reset(); }
  void SetUp() override {
    if (!outcome_) GTEST_SKIP() << "no x509-limbo corpus in " << corpusFolder() << "; set SALLYPORT_CORPORA";
  }

  static inline std::unique_ptr<Outcome> outcome_;
};

TEST_F(Limbo, EveryDisagreementIsNamedWithItsReason) {
  for (const auto& [corpus, groups] : outcome_->groups) {
    std::cout << "x509-limbo " << corpus << ": agreement on " << groups.at("").text() << " cases\n";
  }
  const auto expected = expectedDisagreements();
  for (const auto& [id, found] : outcome_->disagreements) {
    const auto row = expected.find(id);
    ASSERT_NE(row, expected.end()) << id << ": we say " << found.ours << ", the corpus does not; no row says why";
    EXPECT_EQ(found.ours, row->second.ours) << id;
    EXPECT_EQ(found.corpora, row->second.corpora) << id;
  }
  for (const auto& [id, row] : expected) {
    EXPECT_TRUE(outcome_->disagreements.contains(id)) << id << " agrees now; its row is stale";
  }
}

TEST_F(Limbo, TheDocumentTellsTheFiguresOfToday) {
  const auto file = fs::path{SALLYPORT_SOURCE_DIR} / "docs/x509-limbo.md";
  const auto document = contentOf(file);
  const auto begin = document.find(kBegin);
  const auto end = document.find(kEnd);
  ASSERT_NE(begin, std::string::npos) << file;
  ASSERT_NE(end, std::string::npos) << file;
  const auto from = begin + std::string{kBegin}.size();
  const auto today = figures(*outcome_);
  if (std::getenv("SALLYPORT_UPDATE_DOCS") != nullptr) {
    std::ofstream{file} << document.substr(0, from) << today << document.substr(end);
    return;
  }
  EXPECT_EQ(document.substr(from, end - from), today) << "SALLYPORT_UPDATE_DOCS=1 writes " << file << " anew";
}

}  // namespace
}  // namespace sallyport::limbo
