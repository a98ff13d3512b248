// SPDX-License-Identifier: Apache-2.0
#include "app/judges.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace sallyport::app {
namespace {

class DecoyKey : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  const std::filesystem::path folder_ = testing::TempDir() + "decoys." + std::to_string(::getpid());
  const std::filesystem::path file_ = folder_ / "decoys.key";
};

TEST_F(DecoyKey, IsTheSameAfterARestart) {
  const auto first = decoyKey(folder_);
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_EQ(first->size(), 32u);
  const auto again = decoyKey(folder_);
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(*first, *again);
}

TEST_F(DecoyKey, IsItsOwnersAlone) {
  ASSERT_TRUE(decoyKey(folder_));
  EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms{0600});
  std::filesystem::permissions(file_, std::filesystem::perms{0644});
  EXPECT_STREQ(decoyKey(folder_).error().code, "crypto.key.permissions");
}

TEST_F(DecoyKey, OfAnotherSizeIsNotTaken) {
  std::ofstream{file_} << "short";
  std::filesystem::permissions(file_, std::filesystem::perms{0600});
  EXPECT_STREQ(decoyKey(folder_).error().code, "app.decoys.malformed");
}

TEST_F(DecoyKey, ThatCanNotBeKeptIsAnError) {
  EXPECT_STREQ(decoyKey(folder_ / "nowhere").error().code, "ca.unwritable");
}

}  // namespace
}  // namespace sallyport::app
