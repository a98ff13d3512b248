// SPDX-License-Identifier: Apache-2.0
#include "identity/strict_json.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

TEST(StrictJsonTest, ReadsEveryKindOfValue) {
  const auto value = parseJsonObject(R"( {"t":"a\u00e4\n","n":-1.5,"i":7,"u":18446744073709551615,"b":true,"z":null,
                                          "l":["x",{"y":2}],"o":{"p":{"q":"r"}}} )");
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->find("t")->text(), "a\xc3\xa4\n");
  EXPECT_EQ(*value->find("n")->number(), -1.5);
  EXPECT_EQ(*value->find("i")->number(), 7);
  EXPECT_EQ(*value->find("u")->number(), 18446744073709551615.0);
  EXPECT_TRUE(std::get<bool>(value->find("b")->value));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(value->find("z")->value));
  ASSERT_EQ(value->find("l")->array()->size(), 2u);
  EXPECT_EQ(*value->find("l")->array()->back().find("y")->number(), 2);
  EXPECT_EQ(*value->find("o")->find("p")->find("q")->text(), "r");
  EXPECT_EQ(value->find("absent"), nullptr);
  EXPECT_EQ(value->find("t")->find("x"), nullptr);
  EXPECT_EQ(value->find("t")->number(), nullptr);
}

TEST(StrictJsonTest, RefusesANameTwiceInOneObject) {
  EXPECT_FALSE(parseJsonObject(R"({"a":1,"a":2})"));
  EXPECT_FALSE(parseJsonObject(R"({"a":1,"\u0061":2})"));
  EXPECT_FALSE(parseJsonObject(R"({"x":{"a":1,"b":2,"a":3}})"));
  EXPECT_TRUE(parseJsonObject(R"({"a":1,"b":{"a":2},"c":[{"a":3}]})"));
}

TEST(StrictJsonTest, RefusesWhatIsNoObjectOrNotAllOfIt) {
  for (const auto* text :
       {"", " ", "[]", "1", "\"a\"", "null", "{", "{}x", "{}{}", "{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\":01}",
        "{\"a\":1}//", "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}", "{\"a\":NaN}", "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(parseJsonObject(text)) << text;
  }
  EXPECT_FALSE(parseJsonObject(std::string_view{"{}\0", 3}));
  EXPECT_TRUE(parseJsonObject("{}"));
}

TEST(StrictJsonTest, RefusesWhatIsTooDeepTooManyOrTooLong) {
  const auto nested = [](int depth) {
    return "{\"a\":" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  EXPECT_TRUE(parseJsonObject(nested(7)));
  EXPECT_FALSE(parseJsonObject(nested(8)));
  EXPECT_FALSE(parseJsonObject(nested(100'000)));
  const auto list = [](int values) {
    std::string text = "{\"a\":[0";
    for (int i = 1; i < values; ++i) text += ",0";
    return text + "]}";
  };
  EXPECT_TRUE(parseJsonObject(list(2'046)));
  EXPECT_FALSE(parseJsonObject(list(2'047)));
  EXPECT_FALSE(parseJsonObject("{\"" + std::string(257, 'a') + "\":1}"));
}

}  // namespace
}  // namespace sallyport::identity
