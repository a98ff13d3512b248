// SPDX-License-Identifier: Apache-2.0
#include "pki/certificate_builder.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>

#include "core/endpoint.h"
#include "crypto/encoding.h"
#include "crypto/openssl_error.h"
#include "crypto/openssl_ptr.h"
#include "crypto/random.h"

namespace sallyport::pki {
namespace {

using crypto::OpensslPtr;
using GeneralNamePtr = OpensslPtr<GENERAL_NAME, GENERAL_NAME_free>;
using GeneralNamesPtr = OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;
using IntegerPtr = OpensslPtr<ASN1_INTEGER, ASN1_INTEGER_free>;
using TimePtr = OpensslPtr<ASN1_TIME, ASN1_TIME_free>;
using RevokedPtr = OpensslPtr<X509_REVOKED, X509_REVOKED_free>;
using EnumeratedPtr = OpensslPtr<ASN1_ENUMERATED, ASN1_ENUMERATED_free>;

Error failed(std::string_view what) { return crypto::opensslError(ErrorKind::internal, "ca.build.failed", what); }

// 127 random bits: a positive INTEGER of 16 octets (RFC 5280 4.1.2.2 allows 20).
IntegerPtr randomSerial() {
  std::array<std::uint8_t, 16> octets;
  crypto::fillRandom(octets);
  octets[0] &= 0x7f;
  octets[0] |= 0x40;  // never short, never zero
  const crypto::BignumPtr number{BN_bin2bn(octets.data(), octets.size(), nullptr)};
  return IntegerPtr{number ? BN_to_ASN1_INTEGER(number.get(), nullptr) : nullptr};
}

TimePtr asn1Time(WallTime time) { return TimePtr{ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(time))}; }

// `value` is one of our constants; what a request brings never passes through this syntax.
bool addExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const crypto::X509ExtensionPtr extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value)};
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

GeneralNamePtr generalName(const crypto::SubjectAltName& san) {
  using crypto::SanKind;
  GeneralNamePtr name{GENERAL_NAME_new()};
  if (!name) return nullptr;
  std::string content = san.value;
  if (san.kind == SanKind::ip) {
    const auto address = IpAddress::parse(san.value);
    if (!address) return nullptr;
    content.assign(reinterpret_cast<const char*>(address->octets().data()), address->isV4() ? 4 : 16);
  }
  ASN1_STRING* string = ASN1_STRING_type_new(san.kind == SanKind::ip ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
  if (string == nullptr || ASN1_STRING_set(string, content.data(), static_cast<int>(content.size())) != 1) {
    ASN1_STRING_free(string);
    return nullptr;
  }
  const int type = san.kind == SanKind::dns   ? GEN_DNS
                   : san.kind == SanKind::ip  ? GEN_IPADD
                   : san.kind == SanKind::uri ? GEN_URI
                                              : GEN_EMAIL;
  GENERAL_NAME_set0_value(name.get(), type, string);
  return name;
}

bool addSans(X509* certificate, const std::vector<crypto::SubjectAltName>& sans) {
  const GeneralNamesPtr names{sk_GENERAL_NAME_new_null()};
  for (const auto& san : sans) {
    auto name = generalName(san);
    if (!name || sk_GENERAL_NAME_push(names.get(), name.get()) <= 0) return false;
    name.release();
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

crypto::X509Ptr blank(const std::string& name, const crypto::PrivateKey& key, Validity validity) {
  crypto::X509Ptr certificate{X509_new()};
  const auto serial = randomSerial();
  const auto from = asn1Time(validity.from);
  const auto until = asn1Time(validity.until);
  if (!certificate || !serial || !from || !until) return nullptr;
  const auto* text = reinterpret_cast<const unsigned char*>(name.data());
  const bool filled = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                      X509_set_serialNumber(certificate.get(), serial.get()) == 1 &&
                      X509_set1_notBefore(certificate.get(), from.get()) == 1 &&
                      X509_set1_notAfter(certificate.get(), until.get()) == 1 &&
                      X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate.get()), NID_commonName,
                                                 MBSTRING_UTF8, text, static_cast<int>(name.size()), -1, 0) == 1 &&
                      X509_set_pubkey(certificate.get(), key.handle()) == 1;
  return filled ? std::move(certificate) : nullptr;
}

const char* ekuOf(Usage usage) {
  switch (usage) {
    case Usage::client: return "clientAuth";
    case Usage::server: return "serverAuth";
    case Usage::clientAndServer: break;
  }
  return "serverAuth,clientAuth";
}

int crlReason(RevocationReason reason) {
  switch (reason) {
    case RevocationReason::keyCompromise: return CRL_REASON_KEY_COMPROMISE;
    case RevocationReason::superseded: return CRL_REASON_SUPERSEDED;
    case RevocationReason::cessationOfOperation: return CRL_REASON_CESSATION_OF_OPERATION;
    case RevocationReason::unspecified: break;
  }
  return CRL_REASON_UNSPECIFIED;
}

bool addRevoked(X509_CRL* crl, const IndexEntry& entry) {
  const auto octets = crypto::fromHex(entry.serial);
  if (!octets || !entry.revocation) return false;
  const crypto::BignumPtr number{BN_bin2bn(octets->data(), static_cast<int>(octets->size()), nullptr)};
  const IntegerPtr serial{number ? BN_to_ASN1_INTEGER(number.get(), nullptr) : nullptr};
  const auto at = asn1Time(entry.revocation->at);
  RevokedPtr revoked{X509_REVOKED_new()};
  if (!serial || !at || !revoked || X509_REVOKED_set_serialNumber(revoked.get(), serial.get()) != 1 ||
      X509_REVOKED_set_revocationDate(revoked.get(), at.get()) != 1) {
    return false;
  }
  // RFC 5280 5.3.1: an unspecified reason is better left out.
  if (entry.revocation->reason != RevocationReason::unspecified) {
    const EnumeratedPtr reason{ASN1_ENUMERATED_new()};
    if (!reason || ASN1_ENUMERATED_set(reason.get(), crlReason(entry.revocation->reason)) != 1 ||
        X509_REVOKED_add1_ext_i2d(revoked.get(), NID_crl_reason, reason.get(), 0, 0) != 1) {
      return false;
    }
  }
  if (X509_CRL_add0_revoked(crl, revoked.get()) != 1) return false;
  revoked.release();
  return true;
}

bool addCrlExtensions(X509_CRL* crl, std::uint64_t number, const Signer& issuer) {
  const IntegerPtr serial{ASN1_INTEGER_new()};
  if (!serial || ASN1_INTEGER_set_uint64(serial.get(), number) != 1 ||
      X509_CRL_add1_ext_i2d(crl, NID_crl_number, serial.get(), 0, 0) != 1) {
    return false;
  }
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer.certificate.handle(), nullptr, nullptr, crl, 0);
  const crypto::X509ExtensionPtr aki{
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always")};
  return aki && X509_CRL_add_ext(crl, aki.get(), -1) == 1;
}

}  // namespace

