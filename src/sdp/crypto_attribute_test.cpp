// SPDX-License-Identifier: Apache-2.0
#include "sdp/crypto_attribute.h"

#include <gtest/gtest.h>

#include "sdp/base64.h"

namespace sallyport::sdp {
namespace {

using crypto::SrtpSuite;

constexpr std::string_view kKey30 = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";  // RFC 4568 9.1's kind

std::string keyOf(std::size_t bytes) { return encodeBase64(Secret{bytes}.bytes()); }

// What becomes of a line: the suite's registered name, "skip: reason", or the error code.
std::string outcome(const std::string& value) {
  const auto line = parseCrypto(value);
  if (!line) return line.error().code;
  if (const auto* offer = std::get_if<CryptoOffer>(&*line)) return std::string{crypto::factsOf(offer->suite).name};
  return std::string{"skip: "} + std::get<SkippedCrypto>(*line).reason;
}

std::string cm128(const std::string& key_parameters, const std::string& session_parameters = "") {
  return "1 AES_CM_128_HMAC_SHA1_80 inline:" + key_parameters + session_parameters;
}

TEST(ParseCrypto, TakesEverySuiteOfOursInEverySpelling) {
  EXPECT_EQ(outcome("1 AEAD_AES_256_GCM inline:" + keyOf(44)), "AEAD_AES_256_GCM");
  EXPECT_EQ(outcome("1 AEAD_AES_128_GCM inline:" + keyOf(28)), "AEAD_AES_128_GCM");
  EXPECT_EQ(outcome("1 AES_256_CM_HMAC_SHA1_80 inline:" + keyOf(46)), "AES_256_CM_HMAC_SHA1_80");
  EXPECT_EQ(outcome("1 AES_CM_256_HMAC_SHA1_80 inline:" + keyOf(46)), "AES_256_CM_HMAC_SHA1_80");
  EXPECT_EQ(outcome(cm128(std::string{kKey30})), "AES_CM_128_HMAC_SHA1_80");
}

TEST(ParseCrypto, TakesKeysWithoutTheirPadding) {
  auto key = keyOf(44);
  while (key.ends_with('=')) key.pop_back();
  EXPECT_EQ(outcome("1 AEAD_AES_256_GCM inline:" + key), "AEAD_AES_256_GCM");
}

TEST(ParseCrypto, ReadsTheKeyTheTagAndTheLifetime) {
  const auto line = parseCrypto("7 AES_CM_128_HMAC_SHA1_80 inline:" + std::string{kKey30} + "|2^20");
  ASSERT_TRUE(line);
  const auto& offer = std::get<CryptoOffer>(*line);
  EXPECT_EQ(offer.tag, 7u);
  EXPECT_EQ(offer.lifetime, 1u << 20);
  EXPECT_EQ(encodeBase64(offer.key_and_salt.bytes()), kKey30);
  EXPECT_EQ(std::get<CryptoOffer>(*parseCrypto(cm128(std::string{kKey30} + "|1000"))).lifetime, 1000u);
}

TEST(ParseCrypto, SkipsWhatItDoesNotSpeak) {
  EXPECT_EQ(outcome("1 AEAD_AES_256_GCM_8 inline:" + keyOf(44)), "skip: unknown suite");
  EXPECT_EQ(outcome("1 AES_CM_128_HMAC_SHA1_32 inline:" + keyOf(30)), "skip: unknown suite");
  EXPECT_EQ(outcome("1 NULL_HMAC_SHA1_80 inline:" + keyOf(30)), "skip: unknown suite");
  EXPECT_EQ(outcome("1 F8_128_HMAC_SHA1_80 inline:" + keyOf(30)), "skip: unknown suite");
  EXPECT_EQ(outcome(cm128(std::string{kKey30} + "|2^20|1:4")), "skip: mki");
  EXPECT_EQ(outcome(cm128(std::string{kKey30} + "|1:4")), "skip: mki");
  EXPECT_EQ(outcome(cm128(std::string{kKey30} + "|2^20|1:4;inline:" + std::string{kKey30} + "|2^20|2:4")),
            "skip: several keys");
  EXPECT_EQ(outcome(cm128(std::string{kKey30}, " KDR=0")), "skip: key derivation rate");
  EXPECT_EQ(outcome(cm128(std::string{kKey30}, " FEC_ORDER=FEC_SRTP")), "skip: fec");
  EXPECT_EQ(outcome(cm128(std::string{kKey30}, " WSH=64")), "skip: window size hint");
  EXPECT_EQ(outcome(cm128(std::string{kKey30}, " FOO")), "skip: unknown session parameter");
}

TEST(ParseCrypto, IgnoresExtensionsMarkedOptional) {  // RFC 4568 6.3.7
  EXPECT_EQ(outcome(cm128(std::string{kKey30}, " -FOO")), "AES_CM_128_HMAC_SHA1_80");
}

TEST(ParseCrypto, FailsTheDescriptionThatAsksForClearText) {
  for (const auto* parameter : {"UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP", "UNAUTHENTICATED_SRTP", "unencrypted_srtp",
                                "-UNENCRYPTED_SRTCP", "KDR=1 UNENCRYPTED_SRTP"}) {
    EXPECT_EQ(outcome(cm128(std::string{kKey30}, " " + std::string{parameter})), "sdp.crypto.unencrypted") << parameter;
  }
  EXPECT_EQ(outcome("1 SOME_SUITE inline:AAAA UNENCRYPTED_SRTP"), "sdp.crypto.unencrypted");
}

TEST(ParseCrypto, RefusesKeysOfAnotherLength) {
  EXPECT_EQ(outcome("1 AEAD_AES_256_GCM inline:" + keyOf(43)), "sdp.crypto.key");
  EXPECT_EQ(outcome("1 AEAD_AES_256_GCM inline:" + keyOf(45)), "sdp.crypto.key");
  EXPECT_EQ(outcome("1 AEAD_AES_256_GCM inline:" + keyOf(46)), "sdp.crypto.key");
  EXPECT_EQ(outcome("1 AEAD_AES_128_GCM inline:" + keyOf(30)), "sdp.crypto.key");
  EXPECT_EQ(outcome(cm128("")), "sdp.crypto.key");
}

TEST(ParseCrypto, RefusesKeysThatAreNotBase64) {
  EXPECT_EQ(outcome(cm128("d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSo*")), "sdp.crypto.key");
  EXPECT_EQ(outcome(cm128("d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj=")), "sdp.crypto.key");
  EXPECT_EQ(outcome(cm128("d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJS_-")), "sdp.crypto.key");
}

TEST(ParseCrypto, RefusesBrokenGrammar) {
  EXPECT_EQ(outcome(""), "sdp.crypto.malformed");
  EXPECT_EQ(outcome("1 AEAD_AES_256_GCM"), "sdp.crypto.malformed");
  EXPECT_EQ(outcome("x AEAD_AES_256_GCM inline:" + keyOf(44)), "sdp.crypto.malformed");
  EXPECT_EQ(outcome("-1 AEAD_AES_256_GCM inline:" + keyOf(44)), "sdp.crypto.malformed");
  EXPECT_EQ(outcome("1234567890 AEAD_AES_256_GCM inline:" + keyOf(44)), "sdp.crypto.malformed");
  EXPECT_EQ(outcome("1 AEAD_AES_256_GCM uri:" + keyOf(44)), "sdp.crypto.malformed");
  EXPECT_EQ(outcome(cm128(std::string{kKey30} + "|2^49")), "sdp.crypto.lifetime");
  EXPECT_EQ(outcome(cm128(std::string{kKey30} + "|0")), "sdp.crypto.lifetime");
  EXPECT_EQ(outcome(cm128(std::string{kKey30} + "|2^")), "sdp.crypto.lifetime");
}

TEST(ParseCrypto, NeverQuotesAKeyInItsError) {
  for (const std::string& line :
       {cm128("SECRET"), std::string{"1 AEAD_AES_256_GCM uri:SECRET"}, std::string{"1 AEAD_AES_256_GCM SECRET"}}) {
    const auto result = parseCrypto(line);
    ASSERT_FALSE(result);
    EXPECT_EQ(describe(result.error()).find("SECRET"), std::string::npos) << line;
  }
}

TEST(RenderCrypto, WritesTheRegisteredNameUnlessThePeerSpeltItOtherwise) {
  CryptoOffer offer;
  offer.suite = SrtpSuite::aes256CmHmacSha1_80;
  offer.key_and_salt = Secret{46};
  EXPECT_EQ(renderCrypto(offer), "1 AES_256_CM_HMAC_SHA1_80 inline:" + keyOf(46));
  offer.spelling = "AES_CM_256_HMAC_SHA1_80";
  EXPECT_EQ(renderCrypto(offer), "1 AES_CM_256_HMAC_SHA1_80 inline:" + keyOf(46));
}

TEST(RenderCrypto, IsReadBackAsTheSameKey) {
  CryptoOffer offer;
  offer.key_and_salt = Secret{44};
  for (std::size_t i = 0; i < 44; ++i) offer.key_and_salt.mutableBytes()[i] = static_cast<std::uint8_t>(251 * i + 7);
  const auto line = parseCrypto(renderCrypto(offer));
  ASSERT_TRUE(line);
  EXPECT_TRUE(std::get<CryptoOffer>(*line).key_and_salt == offer.key_and_salt);
}

}  // namespace
}  // namespace sallyport::sdp
