// SPDX-License-Identifier: Apache-2.0
#include "pki/certificate_authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "crypto/path_validator.h"
#include "crypto/random.h"

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;
using crypto::SanKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const WallTime kNow{std::chrono::seconds{1'800'000'000}};
constexpr std::chrono::days kDay{1};

class Ca : public ::testing::Test {
 protected:
  Ca() : dir_(fs::temp_directory_path() / ("sallyport-ca-" + crypto::randomToken(12))) {}
  ~Ca() override { fs::remove_all(dir_); }

  CertificateAuthority fresh() const {
    auto ca = CertificateAuthority::create(dir_, {}, kNow);
    EXPECT_TRUE(ca) << describe(ca.error());
    return *std::move(ca);
  }
  static IssueRequest alice() { return {.name = "alice", .sans = {{SanKind::uri, "sip:alice@example.org"}}}; }
  static Issued issue(CertificateAuthority& ca, IssueRequest request, WallTime now = kNow) {
    auto issued = ca.issue(request, now);
    EXPECT_TRUE(issued) << describe(issued.error());
    return *issued;
  }
  static mode_t modeOf(const fs::path& file) {
    struct stat facts {};
    EXPECT_EQ(::stat(file.c_str(), &facts), 0) << file;
    return facts.st_mode & 07777;
  }
  static std::string contentOf(const fs::path& file) {
    std::ifstream stream{file};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }
  std::string openCode() const {
    const auto ca = CertificateAuthority::open(dir_);
    return ca ? "ok" : ca.error().code;
  }
  // "ok", or why a path to `issued` is refused.
  std::string verdict(const Issued& issued, WallTime now, const fs::path& crl = {}) const {
    crypto::TrustAnchors::Files files{{dir_ / "ca.pem"}, {}};
    if (!crl.empty()) files.crls.push_back(crl);
    const auto anchors = crypto::TrustAnchors::load(files);
    EXPECT_TRUE(anchors) << describe(anchors.error());
    const auto chain = crypto::loadChain(issued.certificate_file);
    const auto path = crypto::validatePath(chain->front(), {}, **anchors, {.eku = crypto::Eku::client}, now);
    return path ? "ok" : path.error().code;
  }
  std::vector<fs::path> temporaries() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(dir_)) {
      if (entry.path().extension() == ".tmp") found.push_back(entry.path());
    }
    return found;
  }

  fs::path dir_;
};

TEST_F(Ca, WhatItIssuesIsValidUnderItsRoot) {
  auto ca = fresh();
  const auto issued = issue(ca, alice());
  EXPECT_EQ(verdict(issued, kNow), "ok");
  EXPECT_EQ(verdict(issued, kNow + 91 * kDay), "tls.certificate.expired");
  const auto identity = crypto::LocalIdentity::load(issued.certificate_file, issued.key_file);
  ASSERT_TRUE(identity) << describe(identity.error());
  EXPECT_EQ(issued.facts.subject, "CN=alice");
  EXPECT_EQ(issued.facts.issuer, "CN=Sallyport CA");
  EXPECT_EQ(issued.facts.key, "EC P-256");
  EXPECT_EQ(issued.facts.serial.size(), 32u);
  EXPECT_TRUE(issued.facts.eku.client && issued.facts.eku.server);
  EXPECT_THAT(issued.facts.sans, ElementsAre(crypto::SubjectAltName{SanKind::uri, "sip:alice@example.org"}));
}

TEST_F(Ca, KeysAreTheirOwnersAlone) {
  auto ca = fresh();
  const auto issued = issue(ca, alice());
  EXPECT_EQ(modeOf(dir_ / "ca-key.pem"), 0600u);
  EXPECT_EQ(modeOf(issued.key_file), 0600u);
  EXPECT_EQ(modeOf(issued.certificate_file), 0644u);
}

TEST_F(Ca, EveryKindOfNameIsIssuedInNormalForm) {
  auto ca = fresh();
  const auto issued = issue(ca, {.name = "edge",
                                 .sans = {{SanKind::dns, "Edge.Example.ORG"},
                                          {SanKind::dns, "*.example.org"},
                                          {SanKind::ip, "192.0.2.1"},
                                          {SanKind::ip, "2001:DB8::1"},
                                          {SanKind::uri, "sip:EXAMPLE.org"}},
                                 .usage = Usage::server});
  std::vector<std::string> names;
  for (const auto& san : issued.facts.sans) names.push_back(san.toString());
  EXPECT_THAT(names, ElementsAre("dns:edge.example.org", "dns:*.example.org", "ip:192.0.2.1", "ip:2001:db8::1",
                                 "uri:sip:example.org"));
  EXPECT_FALSE(issued.facts.eku.client);
}

