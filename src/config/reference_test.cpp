// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md names every setting there is, and none that is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "config/sections.h"

namespace sallyport::config {
namespace {

using testing::IsEmpty;

std::set<std::string> documented() {
  std::ifstream page{std::string{SALLYPORT_SOURCE_DIR} + "/docs/configuration.md"};
  const std::regex heading{R"(^## `\[+([a-z_]+).*`$)"}, row{R"(^\| `([A-Za-z0-9_.]+)` \|.*)"};
  std::set<std::string> settings;
  std::string section;
  for (std::string line; std::getline(page, line);) {
    std::smatch match;
    if (std::regex_match(line, match, heading)) section = match[1];
    if (!std::regex_match(line, match, row)) continue;
    EXPECT_TRUE(settings.insert(section + "." + match[1].str()).second) << section << "." << match[1] << " twice";
  }
  return settings;
}

std::vector<std::string> without(const std::set<std::string>& all, const std::set<std::string>& known) {
  std::vector<std::string> rest;
  std::set_difference(all.begin(), all.end(), known.begin(), known.end(), std::back_inserter(rest));
  return rest;
}

TEST(Reference, NamesEverySettingAndNoOther) {
  auto read = everySetting();
  std::erase_if(read, [](const std::string& name) { return name.find('.') == std::string::npos; });  // the sections
  read.erase("header_policy.NAME");
  EXPECT_THAT(without(read, documented()), IsEmpty()) << "read, but not in docs/configuration.md";
  EXPECT_THAT(without(documented(), read), IsEmpty()) << "in docs/configuration.md, but not read";
  EXPECT_GT(read.size(), 150u);
}

}  // namespace
}  // namespace sallyport::config
