// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "crypto/encoding.h"
#include "crypto/test_certificates.h"

namespace sallyport::crypto {
namespace {

using testing::caSpec;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kNow;
using testing::make;
using testing::Spec;

class Files : public ::testing::Test {
 protected:
  Files() : dir_(std::filesystem::temp_directory_path() / ("sallyport-" + randomToken(12))) {
    std::filesystem::create_directories(dir_);
  }
  ~Files() override { std::filesystem::remove_all(dir_); }

  std::filesystem::path write(const std::string& name, std::string_view content, mode_t mode) {
    const auto file = dir_ / name;
    std::ofstream{file} << content;
    ::chmod(file.c_str(), mode);
    return file;
  }
  static std::string pemOf(const PrivateKey& key) {
    const auto pem = key.pem();
    return {pem->bytes().begin(), pem->bytes().end()};
  }

  std::filesystem::path dir_;
};

TEST(CertificateFacts, SayWhatWasSigned) {
  const auto ca = make(caSpec("Test CA"));
  const auto leaf =
      make({.name = "core", .sans = "DNS:Core.Example.NET,IP:192.0.2.1,IP:2001:db8::1,URI:sip:core.example.net"}, &ca);
  const auto facts = leaf.certificate.facts();
  ASSERT_TRUE(facts) << describe(facts.error());
  EXPECT_EQ(facts->subject, "CN=core");
  EXPECT_EQ(facts->issuer, "CN=Test CA");
  EXPECT_EQ(facts->key, "EC P-256");
  EXPECT_EQ(facts->not_before, kNow - std::chrono::hours{1});
  EXPECT_EQ(facts->not_after, kNow + std::chrono::hours{24});
  EXPECT_FALSE(facts->is_ca);
  EXPECT_TRUE(facts->eku.client);
  EXPECT_TRUE(facts->eku.server);
  EXPECT_FALSE(facts->eku.any);
  EXPECT_EQ(facts->fingerprint, toColonHex(sha256(leaf.certificate.der())));
  EXPECT_EQ(facts->fingerprint.size(), 95u);
  EXPECT_THAT(
      facts->sans,
      ElementsAre(SubjectAltName{SanKind::dns, "core.example.net"}, SubjectAltName{SanKind::ip, "192.0.2.1"},
                  SubjectAltName{SanKind::ip, "2001:db8::1"}, SubjectAltName{SanKind::uri, "sip:core.example.net"}));
  EXPECT_TRUE(ca.certificate.facts()->is_ca);
}

TEST(CertificateFacts, ANameCannotBreakALogLine) {
  const auto facts = make({.name = "a\r\nb\x1b[31m,CN=admin\xc3\xa9"}).certificate.facts();
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->subject, "CN=a\\0D\\0Ab\\1B[31m\\,CN=admin\\C3\\A9");
}

TEST(CertificateFacts, DescribeKeys) {
  EXPECT_EQ(make({.key = "P-384"}).certificate.facts()->key, "EC P-384");
  EXPECT_EQ(make({.key = "RSA-2048"}).certificate.facts()->key, "RSA 2048");
  EXPECT_EQ(make({.key = "ED25519"}).certificate.facts()->key, "Ed25519");
}

TEST(CertificateFacts, ANameThatIsNotPrintableIsMalformed) {
  for (const std::string sans : {"DNS:a b", "URI:sip:x\ty"}) {
    const auto facts = make({.sans = sans}).certificate.facts();
    ASSERT_FALSE(facts) << sans;
    EXPECT_STREQ(facts.error().code, "crypto.certificate.malformed");
  }
}

TEST(CertificateFacts, AValidityWithoutEndIsTheLatestTimeWeKnow) {
  const auto facts = make({.not_after = std::chrono::hours{24 * 365 * 7000}}).certificate.facts();
  ASSERT_TRUE(facts);
  EXPECT_GT(facts->not_after, kNow + std::chrono::hours{24 * 365 * 200});
}

TEST(CertificatePem, IsReadWholeOrNotAtAll) {
  const auto one = make({.name = "one"});
  const auto two = make({.name = "two"});
  const auto chain = parseChainPem("comment\n" + one.pem() + two.pem());
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->size(), 2u);
  EXPECT_STREQ(parseChainPem("").error().code, "crypto.certificate.none");
  EXPECT_STREQ(parseChainPem(one.pem() + two.pem().substr(0, 200)).error().code, "crypto.certificate.malformed");
  EXPECT_STREQ(Certificate::parsePem(one.pem() + two.pem()).error().code, "crypto.certificate.malformed");
}

