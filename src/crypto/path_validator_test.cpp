// SPDX-License-Identifier: Apache-2.0
#include "crypto/path_validator.h"

#include <gtest/gtest.h>

#include "crypto/test_certificates.h"

namespace sallyport::crypto {
namespace {

using std::chrono::hours;
using testing::anchorsOf;
using testing::caSpec;
using testing::kNow;
using testing::Made;
using testing::make;
using testing::makeCrl;
using testing::Spec;

class PathValidator : public ::testing::Test {
 protected:
  Result<ValidatedPath> validate(const Made& leaf, std::vector<Certificate> intermediates = {},
                                 VerificationPolicy policy = {}) const {
    return validatePath(leaf.certificate, intermediates, *anchors_, policy, kNow);
  }
  // "ok", or the code of the refusal.
  std::string verdict(const Made& leaf, std::vector<Certificate> intermediates = {},
                      VerificationPolicy policy = {}) const {
    const auto path = validate(leaf, std::move(intermediates), policy);
    return path ? "ok" : path.error().code;
  }
  std::string verdictOf(const Spec& spec, VerificationPolicy policy = {}) const {
    return verdict(make(spec, &ca_), {}, policy);
  }
  void trust(std::string_view crls) { anchors_ = anchorsOf(ca_, crls); }

