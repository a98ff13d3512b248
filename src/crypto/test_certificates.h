// SPDX-License-Identifier: Apache-2.0
#pragma once
// Certificates, revocation lists and TLS sessions for tests: any certificate a stranger might show, made in
// memory, and handshakes that need no socket. Never part of the product.

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "crypto/certificate.h"
#include "crypto/openssl_ptr.h"
#include "crypto/random.h"
#include "crypto/trust.h"

namespace sallyport::crypto::testing {

using std::chrono::hours;
using std::chrono::seconds;

inline const WallTime kNow{seconds{1'800'000'000}};  // an hour before FakeClock

// Extensions in OpenSSL's configuration syntax; empty: left out.
struct Spec {
  std::string name = "peer";
  std::string sans = {};
  std::string eku = "serverAuth,clientAuth";
  std::string basic_constraints = "critical,CA:FALSE";
  std::string key_usage = "critical,digitalSignature";
  std::string name_constraints = {};
  std::string key = "P-256";  // an EC group, "ED25519" or "RSA-<bits>"
  seconds not_before = -hours{1};
  seconds not_after = hours{24};
  const EVP_MD* digest = EVP_sha256();
};

struct Made {
  Certificate certificate;
  PrivateKey key;
  std::string pem() const { return certificate.pem(); }
};

inline Spec caSpec(std::string name) {
  Spec spec;
  spec.name = std::move(name);
  spec.eku = "";
  spec.basic_constraints = "critical,CA:TRUE";
  spec.key_usage = "critical,keyCertSign,cRLSign";
  spec.not_after = hours{24 * 365};
  return spec;
}

inline PkeyPtr makeKey(const std::string& kind) {
  if (kind == "ED25519") return PkeyPtr{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
  if (kind.starts_with("RSA-")) return PkeyPtr{EVP_RSA_gen(static_cast<unsigned>(std::stoul(kind.substr(4))))};
  return PkeyPtr{EVP_EC_gen(kind.c_str())};
}

inline PrivateKey keyOf(EVP_PKEY* key) {
  const BioPtr bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return *PrivateKey::parsePem({data, static_cast<std::size_t>(size)});
}

inline void addExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const X509ExtensionPtr extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())};
  ASSERT_NE(extension, nullptr) << value;
  ASSERT_EQ(X509_add_ext(certificate, extension.get(), -1), 1);
}

// Signed by `issuer`, or by itself where there is none.
inline Made make(const Spec& spec, const Made* issuer = nullptr) {
  const auto key = makeKey(spec.key);
  const X509Ptr certificate{X509_new()};
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), randomNumber() >> 1 | 1);
  const auto start = std::chrono::system_clock::to_time_t(kNow);
  ASN1_TIME_adj(X509_getm_notBefore(x), start, 0, static_cast<long>(spec.not_before.count()));
  ASN1_TIME_adj(X509_getm_notAfter(x), start, 0, static_cast<long>(spec.not_after.count()));
  auto* subject = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(spec.name.c_str()),
                             -1, -1, 0);
  X509_set_pubkey(x, key.get());
  X509* signer = issuer != nullptr ? issuer->certificate.handle() : x;
  X509_set_issuer_name(x, X509_get_subject_name(signer));
  addExtension(x, signer, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) addExtension(x, signer, NID_authority_key_identifier, "keyid:always");
  addExtension(x, signer, NID_basic_constraints, spec.basic_constraints);
  addExtension(x, signer, NID_key_usage, spec.key_usage);
  addExtension(x, signer, NID_ext_key_usage, spec.eku);
  addExtension(x, signer, NID_subject_alt_name, spec.sans);
  addExtension(x, signer, NID_name_constraints, spec.name_constraints);
  EVP_PKEY* signing_key = issuer != nullptr ? issuer->key.handle() : key.get();
  const bool ed25519 = EVP_PKEY_is_a(signing_key, "ED25519") == 1;
  EXPECT_GT(X509_sign(x, signing_key, ed25519 ? nullptr : spec.digest), 0);
  return {Certificate::share(x), keyOf(key.get())};
}

// A revocation list of `issuer`, in PEM.
inline std::string makeCrl(const Made& issuer, const std::vector<const Made*>& revoked,
                           seconds next_update = hours{12}) {
  const OpensslPtr<X509_CRL, X509_CRL_free> crl{X509_CRL_new()};
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.handle()));
  const auto at = [](seconds offset) {
    const auto start = std::chrono::system_clock::to_time_t(kNow);
    return OpensslPtr<ASN1_TIME, ASN1_TIME_free>{ASN1_TIME_adj(nullptr, start, 0, static_cast<long>(offset.count()))};
  };
  X509_CRL_set1_lastUpdate(crl.get(), at(-hours{24}).get());
  X509_CRL_set1_nextUpdate(crl.get(), at(next_update).get());
  for (const auto* certificate : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate->certificate.handle()));
    X509_REVOKED_set_revocationDate(entry, at(-hours{2}).get());
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  X509_CRL_sort(crl.get());
  EXPECT_GT(X509_CRL_sign(crl.get(), issuer.key.handle(), EVP_sha256()), 0);
  const BioPtr bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509_CRL(bio.get(), crl.get());
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

inline std::shared_ptr<const TrustAnchors> anchorsOf(const Made& ca, std::string_view crls = {}) {
  auto anchors = TrustAnchors::parse(ca.pem(), crls);
  EXPECT_TRUE(anchors) << describe(anchors.error());
  return *anchors;
}

inline LocalIdentity identityOf(const Made& leaf, const std::vector<const Made*>& intermediates = {}) {
  CertificateChain chain{leaf.certificate};
  for (const auto* intermediate : intermediates) chain.push_back(intermediate->certificate);
  auto identity = LocalIdentity::make(std::move(chain), leaf.key);
  EXPECT_TRUE(identity) << describe(identity.error());
  return *identity;
}

}  // namespace sallyport::crypto::testing
