// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests: a good file, one change to it, and the one problem that must be reported.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "config/load.h"

namespace sallyport::config {

// Lines are counted from here: line 1 is "[edge]", line 20 the last, an appended line is the 21st.
inline constexpr std::string_view kGoodFile = R"([edge]
domains = ["example.org"]
[[listener]]
name = "public"
address = "0.0.0.0:5061"
certificate = "edge.pem"
key = "edge.key"
[media]
address = "192.0.2.10"
[[trust]]
name = "private"
anchors = "ca.pem"
[[peer]]
name = "core"
identities = ["dns:core.example"]
trust = "private"
address = "192.0.2.20:5071"
[[route]]
user = "*"
to = "core"
)";

struct Case {
  const char* name;
  std::string_view replace;  // the first occurrence of this ...
  std::string_view with;     // ... becomes this
  std::string_view more;     // appended
  const char* code;
  unsigned line;
  std::string_view says;
  std::string_view suggests = {};
};

inline void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }
inline std::string caseName(const testing::TestParamInfo<Case>& info) { return info.param.name; }

inline std::string textOf(const Case& row) {
  std::string text{kGoodFile};
  if (!row.replace.empty()) {
    const auto at = text.find(row.replace);
    EXPECT_NE(at, std::string::npos) << row.name;
    if (at != std::string::npos) text.replace(at, row.replace.size(), row.with);
  }
  return text + std::string{row.more};
}

inline void expectOnly(const std::vector<Problem>& problems, const Case& row, const std::string& report) {
  ASSERT_EQ(problems.size(), 1u) << report;
  EXPECT_STREQ(problems[0].code, row.code) << report;
  EXPECT_EQ(problems[0].line, row.line) << report;
  EXPECT_THAT(problems[0].message, testing::HasSubstr(row.says));
  EXPECT_THAT(problems[0].suggestion, testing::HasSubstr(row.suggests));
}

inline void expectProblem(const Case& row) {
  const auto outcome = parse(textOf(row), "edge.toml");
  EXPECT_FALSE(outcome.ok());
  expectOnly(outcome.errors, row, outcome.report());
}

inline void expectAdvice(const Case& row) {
  const auto outcome = parse(textOf(row), "edge.toml");
  EXPECT_TRUE(outcome.ok());
  expectOnly(outcome.warnings, row, outcome.report());
}

}  // namespace sallyport::config