Result<crypto::Certificate> buildRoot(const std::string& name, const crypto::PrivateKey& key, Validity validity) {
  const auto certificate = blank(name, key, validity);
  if (!certificate) return failed("root");
  X509* x = certificate.get();
  const bool built = X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
                     addExtension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                     addExtension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                     addExtension(x, x, NID_subject_key_identifier, "hash") &&
                     X509_sign(x, key.handle(), EVP_sha256()) > 0;
  if (!built) return failed("root");
  return crypto::Certificate::share(x);
}

Result<crypto::Certificate> buildLeaf(const IssueRequest& request, const crypto::PrivateKey& key, const Signer& issuer,
                                      Validity validity) {
  const auto certificate = blank(request.name, key, validity);
  if (!certificate) return failed(request.name);
  X509* x = certificate.get();
  X509* ca = issuer.certificate.handle();
  const bool built = X509_set_issuer_name(x, X509_get_subject_name(ca)) == 1 &&
                     addExtension(x, ca, NID_basic_constraints, "critical,CA:FALSE") &&
                     addExtension(x, ca, NID_key_usage, "critical,digitalSignature") &&
                     addExtension(x, ca, NID_ext_key_usage, ekuOf(request.usage)) &&
                     addExtension(x, ca, NID_subject_key_identifier, "hash") &&
                     addExtension(x, ca, NID_authority_key_identifier, "keyid:always") && addSans(x, request.sans) &&
                     X509_sign(x, issuer.key.handle(), EVP_sha256()) > 0;
  if (!built) return failed(request.name);
  return crypto::Certificate::share(x);
}

Result<std::string> buildCrl(std::span<const IndexEntry> revoked, std::uint64_t number, const Signer& issuer,
                             Validity validity) {
  const crypto::X509CrlPtr crl{X509_CRL_new()};
  const auto from = asn1Time(validity.from);
  const auto until = asn1Time(validity.until);
  bool built = crl && from && until && X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1 &&
               X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.handle())) == 1 &&
               X509_CRL_set1_lastUpdate(crl.get(), from.get()) == 1 &&
               X509_CRL_set1_nextUpdate(crl.get(), until.get()) == 1 && addCrlExtensions(crl.get(), number, issuer);
  for (const auto& entry : revoked) built = built && addRevoked(crl.get(), entry);
  built = built && X509_CRL_sort(crl.get()) == 1 && X509_CRL_sign(crl.get(), issuer.key.handle(), EVP_sha256()) > 0;
  const crypto::BioPtr bio{BIO_new(BIO_s_mem())};
  if (!built || !bio || PEM_write_bio_X509_CRL(bio.get(), crl.get()) != 1) return failed("revocation list");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return std::string{data, static_cast<std::size_t>(size)};
}

}  // namespace sallyport::pki
