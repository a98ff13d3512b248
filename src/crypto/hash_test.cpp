// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "crypto/encoding.h"

namespace sallyport::crypto {
namespace {

std::string hmacHex(std::string_view key, std::string_view data) {
  return toHex(hmacSha256(bytesOf(key), bytesOf(data)));
}

TEST(HmacSha256, AgreesWithTheVectorsOfRfc4231) {
  EXPECT_EQ(hmacHex(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmacHex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmacHex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha1, AgreesWithTheVectorsOfRfc2202) {
  EXPECT_EQ(toHex(hmacSha1(bytesOf(std::string(20, '\x0b')), bytesOf("Hi There"))),
            "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(toHex(hmacSha1(bytesOf("Jefe"), bytesOf("what do ya want for nothing?"))),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(HmacSha256, AnEmptyKeyIsAKeyAndNotThatOfBefore) {
  const std::string_view expected = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";  // of nothing
  hmacHex("before", "");
  EXPECT_EQ(hmacHex("", ""), expected);
}

std::string hexHash(HashAlgorithm algorithm, std::string_view text) {
  std::array<std::uint8_t, kMaxHashBytes> out{};
  return toHex(hash(algorithm, bytesOf(text), out));
}

TEST(Sha384, GivesThePublishedValueOfAbc) {
  EXPECT_EQ(toHex(sha384(bytesOf("abc"))),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
}

TEST(Hash, GivesThePublishedValuesOfAbc) {
  // FIPS 180-4 examples, RFC 1321 A.5.
  EXPECT_EQ(hexHash(HashAlgorithm::sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hexHash(HashAlgorithm::sha512_256, "abc"),
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
  EXPECT_EQ(hexHash(HashAlgorithm::md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(toHex(sha256(bytesOf("abc"))), hexHash(HashAlgorithm::sha256, "abc"));
}

TEST(Hash, ComparisonTellsEqualFromUnequal) {
  EXPECT_TRUE(equalInConstantTime(bytesOf("secret"), bytesOf("secret")));
  EXPECT_FALSE(equalInConstantTime(bytesOf("secret"), bytesOf("secreT")));
  EXPECT_FALSE(equalInConstantTime(bytesOf("secret"), bytesOf("secrets")));
}

}  // namespace
}  // namespace sallyport::crypto
