// SPDX-License-Identifier: Apache-2.0
// What a certificate says, as text: decoded completely or not at all, so that nothing in a log or a
// comparison differs from what was signed.
#include <openssl/objects.h>

#include <algorithm>

#include "core/endpoint.h"
#include "crypto/certificate.h"
#include "crypto/encoding.h"
#include "crypto/openssl_error.h"
#include "crypto/x509_values.h"

namespace sallyport::crypto {
namespace {

constexpr std::size_t kMaxSans = 256;
constexpr char kSipDomainOid[] = "1.3.6.1.5.5.7.3.20";  // RFC 5924 id-kp-sipDomain

using GeneralNamesPtr = OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;
using EkuPtr = OpensslPtr<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;

Error malformed(std::string detail) {
  drainOpensslErrors();
  return {ErrorKind::misconfigured, "crypto.certificate.malformed", std::move(detail)};
}

bool isPrintable(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

Result<std::string> addressOf(const ASN1_OCTET_STRING* octets) {
  const auto bytes = textOf(octets);
  if (bytes.size() == 4) {
    std::array<std::uint8_t, 4> quad;
    std::copy(bytes.begin(), bytes.end(), quad.begin());
    return IpAddress::v4(quad).toString();
  }
  if (bytes.size() == 16) {
    std::array<std::uint8_t, 16> words;
    std::copy(bytes.begin(), bytes.end(), words.begin());
    return IpAddress::v6(words).toString();
  }
  return malformed("a subjectAltName address of " + std::to_string(bytes.size()) + " bytes");
}

// Kinds that identify nobody in SIP (directory names, other names) are passed over.
Status appendSan(const GENERAL_NAME* name, std::vector<SubjectAltName>& sans) {
  const auto append = [&sans](SanKind kind, std::string_view text) -> Status {
    if (!isPrintable(text)) return malformed("a subjectAltName that is empty or not printable ASCII");
    sans.push_back({kind, kind == SanKind::dns ? lower(text) : std::string{text}});
    return success();
  };
  switch (name->type) {
    case GEN_DNS: return append(SanKind::dns, textOf(name->d.dNSName));
    case GEN_URI: return append(SanKind::uri, textOf(name->d.uniformResourceIdentifier));
    case GEN_EMAIL: return append(SanKind::email, textOf(name->d.rfc822Name));
    case GEN_IPADD: {
      SP_ASSIGN(auto address, addressOf(name->d.iPAddress));
      sans.push_back({SanKind::ip, std::move(address)});
      return success();
    }
    default: return success();
  }
}

Result<std::vector<SubjectAltName>> sansOf(const X509* certificate) {
  int presence = 0;
  const GeneralNamesPtr names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, &presence, nullptr))};
  std::vector<SubjectAltName> sans;
  if (!names) {
    if (presence == -1) return sans;
    return malformed(presence == -2 ? "two subjectAltName extensions" : "subjectAltName does not decode");
  }
  const auto count = static_cast<std::size_t>(sk_GENERAL_NAME_num(names.get()));
  if (count > kMaxSans) return malformed(std::to_string(count) + " subject alternative names");
  for (std::size_t i = 0; i < count; ++i) {
    SP_TRY(appendSan(sk_GENERAL_NAME_value(names.get(), static_cast<int>(i)), sans));
  }
  return sans;
}

Result<ExtendedKeyUsage> ekuOf(const X509* certificate) {
  int presence = 0;
  const EkuPtr usages{
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, &presence, nullptr))};
  ExtendedKeyUsage eku;
  if (!usages) {
    if (presence == -1) return eku;
    return malformed("extKeyUsage does not decode");
  }
  eku.present = true;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    const ASN1_OBJECT* usage = sk_ASN1_OBJECT_value(usages.get(), i);
    switch (OBJ_obj2nid(usage)) {
      case NID_server_auth: eku.server = true; break;
      case NID_client_auth: eku.client = true; break;
      case NID_anyExtendedKeyUsage: eku.any = true; break;
      default:
        char oid[32] = {};
        if (OBJ_obj2txt(oid, sizeof oid, usage, 1) > 0 && std::string_view{oid} == kSipDomainOid) eku.sip_domain = true;
    }
  }
  return eku;
}

}  // namespace

std::string_view toString(SanKind kind) {
  switch (kind) {
    case SanKind::dns: return "dns";
    case SanKind::ip: return "ip";
    case SanKind::uri: return "uri";
    case SanKind::email: return "email";
  }
  return "dns";
}

std::string SubjectAltName::toString() const { return std::string{crypto::toString(kind)} + ":" + value; }

Result<CertificateFacts> Certificate::facts() const {
  X509* certificate = certificate_.get();
  X509_check_purpose(certificate, -1, 0);  // decodes the extensions
  const auto flags = X509_get_extension_flags(certificate);
  if ((flags & EXFLAG_INVALID) != 0) return malformed("an extension does not decode");

  CertificateFacts facts;
  facts.subject = lineOf(X509_get_subject_name(certificate));
  facts.issuer = lineOf(X509_get_issuer_name(certificate));
  facts.serial = hexOf(X509_get0_serialNumber(certificate));
  facts.fingerprint = toColonHex(fingerprint());
  SP_ASSIGN(facts.sans, sansOf(certificate));
  const auto not_before = wallTimeOf(X509_get0_notBefore(certificate));
  const auto not_after = wallTimeOf(X509_get0_notAfter(certificate));
  if (!not_before || !not_after) return malformed("the validity period does not decode");
  facts.not_before = *not_before;
  facts.not_after = *not_after;
  facts.key = describeKey(X509_get0_pubkey(certificate));
  facts.is_ca = (flags & EXFLAG_CA) != 0;
  SP_ASSIGN(facts.eku, ekuOf(certificate));
  return facts;
}

}  // namespace sallyport::crypto
