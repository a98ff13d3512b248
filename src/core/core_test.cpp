// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

namespace sallyport {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error{ErrorKind::misconfigured, "test.odd", std::to_string(value)};
  return value / 2;
}

Result<int> quarter(int value) {
  SP_ASSIGN(const auto once, half(value));
  SP_TRY(half(once));
  return half(once);
}

TEST(Result, CarriesTheFirstErrorOut) {
  EXPECT_EQ(*quarter(8), 2);
  const auto refused = quarter(6);
  ASSERT_FALSE(refused);
  EXPECT_EQ(describe(refused.error()), "test.odd: 3");
}

TEST(ByteReader, RefusesToOverrunAndStaysWhereItWas) {
  const std::array<std::uint8_t, 3> bytes{1, 2, 3};
  ByteReader reader{bytes};
  EXPECT_FALSE(reader.u32());
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_FALSE(reader.u16());
  EXPECT_EQ(reader.u8(), 3);
  EXPECT_FALSE(reader.take(1));
}

TEST(ByteWriter, RemembersAWriteThatDidNotFit) {
  std::array<std::uint8_t, 3> out{};
  ByteWriter writer{out};
  writer.u16(0x0102);
  writer.u16(0x0304);
  EXPECT_TRUE(writer.overflowed());
  EXPECT_EQ(writer.written().size(), 2u);
}

TEST(Secret, ComparesByContentAndIsEmptyAfterAMove) {
  const std::array<std::uint8_t, 3> bytes{1, 2, 3};
  Secret first{Bytes{bytes}};
  Secret second = first.clone();
  EXPECT_TRUE(first == second);
  const Secret third = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): the emptiness is the point
  EXPECT_TRUE(third == second);
}

}  // namespace
}  // namespace sallyport