TEST_F(Ca, ARequestThatCannotBeMetSaysWhy) {
  auto ca = fresh();
  const auto codeOf = [&](IssueRequest request, WallTime now = kNow) {
    const auto issued = ca.issue(request, now);
    return std::string{issued ? "ok" : issued.error().code};
  };
  for (const auto* name : {"", "../alice", ".alice", "-rf", "a/b", "a b", "a\nb", "\xc3\xa9"}) {
    auto request = alice();
    request.name = name;
    EXPECT_EQ(codeOf(request), "ca.request.name") << name;
  }
  EXPECT_EQ(codeOf({.name = "x", .sans = {}}), "ca.request.sans");
  for (const auto& san : {crypto::SubjectAltName{SanKind::dns, "a,DNS:b.example"},
                          {SanKind::dns, "a..b"},
                          {SanKind::ip, "1.2.3"},
                          {SanKind::uri, "no scheme"},
                          {SanKind::email, "a@b.example"}}) {
    EXPECT_EQ(codeOf({.name = "x", .sans = {san}}), "ca.request.sans") << san.toString();
  }
  auto request = alice();
  request.lifetime = std::chrono::seconds{0};
  EXPECT_EQ(codeOf(request), "ca.request.lifetime");
  request.lifetime = std::chrono::days{4000};
  EXPECT_EQ(codeOf(request), "ca.request.lifetime");
  EXPECT_EQ(codeOf(alice(), kNow + std::chrono::days{3651}), "ca.expired");
  EXPECT_THAT(ca.entries(), IsEmpty());
}

TEST_F(Ca, ANameIsTakenUntilItsCertificateIsRevokedOrExpires) {
  auto ca = fresh();
  issue(ca, alice());
  EXPECT_STREQ(ca.issue(alice(), kNow).error().code, "ca.name.taken");
  ASSERT_TRUE(ca.revoke("alice", RevocationReason::superseded, kNow));
  issue(ca, alice());
  issue(ca, alice(), kNow + 91 * kDay);
}

TEST_F(Ca, ARevokedCertificateIsOnTheList) {
  auto ca = fresh();
  const auto first = issue(ca, alice());
  const auto other = issue(ca, {.name = "bob", .sans = {{SanKind::uri, "sip:bob@example.org"}}});
  auto crl = ca.writeCrl(std::chrono::hours{24}, kNow);
  ASSERT_TRUE(crl) << describe(crl.error());
  EXPECT_EQ(verdict(first, kNow, *crl), "ok");

  const auto revoked = ca.revoke(first.facts.serial, RevocationReason::keyCompromise, kNow);
  ASSERT_TRUE(revoked) << describe(revoked.error());
  EXPECT_EQ(revoked->front().name, "alice");
  crl = ca.writeCrl(std::chrono::hours{24}, kNow);
  EXPECT_EQ(verdict(first, kNow, *crl), "tls.certificate.revoked");
  EXPECT_EQ(verdict(other, kNow, *crl), "ok");
  EXPECT_EQ(verdict(other, kNow + 2 * kDay, *crl), "tls.certificate.crl_stale");
}

TEST_F(Ca, AMistakenRevocationSaysWhy) {
  auto ca = fresh();
  issue(ca, alice());
  EXPECT_STREQ(ca.revoke("bob", RevocationReason::unspecified, kNow).error().code, "ca.revoke.unknown");
  ASSERT_TRUE(ca.revoke("alice", RevocationReason::unspecified, kNow));
  EXPECT_STREQ(ca.revoke("alice", RevocationReason::unspecified, kNow).error().code, "ca.revoke.already");
}

TEST_F(Ca, AnExpiredRevocationLeavesTheListAndNumbersOnlyGrow) {
  auto ca = fresh();
  issue(ca, alice());
  ASSERT_TRUE(ca.revoke("alice", RevocationReason::unspecified, kNow));
  const auto long_list = contentOf(*ca.writeCrl(kDay, kNow)).size();
  EXPECT_LT(contentOf(*ca.writeCrl(kDay, kNow + 92 * kDay)).size(), long_list);
  EXPECT_THAT(contentOf(dir_ / "index.jsonl"), HasSubstr(R"({"event":"crl","number":2)"));
}

