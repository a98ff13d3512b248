// SPDX-License-Identifier: Apache-2.0
#include "crypto/encoding.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/random.h"

namespace sallyport::crypto {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets octets(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64Encode(octets("")), "");
  EXPECT_EQ(base64Encode(octets("f")), "Zg==");
  EXPECT_EQ(base64Encode(octets("fo")), "Zm8=");
  EXPECT_EQ(base64Encode(octets("foo")), "Zm9v");
  EXPECT_EQ(base64Encode(octets("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64EncodeUnpadded(octets("fo")), "Zm8");
}

TEST(Base64, EveryLengthComesBack) {
  for (std::size_t size = 0; size < 70; ++size) {
    Octets bytes(size);
    fillRandom(bytes);
    EXPECT_EQ(base64Decode(base64Encode(bytes), Base64Padding::required), bytes);
    EXPECT_EQ(base64Decode(base64EncodeUnpadded(bytes), Base64Padding::forbidden), bytes);
    EXPECT_EQ(base64Decode(base64EncodeUnpadded(bytes), Base64Padding::optional), bytes);
  }
}

TEST(Base64, PaddingIsAsTheCallerSays) {
  EXPECT_FALSE(base64Decode("Zg", Base64Padding::required));
  EXPECT_FALSE(base64Decode("Zg==", Base64Padding::forbidden));
  EXPECT_EQ(base64Decode("Zg", Base64Padding::optional), octets("f"));
  EXPECT_EQ(base64Decode("Zg==", Base64Padding::optional), octets("f"));
}

TEST(Base64, RefusesASecondSpellingOfAValue) {
  for (const auto* text : {"Zh==", "Zm9=", "Z", "Zg=", "Z===", "====", "Zm9v=", "Zm 9", "Zm9v\n", "Zm-_", "Zg==Zg=="}) {
    EXPECT_FALSE(base64Decode(text, Base64Padding::optional)) << text;
    EXPECT_FALSE(base64Decode(text, Base64Padding::required)) << text;
  }
}

TEST(Hex, ComesBackAndRefusesWhatIsNone) {
  EXPECT_EQ(toHex(octets("\x0a\xff")), "0aff");
  EXPECT_EQ(toColonHex(octets("\x0a\xff")), "0A:FF");
  EXPECT_EQ(fromHex("0aFF"), octets("\x0a\xff"));
  EXPECT_EQ(fromHex(""), Octets{});
  for (const auto* text : {"0", "0g", "0x", " 0", "0a:ff"}) EXPECT_FALSE(fromHex(text)) << text;
}

TEST(Sha256, IsThatOfFips180) {
  EXPECT_EQ(toHex(sha256(octets("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Base64Url, IsWrittenAsRfc7515Writes) {
  const Octets bytes{3, 236, 255, 224, 193};  // RFC 7515 appendix C
  EXPECT_EQ(base64UrlEncode(bytes), "A-z_4ME");
  EXPECT_EQ(base64UrlDecode("A-z_4ME"), bytes);
}

TEST(Base64Url, RefusesTheOtherAlphabetPaddingAndASecondSpelling) {
  for (const auto* text : {"A+z/4ME", "A-z_4ME=", "A-z_4MF", "A-z_4 ME", "A"}) {
    EXPECT_FALSE(base64UrlDecode(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport::crypto