  const Made ca_ = make(caSpec("Test CA"));
  std::shared_ptr<const TrustAnchors> anchors_ = anchorsOf(ca_);
};

TEST_F(PathValidator, ALeafOfTheAnchorIsValidUntilTheFirstExpiry) {
  const auto path = validate(make({.sans = "DNS:a.example"}, &ca_));
  ASSERT_TRUE(path) << describe(path.error());
  EXPECT_EQ(path->certificates.size(), 2u);
  EXPECT_EQ(path->valid_from, kNow - hours{1});
  EXPECT_EQ(path->valid_until, kNow + hours{24});
  EXPECT_EQ(path->recheck_at, kNow + hours{24});
}

TEST_F(PathValidator, AnIntermediateShownByThePeerLeadsToTheAnchor) {
  const auto middle = make(caSpec("Middle"), &ca_);
  const auto leaf = make({.sans = "DNS:a.example"}, &middle);
  EXPECT_EQ(verdict(leaf, {middle.certificate}), "ok");
  EXPECT_EQ(verdict(leaf), "tls.certificate.untrusted_issuer");
}

TEST_F(PathValidator, AnAnchorNeedNotBeARoot) {
  const auto middle = make(caSpec("Middle"), &ca_);
  anchors_ = anchorsOf(middle);
  EXPECT_EQ(verdict(make({}, &middle)), "ok");
  EXPECT_EQ(verdict(make({}, &ca_)), "tls.certificate.untrusted_issuer");
}

TEST_F(PathValidator, StrangersAreUntrusted) {
  const auto foreign = make(caSpec("Foreign CA"));
  EXPECT_EQ(verdict(make({}, &foreign)), "tls.certificate.untrusted_issuer");
  EXPECT_EQ(verdict(make({}, &foreign), {foreign.certificate}), "tls.certificate.untrusted_issuer");
  EXPECT_EQ(verdict(make({})), "tls.certificate.untrusted_issuer");
}

TEST_F(PathValidator, ACaOfTheSameNameIsNotTheAnchor) {
  const auto impostor = make(caSpec("Test CA"));
  EXPECT_EQ(verdict(make({}, &impostor)), "tls.certificate.untrusted_issuer");
}

TEST_F(PathValidator, AForgedSignatureIsNamed) {
  const auto leaf = make({}, &ca_);
  auto der = leaf.certificate.der();
  der[der.size() - 1] ^= 1;
  EXPECT_EQ(verdict({*Certificate::parseDer(der), leaf.key}), "tls.certificate.bad_signature");
}

TEST_F(PathValidator, TimeIsJudgedAtBothEnds) {
  EXPECT_EQ(verdictOf({.not_before = -hours{2}, .not_after = -hours{1}}), "tls.certificate.expired");
  EXPECT_EQ(verdictOf({.not_before = hours{1}, .not_after = hours{2}}), "tls.certificate.not_yet_valid");
}

TEST_F(PathValidator, ACaIsNoLeaf) {
  auto spec = caSpec("Middle");
  spec.key_usage += ",digitalSignature";
  EXPECT_EQ(verdictOf(spec), "tls.certificate.ca_as_leaf");
  EXPECT_EQ(verdict(ca_), "tls.certificate.ca_as_leaf");
}

TEST_F(PathValidator, ExtendedKeyUsageIsWhatThePolicyAsksFor) {
  const VerificationPolicy client{.eku = Eku::client};
  const VerificationPolicy server{.eku = Eku::server};
  EXPECT_EQ(verdictOf({.eku = "serverAuth"}, client), "tls.certificate.wrong_eku");
  EXPECT_EQ(verdictOf({.eku = "clientAuth"}, server), "tls.certificate.wrong_eku");
  EXPECT_EQ(verdictOf({.eku = "serverAuth"}), "ok");
  EXPECT_EQ(verdictOf({.eku = "clientAuth"}), "ok");
  EXPECT_EQ(verdictOf({.eku = "codeSigning"}), "tls.certificate.wrong_eku");
  EXPECT_EQ(verdictOf({.eku = "anyExtendedKeyUsage"}), "ok");
  EXPECT_EQ(verdictOf({.eku = "anyExtendedKeyUsage"}, client), "tls.certificate.wrong_eku");
  EXPECT_EQ(verdictOf({.eku = ""}, client), "ok");
}

TEST_F(PathValidator, AnIntermediatesExtendedKeyUsageBindsItsLeaves) {
  auto spec = caSpec("Mail CA");
  spec.eku = "emailProtection";
  const auto middle = make(spec, &ca_);
  EXPECT_EQ(verdict(make({}, &middle), {middle.certificate}, {.eku = Eku::client}), "tls.certificate.wrong_eku");
}

TEST_F(PathValidator, ALeafMustBeAllowedToSign) {
  EXPECT_EQ(verdictOf({.key_usage = "critical,keyEncipherment"}), "tls.certificate.key_usage");
  EXPECT_EQ(verdictOf({.key_usage = ""}), "ok");
}

TEST_F(PathValidator, AnOrdinaryLeafIsNoIssuer) {
  const auto leaf = make({.name = "leaf"}, &ca_);
  EXPECT_EQ(verdict(make({}, &leaf), {leaf.certificate}), "tls.certificate.not_a_ca");
}

TEST_F(PathValidator, PathLengthIsKept) {
  auto spec = caSpec("Last");
  spec.basic_constraints = "critical,CA:TRUE,pathlen:0";
  const auto last = make(spec, &ca_);
  const auto beyond = make(caSpec("Beyond"), &last);
  EXPECT_EQ(verdict(make({}, &last), {last.certificate}), "ok");
  EXPECT_EQ(verdict(make({}, &beyond), {beyond.certificate, last.certificate}), "tls.certificate.path_length");
}

TEST_F(PathValidator, MoreIntermediatesThanAllowedAreRefused) {
  std::vector<Made> chain{make(caSpec("M0"), &ca_)};
  for (int i = 1; i < 3; ++i) chain.push_back(make(caSpec("M" + std::to_string(i)), &chain.back()));
  std::vector<Certificate> shown;
  for (const auto& ca : chain) shown.push_back(ca.certificate);
  const auto leaf = make({}, &chain.back());
  EXPECT_EQ(verdict(leaf, shown, {.max_intermediates = 3}), "ok");
  EXPECT_EQ(verdict(leaf, shown, {.max_intermediates = 2}), "tls.certificate.chain_too_long");
}

TEST_F(PathValidator, NameConstraintsBind) {
  auto spec = caSpec("Constrained");
  spec.name_constraints = "critical,permitted;DNS:example.net,excluded;DNS:bad.example.net";
  const auto middle = make(spec, &ca_);
  const auto named = [&](const char* sans) { return verdict(make({.sans = sans}, &middle), {middle.certificate}); };
  EXPECT_EQ(named("DNS:core.example.net"), "ok");
  EXPECT_EQ(named("DNS:core.example.org"), "tls.certificate.name_constraint");
  EXPECT_EQ(named("DNS:core.bad.example.net"), "tls.certificate.name_constraint");
}

// OpenSSL finds the host of a URI after "//" only; what it cannot compare it refuses.
TEST_F(PathValidator, ASipUriUnderAConstraintOnUrisIsRefused) {
  auto spec = caSpec("Constrained");
  spec.name_constraints = "critical,permitted;URI:example.net";
  const auto middle = make(spec, &ca_);
  EXPECT_EQ(verdict(make({.sans = "URI:sip:alice@example.net"}, &middle), {middle.certificate}),
            "tls.certificate.name_constraint");
}

TEST_F(PathValidator, AWildcardDoesNotReachAroundAConstraint) {
  auto spec = caSpec("Constrained");
  spec.name_constraints = "critical,excluded;DNS:core.example.net";
  const auto middle = make(spec, &ca_);
  const auto named = [&](const char* sans) { return verdict(make({.sans = sans}, &middle), {middle.certificate}); };
  EXPECT_EQ(named("DNS:*.example.net"), "tls.certificate.name_constraint");
  EXPECT_EQ(named("DNS:*.a.example.net"), "ok");
  EXPECT_EQ(named("DNS:*.example.org"), "ok");
}

TEST_F(PathValidator, ALeafConstrainsNobody) {
  EXPECT_EQ(verdictOf({.name_constraints = "critical,permitted;DNS:example.net"}), "tls.certificate.strict");
}

TEST_F(PathValidator, WeakKeysAreRefusedAnywhereInThePath) {
  EXPECT_EQ(verdictOf({.key = "RSA-1024"}), "tls.certificate.weak_key");
  EXPECT_EQ(verdictOf({.key = "P-224"}), "tls.certificate.weak_key");
  EXPECT_EQ(verdictOf({.key = "secp256k1"}), "tls.certificate.weak_key");
  for (const auto* key : {"RSA-2048", "P-384", "ED25519"}) EXPECT_EQ(verdictOf({.key = key}), "ok") << key;
  auto spec = caSpec("Weak");
  spec.key = "RSA-1024";
  const auto weak = make(spec, &ca_);
  EXPECT_EQ(verdict(make({}, &weak), {weak.certificate}), "tls.certificate.weak_key");
}

TEST_F(PathValidator, WeakSignaturesAreRefusedBelowTheAnchor) {
  EXPECT_EQ(verdictOf({.digest = EVP_sha1()}), "tls.certificate.weak_signature");
  EXPECT_EQ(verdictOf({.digest = EVP_sha384()}), "ok");
  auto spec = caSpec("Old root");
  spec.digest = EVP_sha1();
  const auto old_root = make(spec);
  anchors_ = anchorsOf(old_root);
  EXPECT_EQ(verdict(make({}, &old_root)), "ok");
}

TEST_F(PathValidator, ARevokedLeafIsRefusedAndAnotherIsNot) {
  const auto revoked = make({}, &ca_);
  trust(makeCrl(ca_, {&revoked}));
  EXPECT_EQ(verdict(revoked), "tls.certificate.revoked");
  const auto path = validate(make({}, &ca_));
  ASSERT_TRUE(path) << describe(path.error());
  EXPECT_EQ(path->recheck_at, kNow + hours{12});  // when the list is due
  EXPECT_EQ(path->valid_until, kNow + hours{24});
}

TEST_F(PathValidator, AStaleListRefusesUnlessThePolicyIsSoft) {
  const auto revoked = make({}, &ca_);
  const auto other = make({}, &ca_);
  trust(makeCrl(ca_, {&revoked}, -hours{1}));
  const VerificationPolicy soft{.revocation = RevocationRule::soft};
  EXPECT_EQ(verdict(other), "tls.certificate.crl_stale");
  EXPECT_EQ(verdict(other, {}, soft), "ok");
  EXPECT_EQ(verdict(revoked, {}, soft), "tls.certificate.revoked");
}

TEST_F(PathValidator, AnIntermediateNeedsItsListWhereListsAreKept) {
  const auto middle = make(caSpec("Middle"), &ca_);
  const auto leaf = make({}, &middle);
  trust(makeCrl(ca_, {}));
  EXPECT_EQ(verdict(leaf, {middle.certificate}), "tls.certificate.crl_missing");
  EXPECT_EQ(verdict(leaf, {middle.certificate}, {.revocation = RevocationRule::soft}), "ok");
  trust(makeCrl(ca_, {}) + makeCrl(middle, {}));
  EXPECT_EQ(verdict(leaf, {middle.certificate}), "ok");
  trust(makeCrl(ca_, {&middle}) + makeCrl(middle, {}));
  EXPECT_EQ(verdict(leaf, {middle.certificate}), "tls.certificate.revoked");
}

TEST_F(PathValidator, AMalformedNameIsRefusedThoughAnotherIsGood) {
  for (const std::string bad : {"DNS:a b", "DNS:.example.net", "DNS:a..b", "DNS:a.*.example", "DNS:*", "DNS:-a.example",
                                "email:a@b@example.net", "email:a", "URI:nothing"}) {
    EXPECT_EQ(verdictOf({.sans = "DNS:good.example.net," + bad}), "tls.certificate.malformed") << bad;
  }
  EXPECT_EQ(verdictOf({.sans = "DNS:*.example.net,email:a@example.net,URI:urn:uuid:1"}), "ok");
}

TEST(TrustAnchors, AreCertificateAuthoritiesOnly) {
  EXPECT_STREQ(TrustAnchors::parse(make({}).pem()).error().code, "crypto.trust.not_a_ca");
  EXPECT_STREQ(TrustAnchors::parse("").error().code, "crypto.certificate.none");
}

TEST(TrustAnchors, AForgedOrBrokenListIsNotLoaded) {
  const auto ca = make(caSpec("Test CA"));
  const auto impostor = make(caSpec("Test CA"));
  EXPECT_STREQ(TrustAnchors::parse(ca.pem(), makeCrl(impostor, {})).error().code, "crypto.trust.crl_signature");
  EXPECT_STREQ(TrustAnchors::parse(ca.pem(), "no list").error().code, "crypto.crl.malformed");
  EXPECT_STREQ(TrustAnchors::parse(ca.pem(), makeCrl(ca, {}).substr(0, 150)).error().code, "crypto.crl.malformed");
}

}  // namespace
}  // namespace sallyport::crypto