TEST_F(Ca, EverythingIsThereAfterAReopen) {
  std::string fingerprint;
  {
    auto ca = fresh();
    fingerprint = issue(ca, alice()).facts.fingerprint;
    ASSERT_TRUE(ca.revoke("alice", RevocationReason::keyCompromise, kNow + kDay));
    ASSERT_TRUE(ca.writeCrl(kDay, kNow));
  }
  const auto ca = CertificateAuthority::open(dir_);
  ASSERT_TRUE(ca) << describe(ca.error());
  const auto* entry = ca->findByFingerprint(fingerprint);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->name, "alice");
  EXPECT_EQ(entry->issued_at, kNow);
  EXPECT_EQ(entry->not_after, kNow + 90 * kDay);
  EXPECT_EQ(entry->revocation->at, kNow + kDay);
  EXPECT_EQ(entry->revocation->reason, RevocationReason::keyCompromise);
  EXPECT_EQ(ca->findByFingerprint("AA:BB"), nullptr);
}

TEST_F(Ca, OneProcessAtATimeButAnyoneMayRead) {
  auto ca = fresh();
  issue(ca, alice());
  EXPECT_EQ(openCode(), "ca.busy");
  const auto entries = CertificateAuthority::readIndex(dir_);
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->size(), 1u);
}

TEST_F(Ca, ASecondCaIsNotMadeOverTheFirst) {
  { const auto ca = fresh(); }
  EXPECT_STREQ(CertificateAuthority::create(dir_, {}, kNow).error().code, "ca.exists");
  EXPECT_EQ(openCode(), "ok");
}

TEST_F(Ca, AnInterruptedStartIsTakenUpAndALostCertificateIsNot) {
  {
    auto ca = fresh();
    fs::remove(dir_ / "ca.pem");
  }
  EXPECT_EQ(openCode(), "ca.missing");
  {
    auto ca = CertificateAuthority::create(dir_, {}, kNow);
    ASSERT_TRUE(ca) << describe(ca.error());
    issue(*ca, alice());
  }
  fs::remove(dir_ / "ca.pem");
  EXPECT_STREQ(CertificateAuthority::create(dir_, {}, kNow).error().code, "ca.exists");
}

TEST_F(Ca, AnInterruptedIssueIsTakenUp) {
  auto ca = fresh();
  const auto lost = issue(ca, alice());
  fs::remove(lost.certificate_file);
  const auto again = issue(ca, alice());
  EXPECT_NE(again.facts.serial, lost.facts.serial);
  EXPECT_TRUE(ca.findByFingerprint(lost.facts.fingerprint)->revocation);
}

TEST_F(Ca, ADamagedFolderExplainsItself) {
  EXPECT_EQ(openCode(), "ca.missing");
  { const auto ca = fresh(); }
  ::chmod((dir_ / "ca-key.pem").c_str(), 0640);
  EXPECT_EQ(openCode(), "ca.key.permissions");
  ::chmod((dir_ / "ca-key.pem").c_str(), 0600);

  const auto key = contentOf(dir_ / "ca-key.pem");
  std::ofstream{dir_ / "ca-key.pem"} << key.substr(0, 80);
  EXPECT_EQ(openCode(), "ca.key.malformed");
  const auto stray = crypto::PrivateKey::generateP256()->pem();
  std::ofstream{dir_ / "ca-key.pem"} << std::string(stray->bytes().begin(), stray->bytes().end());
  EXPECT_EQ(openCode(), "ca.key.mismatch");
  fs::remove(dir_ / "ca-key.pem");
  EXPECT_EQ(openCode(), "ca.key.missing");
  std::ofstream{dir_ / "ca-key.pem"} << key;
  ::chmod((dir_ / "ca-key.pem").c_str(), 0600);
  EXPECT_EQ(openCode(), "ok");

  const auto certificate = contentOf(dir_ / "ca.pem");
  std::ofstream{dir_ / "ca.pem"} << certificate.substr(0, 100);
  EXPECT_EQ(openCode(), "ca.certificate.malformed");
  std::ofstream{dir_ / "ca.pem"} << certificate;
  fs::remove(dir_ / "index.jsonl");
  EXPECT_EQ(openCode(), "ca.index.missing");
}

