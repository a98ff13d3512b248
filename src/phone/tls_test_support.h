// SPDX-License-Identifier: Apache-2.0
#pragma once
// A CA that lives in memory, and phones' identities under it. For tests.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "core/check.h"
#include "phone/tls_setup.h"

namespace sallyport::phone::testing {

class TestCa {
 public:
  TestCa() : key_(makeKey()), certificate_(make("Test CA", key_.get(), nullptr, "")) {}

  // A leaf for both sides of a handshake. `sans` as OpenSSL writes them: "DNS:edge.example,URI:sip:bob@example".
  crypto::LocalIdentity issue(const std::string& name, const std::string& sans) const {
    const Key key = makeKey();
    const X509Ptr leaf = make(name, key.get(), this, sans);
    auto identity = crypto::LocalIdentity::make({crypto::Certificate::share(leaf.get())},
                                                *crypto::PrivateKey::parsePem(pemOf(key.get())));
    SP_CHECK(identity.ok());
    return *std::move(identity);
  }

  std::shared_ptr<const crypto::TrustAnchors> anchors() const {
    auto anchors = crypto::TrustAnchors::parse(crypto::Certificate::share(certificate_.get()).pem());
    SP_CHECK(anchors.ok());
    return *anchors;
  }

  // A phone `name`@example.com that expects `expected` ("dns:...") at the other end.
  TlsSetup phone(const std::string& name, const std::string& expected, const Clock& clock) const {
    auto setup = TlsSetup::make(issue(name, "URI:sip:" + name + "@example.com,DNS:" + name + ".example.com"), anchors(),
                                *parseSan(expected), clock);
    SP_CHECK(setup.ok());
    return *std::move(setup);
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

  static Key makeKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

  static std::string pemOf(EVP_PKEY* key) {
    std::unique_ptr<BIO, decltype(&BIO_free)> bio{BIO_new(BIO_s_mem()), BIO_free};
    SP_CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  static void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free};
    SP_CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
  }

  static X509Ptr make(const std::string& name, EVP_PKEY* key, const TestCa* issuer, const std::string& sans) {
    X509Ptr certificate{X509_new(), X509_free};
    X509* x = certificate.get();
    X509* signer = issuer == nullptr ? x : issuer->certificate_.get();
    static long serial = 1'000;
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -3'600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86'400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(signer));
    X509_set_pubkey(x, key);
    extend(x, signer, NID_subject_key_identifier, "hash");
    extend(x, signer, NID_authority_key_identifier, "keyid:always");
    if (issuer == nullptr) {
      extend(x, signer, NID_basic_constraints, "critical,CA:TRUE");
      extend(x, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
      extend(x, signer, NID_basic_constraints, "critical,CA:FALSE");
      extend(x, signer, NID_key_usage, "critical,digitalSignature");
      extend(x, signer, NID_ext_key_usage, "serverAuth,clientAuth");
      extend(x, signer, NID_subject_alt_name, sans);
    }
    SP_CHECK(X509_sign(x, issuer == nullptr ? key : issuer->key_.get(), EVP_sha256()) > 0);
    return certificate;
  }

  Key key_;
  X509Ptr certificate_;
};

}  // namespace sallyport::phone::testing