TEST(CertificateDer, TakesNoBytesAfterTheCertificate) {
  auto der = make({}).certificate.der();
  EXPECT_TRUE(Certificate::parseDer(der));
  der.push_back(0);
  EXPECT_STREQ(Certificate::parseDer(der).error().code, "crypto.certificate.malformed");
  der.resize(40);
  EXPECT_STREQ(Certificate::parseDer(der).error().code, "crypto.certificate.malformed");
}

TEST_F(Files, AKeyOthersMayReadIsRefused) {
  const auto leaf = make({});
  for (const mode_t mode : {0640u, 0604u, 0620u, 0601u}) {
    const auto key = PrivateKey::load(write("key.pem", pemOf(leaf.key), mode));
    ASSERT_FALSE(key) << mode;
    EXPECT_STREQ(key.error().code, "crypto.key.permissions");
  }
  EXPECT_TRUE(PrivateKey::load(write("key.pem", pemOf(leaf.key), 0600)));
  EXPECT_TRUE(PrivateKey::load(write("key2.pem", pemOf(leaf.key), 0400)));
}

TEST_F(Files, AnIdentityIsAChainAndTheKeyOfItsLeaf) {
  const auto leaf = make({});
  const auto other = make({});
  const auto chain = write("chain.pem", leaf.pem(), 0644);
  EXPECT_TRUE(LocalIdentity::load(chain, write("key.pem", pemOf(leaf.key), 0600)));
  const auto mismatch = LocalIdentity::load(chain, write("other.pem", pemOf(other.key), 0600));
  ASSERT_FALSE(mismatch);
  EXPECT_STREQ(mismatch.error().code, "crypto.key.mismatch");
  EXPECT_THAT(mismatch.error().detail, HasSubstr("other.pem"));
}

TEST_F(Files, EveryFailureToReadNamesTheFileAndTheReason) {
  const auto leaf = make({});
  const auto chain = write("chain.pem", leaf.pem(), 0644);
  const auto codeOf = [&](const std::filesystem::path& key) { return LocalIdentity::load(chain, key).error().code; };
  EXPECT_STREQ(codeOf(dir_ / "none.pem"), "crypto.file.missing");
  EXPECT_STREQ(codeOf(dir_), "crypto.file.unreadable");
  EXPECT_STREQ(codeOf(write("cut.pem", pemOf(leaf.key).substr(0, 90), 0600)), "crypto.key.malformed");
  EXPECT_STREQ(codeOf(write("empty.pem", "", 0600)), "crypto.key.malformed");
  EXPECT_STREQ(codeOf(write("locked.pem",
                            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                            "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhyHMqUX2LIvAICCAAw\n"
                            "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEH6jBmYvMhRr8ioBmx9N3tYEgZA=\n"
                            "-----END ENCRYPTED PRIVATE KEY-----\n",
                            0600)),
               "crypto.key.malformed");
  EXPECT_STREQ(LocalIdentity::load(dir_ / "none.pem", chain).error().code, "crypto.file.missing");
  EXPECT_STREQ(LocalIdentity::load(write("no.pem", "nothing", 0644), chain).error().code, "crypto.certificate.none");
}

TEST_F(Files, AnEncryptedKeyIsNamedAsSuch) {
  const auto leaf = make({});
  const BioPtr bio{BIO_new(BIO_s_mem())};
  char passphrase[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(bio.get(), leaf.key.handle(), EVP_aes_256_cbc(), passphrase, 6, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  const auto key = PrivateKey::load(write("key.pem", {data, static_cast<std::size_t>(size)}, 0600));
  ASSERT_FALSE(key);
  EXPECT_STREQ(key.error().code, "crypto.key.encrypted");
}

TEST(LocalIdentity, AWeakKeyIsNotShown) {
  const auto weak = make({.key = "RSA-1024"});
  EXPECT_STREQ(LocalIdentity::make({weak.certificate}, weak.key).error().code, "crypto.identity.weak_key");
}

}  // namespace
}  // namespace sallyport::crypto
