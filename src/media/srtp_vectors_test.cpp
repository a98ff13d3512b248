// SPDX-License-Identifier: Apache-2.0
// The transforms against published vectors: RFC 3711 appendix B, RFC 7714 16 and 17, libsrtp's own.
#include <gtest/gtest.h>

#include "media/aes_counter.h"
#include "media/key_derivation.h"
#include "media/media_test_support.h"
#include "media/srtp_transform.h"

namespace sallyport::media {
namespace {

using crypto::SrtpSuite;
using test::Buffer;
using test::fromHex;
using test::jsonText;
using test::toHex;

#define REQUIRE_CORPUS(name, path)      \
  const auto name = test::corpus(path); \
  if (!name) GTEST_SKIP() << "corpus " << path << " is not here; set SALLYPORT_CORPORA"

SrtpKeying keyingFrom(SrtpSuite suite, const std::string& hex) { return {suite, Secret{Bytes{fromHex(hex)}}}; }

// RFC 3711 B.2: segment keystream of AES-CM.
TEST(SrtpVectors, AesCounterModeGivesTheKeystreamOfRfc3711) {
  REQUIRE_CORPUS(json, "srtp/rfc3711-srtp.json");
  auto counter = AesCounter::create(fromHex(jsonText(*json, "B2_aes_cm", "session_key")));
  ASSERT_TRUE(counter);
  AesBlock first{};
  const auto salt = fromHex(jsonText(*json, "B2_aes_cm", "session_salt"));
  std::copy(salt.begin(), salt.end(), first.begin());

  std::array<std::uint8_t, 32> stream{};
  ASSERT_TRUE(counter->apply(first, stream.data(), stream.size()));
  EXPECT_EQ(toHex(stream), jsonText(*json, "keystream_blocks_by_counter", "0000") +
                               jsonText(*json, "keystream_blocks_by_counter", "0001"));
}

TEST(SrtpVectors, SessionKeysAreThoseOfRfc3711) {
  REQUIRE_CORPUS(json, "srtp/rfc3711-srtp.json");
  const auto key = fromHex(jsonText(*json, "B3_kdf", "master_key"));
  const auto salt = fromHex(jsonText(*json, "B3_kdf", "master_salt"));
  const auto derived = [&](KeyLabel label, std::size_t length) {
    auto master = *KeyDerivation::create(key, salt);
    return toHex((*master.derive(label, length)).bytes());
  };
  EXPECT_EQ(derived(KeyLabel::rtpEncryption, 16), jsonText(*json, "B3_kdf", "label00_cipher_key"));
  EXPECT_EQ(derived(KeyLabel::rtpAuthentication, 94), jsonText(*json, "B3_kdf", "label01_auth_key_94"));
  EXPECT_EQ(derived(KeyLabel::rtpSalt, 14), jsonText(*json, "B3_kdf", "label02_cipher_salt"));
  EXPECT_EQ(derived(KeyLabel::rtcpEncryption, 16), jsonText(*json, "B3_kdf", "label03_srtcp_cipher_key"));
  EXPECT_EQ(derived(KeyLabel::rtcpAuthentication, 20), jsonText(*json, "B3_kdf", "label04_srtcp_auth_key"));
  EXPECT_EQ(derived(KeyLabel::rtcpSalt, 14), jsonText(*json, "B3_kdf", "label05_srtcp_salt"));
}

TEST(SrtpVectors, ARolledOverStreamEncryptsAsComputedFromRfc3711) {
  REQUIRE_CORPUS(json, "srtp/rfc3711-srtp.json");
  const auto master = jsonText(*json, "B3_kdf", "master_key") + jsonText(*json, "B3_kdf", "master_salt");
  std::size_t at = json->find("rollover_own_computation");
  int checked = 0;
  while ((at = json->find("\"seq\"", at)) != std::string::npos) {
    const auto number = [&](const std::string& name) {
      return std::stoull(json->substr(json->find(':', json->find("\"" + name + "\"", at)) + 1, 12));
    };
    const auto object = json->substr(at, json->find('}', at) - at);
    const auto index = number("roc") << 16 | number("seq");
    auto sender = SrtpSender::create(keyingFrom(SrtpSuite::aesCm128HmacSha1_80, master));
    ASSERT_TRUE(sender);
    const auto plain = fromHex(jsonText(object, "plaintext", "plaintext"));
    if (index > 65'535) sender->continueAfter(0xCAFEBABE, index - 1);
    EXPECT_EQ(toHex(test::protect(*sender, plain)), jsonText(object, "ciphertext", "ciphertext")) << index;
    ++checked;
    ++at;
  }
  EXPECT_EQ(checked, 5);
}

// The hex behind `label` in the RFC's own text, from the first line after `heading`.
Buffer rfcHex(const std::string& text, const std::string& heading, const std::string& label) {
  auto at = text.find(label, text.find(heading));
  if (at == std::string::npos) return {};
  at += label.size();
  std::string hex;
  std::istringstream lines{text.substr(at)};
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of("0123456789abcdef \r") != std::string::npos) break;
    if (line.find_first_not_of(" \r") == std::string::npos) {
      if (!hex.empty()) break;
      continue;
    }
    hex += line;
  }
  return fromHex(hex);
}

Result<std::unique_ptr<SrtpTransform>> rfc7714Transform(std::size_t key_bytes, CipherUse use) {
  Secret key{key_bytes};
  for (std::size_t i = 0; i < key_bytes; ++i) key.mutableBytes()[i] = static_cast<std::uint8_t>(i);
  const auto salt = fromHex("517569642070726f2071756f");
  return gcmTransform({key.clone(), Secret{Bytes{salt}}}, {key.clone(), Secret{Bytes{salt}}}, use);
}

struct GcmRtpCase {
  const char* encryption;
  const char* decryption;
  std::size_t key_bytes;
};

class Rfc7714Rtp : public ::testing::TestWithParam<GcmRtpCase> {};

TEST_P(Rfc7714Rtp, SealsAndOpensAsPrinted) {
  REQUIRE_CORPUS(text, "srtp/rfc7714/rtp-vectors.txt");
  const auto clear = rfcHex(*text, GetParam().encryption, "Encrypting the following packet:");
  const auto sealed = rfcHex(*text, GetParam().encryption, "Encrypted and tagged packet:");
  ASSERT_EQ(clear.size(), 50u);
  ASSERT_EQ(sealed.size(), 66u);

  auto buffer = clear;
  buffer.resize(clear.size() + kSrtpTailroom);
  auto sealer = rfc7714Transform(GetParam().key_bytes, CipherUse::seal);
  ASSERT_TRUE(sealer);
  const CipherJob job{buffer.data(), 12, clear.size(), 0x5501a0b2, 0xf17b};
  ASSERT_TRUE((*sealer)->sealRtp(job));
  EXPECT_EQ(toHex(Bytes{buffer}.first(sealed.size())), toHex(sealed));

  EXPECT_EQ(toHex(rfcHex(*text, GetParam().decryption, "Decrypting the following packet:")), toHex(sealed));
  auto opener = rfc7714Transform(GetParam().key_bytes, CipherUse::open);
  ASSERT_TRUE(opener);
  ASSERT_TRUE((*opener)->openRtp(job));
  EXPECT_EQ(toHex(Bytes{buffer}.first(clear.size())), toHex(clear));
}

INSTANTIATE_TEST_SUITE_P(Suites, Rfc7714Rtp,
                         ::testing::Values(GcmRtpCase{"16.1.1.", "16.1.2.", 16}, GcmRtpCase{"16.2.1.", "16.2.2.", 32}));

TEST(SrtpVectors, AeadAes128GcmSealsRtcpAsRfc7714Prints) {
  REQUIRE_CORPUS(text, "srtp/rfc7714/rtcp-vectors.txt");
  const auto clear = rfcHex(*text, "17.1.", "Encrypting the following packet:");
  const auto sealed = rfcHex(*text, "17.1.", "Encrypted and tagged packet:");
  ASSERT_EQ(sealed.size(), clear.size() + 20);
  auto buffer = clear;
  buffer.resize(clear.size() + kSrtpTailroom);
  auto sealer = rfc7714Transform(16, CipherUse::seal);
  ASSERT_TRUE((*sealer)->sealRtcp({buffer.data(), 8, clear.size(), 0x4d617273, 0x5d4}));
  EXPECT_EQ(toHex(Bytes{buffer}.first(sealed.size())), toHex(sealed));
}

TEST(SrtpVectors, AeadAes256GcmOpensRtcpAsRfc7714Prints) {
  REQUIRE_CORPUS(text, "srtp/rfc7714/rtcp-vectors.txt");
  auto packet = rfcHex(*text, "17.2.", "Decrypting the following packet:");
  const auto clear = rfcHex(*text, "17.2.", "Verified and decrypted packet:");
  auto opener = rfc7714Transform(32, CipherUse::open);
  ASSERT_TRUE((*opener)->openRtcp({packet.data(), 8, clear.size(), 0x4d617273, 0x5d4}));
  EXPECT_EQ(toHex(Bytes{packet}.first(clear.size())), toHex(clear));
}

struct DriverCase {
  SrtpSuite suite;
  const char* function;
  const char* rtp_clear;
  const char* key_section;
  const char* key_name;
  std::size_t key_bytes;
};

class LibsrtpDriver : public ::testing::TestWithParam<DriverCase> {
 protected:
  static std::string keyOf(const std::string& json) {
    const auto hex = jsonText(json, GetParam().key_section, GetParam().key_name);
    return hex.substr(0, 2 * GetParam().key_bytes);
  }
};

TEST_P(LibsrtpDriver, RtpPacketsAreTheSame) {
  REQUIRE_CORPUS(json, "srtp/libsrtp-driver-vectors.json");
  const auto key = keyOf(*json);
  const auto clear = fromHex(jsonText(*json, GetParam().function, GetParam().rtp_clear));
  auto sealed = fromHex(jsonText(*json, GetParam().function, "srtp_ciphertext"));
  auto sender = SrtpSender::create(keyingFrom(GetParam().suite, key));
  ASSERT_TRUE(sender);
  EXPECT_EQ(toHex(test::protect(*sender, clear)), toHex(sealed));
  auto receiver = SrtpReceiver::create(keyingFrom(GetParam().suite, key));
  ASSERT_TRUE(receiver);
  EXPECT_EQ(test::unprotect(*receiver, sealed), DropReason::sent);
  EXPECT_EQ(toHex(sealed), toHex(clear));
}

class LibsrtpDriverRtcp : public LibsrtpDriver {};

TEST_P(LibsrtpDriverRtcp, RtcpPacketsAreTheSame) {
  REQUIRE_CORPUS(json, "srtp/libsrtp-driver-vectors.json");
  const std::string function = GetParam().function;
  const auto key = keyOf(*json);
  const auto clear = fromHex(jsonText(*json, function, "rtcp_plaintext_ref"));
  auto sealed = fromHex(jsonText(*json, function, "srtcp_ciphertext"));
  auto sender = SrtpSender::create(keyingFrom(GetParam().suite, key));
  ASSERT_TRUE(sender);
  sender->continueRtcpAt(1);  // libsrtp's first index
  EXPECT_EQ(toHex(test::protect(*sender, clear, Channel::rtcp)), toHex(sealed));
  auto receiver = SrtpReceiver::create(keyingFrom(GetParam().suite, key));
  EXPECT_EQ(test::unprotect(*receiver, sealed, Channel::rtcp), DropReason::sent);
  EXPECT_EQ(toHex(sealed), toHex(clear));
}

constexpr DriverCase kCm128{
    SrtpSuite::aesCm128HmacSha1_80, "srtp_validate", "srtp_plaintext_ref", "globals_10", "test_key", 30};
constexpr DriverCase kCm256{SrtpSuite::aes256CmHmacSha1_80, "srtp_validate_aes_256", "srtp_plaintext_ref",
                            "srtp_validate_aes_256",        "aes_256_test_key",      46};
constexpr DriverCase kGcm128{
    SrtpSuite::aeadAes128Gcm, "srtp_validate_gcm", "rtp_plaintext_ref", "globals_12", "test_key_gcm", 28};

INSTANTIATE_TEST_SUITE_P(Suites, LibsrtpDriver, ::testing::Values(kCm128, kCm256, kGcm128));
// The driver has no RTCP vector for 256-bit counter mode.
INSTANTIATE_TEST_SUITE_P(Suites, LibsrtpDriverRtcp, ::testing::Values(kCm128, kGcm128));

}  // namespace
}  // namespace sallyport::media