TEST_F(Ca, ALineCutShortByACrashIsDroppedAndTheFileMended) {
  {
    auto ca = fresh();
    issue(ca, alice());
  }
  const auto whole = contentOf(dir_ / "index.jsonl");
  std::ofstream{dir_ / "index.jsonl", std::ios::app} << R"({"event":"revoked","ser)";
  EXPECT_TRUE(CertificateAuthority::readIndex(dir_));
  auto ca = CertificateAuthority::open(dir_);
  ASSERT_TRUE(ca) << describe(ca.error());
  EXPECT_EQ(ca->entries().size(), 1u);
  EXPECT_EQ(contentOf(dir_ / "index.jsonl"), whole);
}

TEST_F(Ca, ADamagedIndexNamesTheLine) {
  {
    auto ca = fresh();
    issue(ca, alice());
  }
  const auto whole = contentOf(dir_ / "index.jsonl");
  const auto serial = whole.substr(whole.find("serial\":\"") + 9, 32);
  for (const std::string& line :
       {std::string{"garbage"}, std::string{"[]"}, std::string{R"({"event":"issued"})"},
        std::string{R"({"event":"dropped"})"}, std::string{R"({"event":"crl","number":-1})"},
        std::string{R"({"event":"revoked","serial":"00","at":"2027-01-15T08:00:00Z","reason":"unspecified"})"},
        R"({"event":"revoked","serial":")" + serial + R"(","at":"yesterday","reason":"unspecified"})",
        R"({"event":"revoked","serial":")" + serial + R"(","at":"2027-02-30T08:00:00Z","reason":"unspecified"})",
        R"({"event":"revoked","serial":")" + serial + R"(","at":"2027-01-15T08:00:00Z","reason":"mood"})",
        whole.substr(0, whole.size() - 1)}) {
    std::ofstream{dir_ / "index.jsonl"} << whole << line << "\n";
    const auto ca = CertificateAuthority::open(dir_);
    ASSERT_FALSE(ca) << line;
    EXPECT_STREQ(ca.error().code, "ca.index.damaged");
    EXPECT_THAT(ca.error().detail, HasSubstr("index.jsonl line 2: ")) << line;
  }
}

// A limit on the size of files is the nearest thing to a full disk that a test may have.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    old_signal_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_signal_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit old_{};
  void (*old_signal_)(int) = nullptr;
};

TEST_F(Ca, AFullDiskChangesNothing) {
  auto ca = fresh();
  issue(ca, alice());
  const auto index = contentOf(dir_ / "index.jsonl");
  const IssueRequest bob{.name = "bob", .sans = {{SanKind::uri, "sip:bob@example.org"}}};
  const auto codeAt = [&](rlim_t bytes) {
    const FullDisk full{bytes};
    const auto issued = ca.issue(bob, kNow);
    return std::string{issued ? "ok" : issued.error().code};
  };
  EXPECT_EQ(codeAt(index.size() + 20), "ca.disk.full");
  EXPECT_EQ(contentOf(dir_ / "index.jsonl"), index);
  EXPECT_EQ(ca.entries().size(), 1u);
  EXPECT_THAT(temporaries(), IsEmpty());
  issue(ca, bob);
}

TEST_F(Ca, ADiskThatFillsBetweenIndexAndFilesIsTakenUpLater) {
  auto ca = fresh();
  {
    const FullDisk full{600};  // the index line fits, the certificate does not
    const auto issued = ca.issue(alice(), kNow);
    ASSERT_FALSE(issued);
    EXPECT_STREQ(issued.error().code, "ca.disk.full");
  }
  EXPECT_EQ(ca.entries().size(), 1u);
  EXPECT_THAT(temporaries(), IsEmpty());
  const auto issued = issue(ca, alice());
  EXPECT_EQ(verdict(issued, kNow), "ok");
}

TEST_F(Ca, AFolderThatCannotBeIsNamed) {
  std::ofstream{dir_} << "a file";
  const auto ca = CertificateAuthority::create(dir_ / "ca", {}, kNow);
  ASSERT_FALSE(ca);
  EXPECT_STREQ(ca.error().code, "ca.unwritable");
  EXPECT_STREQ(CertificateAuthority::create(dir_, {.name = "a\nb"}, kNow).error().code, "ca.name.malformed");
  EXPECT_STREQ(CertificateAuthority::create(dir_, {.lifetime = std::chrono::hours{1}}, kNow).error().code,
               "ca.lifetime");
}

}  // namespace
}  // namespace sallyport::pki
