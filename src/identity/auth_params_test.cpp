// SPDX-License-Identifier: Apache-2.0
#include "identity/auth_params.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

std::string codeOf(const Result<AuthParams>& result) { return result ? "ok" : result.error().code; }

TEST(AuthParamsTest, ReadsTokensQuotedStringsAndUnquotedBase64) {
  const auto params = AuthParams::parse("Scheme realm = \"a, \\\"b\\\"\",\tsid=x.1 , Data=a/b+==, empty=\"\"");
  ASSERT_TRUE(params) << describe(params.error());
  EXPECT_TRUE(params->isScheme("sCHEME"));
  EXPECT_FALSE(params->isScheme("Schem"));
  EXPECT_EQ(params->find("REALM"), "a, \"b\"");
  EXPECT_EQ(params->find("sid"), "x.1");
  EXPECT_EQ(params->find("data"), "a/b+==");
  EXPECT_EQ(params->find("empty"), "");
  EXPECT_FALSE(params->find("nonce"));
}

TEST(AuthParamsTest, ASchemeMayStandAloneAndParametersWithoutOne) {
  EXPECT_TRUE(AuthParams::parse("Scheme")->isScheme("scheme"));
  const auto params = AuthParams::parseSchemeless("a=1,b=2");
  EXPECT_EQ(params->scheme(), "");
  EXPECT_EQ(params->find("b"), "2");
}

TEST(AuthParamsTest, WhatIsQuotedIsReadBack) {
  const std::string text = "with \"quotes\" and \\";
  EXPECT_EQ(AuthParams::parseSchemeless("a=" + quotedString(text))->find("a"), text);
}

TEST(AuthParamsTest, RefusesWhatTwoReadersCouldReadDifferently) {
  for (const auto* value :
       {"", " Scheme a=1", "S a", "S a=", "S =1", "S a=1,", "S ,a=1", "S a=1,,b=2", "S a=\"1", "S a=1\"",
        "S a=\"1\"2\"", "S a=\"1\\\"", "S a=\"1\x01\"", "S a=1 2", "S a b=1", "S a=<1>", "S a==", "S a=/"}) {
    EXPECT_EQ(codeOf(AuthParams::parse(value)), "identity.params.malformed") << value;
  }
}

TEST(AuthParamsTest, RefusesANameTwice) {
  EXPECT_EQ(codeOf(AuthParams::parse("S a=1, A=2")), "identity.params.repeated");
}

TEST(AuthParamsTest, RefusesMoreParametersThanAnyoneNeeds) {
  std::string value = "S p0=0";
  for (int i = 1; i < 32; ++i) value += ",p" + std::to_string(i) + "=0";
  EXPECT_EQ(codeOf(AuthParams::parse(value)), "ok");
  EXPECT_EQ(codeOf(AuthParams::parse(value + ",p32=0")), "identity.params.too_many");
}

}  // namespace
}  // namespace sallyport::identity
