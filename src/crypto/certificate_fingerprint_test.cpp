// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate_fingerprint.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/test_certificates.h"

namespace sallyport::crypto {
namespace {

using testing::make;

std::string codeOf(std::string_view text) {
  const auto parsed = CertificateFingerprint::parse(text);
  return parsed ? "ok" : parsed.error().code;
}

const std::string kSha256Of32Bytes =
    "sha-256 12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD";

TEST(CertificateFingerprint, IsReadAsItIsWritten) {
  const auto certificate = make({}).certificate;
  for (const auto hash : {FingerprintHash::sha256, FingerprintHash::sha384, FingerprintHash::sha512}) {
    const auto written = CertificateFingerprint::of(certificate, hash);
    const auto read = CertificateFingerprint::parse(written.text());
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(*read, written);
    EXPECT_TRUE(written.text().starts_with(toString(hash)));
  }
}

TEST(CertificateFingerprint, IsTheOneThatOpensslPrints) {
  const auto certificate = make({}).certificate;
  const auto facts = *certificate.facts();
  EXPECT_EQ(CertificateFingerprint::of(certificate, FingerprintHash::sha256).text(), "sha-256 " + facts.fingerprint);
}

TEST(CertificateFingerprint, EitherCaseIsRead) {
  auto lower = kSha256Of32Bytes;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  EXPECT_EQ(*CertificateFingerprint::parse(lower), *CertificateFingerprint::parse(kSha256Of32Bytes));
  EXPECT_EQ(codeOf("SHA-256" + kSha256Of32Bytes.substr(7)), "ok");
}

TEST(CertificateFingerprint, WeakHashesAreRefused) {
  const auto sha1 = "sha-1 " + kSha256Of32Bytes.substr(8, 59);
  EXPECT_EQ(codeOf(sha1), "crypto.fingerprint.weak");
  EXPECT_EQ(codeOf("md5 " + kSha256Of32Bytes.substr(8, 47)), "crypto.fingerprint.weak");
  EXPECT_EQ(codeOf("md2 00"), "crypto.fingerprint.weak");
  EXPECT_EQ(codeOf("sha-224 00"), "crypto.fingerprint.weak");
}

TEST(CertificateFingerprint, WhatIsNoFingerprintIsRefused) {
  const auto swapped = [](std::string text, std::size_t at, char c) {
    text[at] = c;
    return text;
  };
  const std::string cases[] = {"",
                               "sha-256",
                               "sha-256 ",
                               " " + kSha256Of32Bytes,
                               kSha256Of32Bytes.substr(0, kSha256Of32Bytes.size() - 3),
                               kSha256Of32Bytes + ":00",
                               kSha256Of32Bytes + " ",
                               "sha-512 " + kSha256Of32Bytes.substr(8),
                               swapped(kSha256Of32Bytes, 10, '0'),
                               swapped(kSha256Of32Bytes, 9, ':'),
                               swapped(kSha256Of32Bytes, 9, 'G')};
  for (const auto& text : cases) EXPECT_EQ(codeOf(text), "crypto.fingerprint.malformed") << text;
}

TEST(IsAnnounced, OneOfSeveralCertificatesIsEnough) {
  const auto one = make({}).certificate;
  const auto other = make({}).certificate;
  const std::vector both{CertificateFingerprint::of(one, FingerprintHash::sha256),
                         CertificateFingerprint::of(other, FingerprintHash::sha256)};
  EXPECT_TRUE(isAnnounced(one, both));
  EXPECT_TRUE(isAnnounced(other, both));
  EXPECT_FALSE(isAnnounced(make({}).certificate, both));
}

TEST(IsAnnounced, OnlyTheStrongestHashCounts) {
  const auto one = make({}).certificate;
  const auto other = make({}).certificate;
  const std::vector mixed{CertificateFingerprint::of(one, FingerprintHash::sha256),
                          CertificateFingerprint::of(other, FingerprintHash::sha512)};
  EXPECT_FALSE(isAnnounced(one, mixed));
  EXPECT_TRUE(isAnnounced(other, mixed));
}

TEST(IsAnnounced, NothingAnnouncedIsNobody) { EXPECT_FALSE(isAnnounced(make({}).certificate, {})); }

}  // namespace
}  // namespace sallyport::crypto
