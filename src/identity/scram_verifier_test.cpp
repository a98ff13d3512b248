// SPDX-License-Identifier: Apache-2.0
#include "identity/scram_verifier.h"

#include <gtest/gtest.h>

#include "core/secret_text.h"
#include "crypto/encoding.h"

namespace sallyport::identity {
namespace {

// The salt of RFC 7677 3, and the verifier of its password "pencil".
constexpr std::string_view kSalt = "W22ZaJ0SNY7soEsUEjb6gQ==";
constexpr std::string_view kPencil =
    "4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

std::string salt() {
  const auto bytes = crypto::base64Decode(kSalt, crypto::Base64Padding::required);
  return {bytes->begin(), bytes->end()};
}

Result<ScramVerifier> made(std::string_view password, unsigned iterations = 4'096) {
  return makeScramVerifier(password, iterations, salt());
}

std::string codeOf(const Result<ScramVerifier>& result) { return result ? "ok" : result.error().code; }

TEST(ScramVerifierTest, IsThatOfRfc7677ForItsExample) {
  const auto verifier = made("pencil");
  ASSERT_TRUE(verifier) << describe(verifier.error());
  EXPECT_EQ(textOf(textOf(*verifier)), kPencil);
}

TEST(ScramVerifierTest, ComesBackFromItsText) {
  const auto verifier = parseScramVerifier(kPencil);
  ASSERT_TRUE(verifier) << describe(verifier.error());
  EXPECT_EQ(verifier->iterations, 4'096u);
  EXPECT_EQ(textOf(textOf(*verifier)), kPencil);
}

TEST(ScramVerifierTest, APasswordIsPreparedAsRfc4013Says) {
  const std::string soft_hyphen = "\xc2\xad";  // maps to nothing
  EXPECT_EQ(textOf(textOf(*made("pen" + soft_hyphen + "cil"))), kPencil);
}

TEST(ScramVerifierTest, RefusesAPasswordThatIsNone) {
  EXPECT_EQ(codeOf(made("")), "identity.scram.password");
  EXPECT_EQ(codeOf(made({"a\0b", 3})), "identity.scram.password");
  EXPECT_EQ(codeOf(made("a\x07")), "identity.scram.password");
  EXPECT_EQ(codeOf(made("\xff")), "identity.scram.password");
}

TEST(ScramVerifierTest, RefusesIterationsAndSaltsOutOfBounds) {
  EXPECT_EQ(codeOf(made("pencil", 4'095)), "identity.scram.iterations");
  EXPECT_EQ(codeOf(made("pencil", 1'000'001)), "identity.scram.iterations");
  EXPECT_EQ(codeOf(makeScramVerifier("pencil", 4'096, "abc")), "identity.scram.salt");
  EXPECT_EQ(codeOf(makeScramVerifier("pencil", 4'096, std::string(65, 'a'))), "identity.scram.salt");
}

TEST(ScramVerifierTest, RefusesATextOfAnotherForm) {
  const std::string whole{kPencil};
  for (const auto& text : {std::string{}, whole.substr(5), whole.substr(0, whole.size() - 1), "0" + whole.substr(4),
                           whole + " ", whole.substr(0, whole.find(':')), std::string{"4096$$a:b"},
                           std::string{"4096$AAA=$AAAA:AAAA"}, std::string{"4095"} + whole.substr(4)}) {
    EXPECT_EQ(codeOf(parseScramVerifier(text)), "identity.scram.verifier") << text;
  }
}

}  // namespace
}  // namespace sallyport::identity
