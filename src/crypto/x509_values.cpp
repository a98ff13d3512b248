// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509_values.h"

#include <openssl/bn.h>
#include <openssl/objects.h>

#include <algorithm>
#include <cctype>
#include <ctime>

#include "crypto/certificate.h"
#include "crypto/openssl_ptr.h"

namespace sallyport::crypto {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;  // verifying is ours to pay for

std::string contentOf(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string{data, static_cast<std::size_t>(size)} : std::string{};
}

}  // namespace

std::optional<WallTime> wallTimeOf(const ASN1_TIME* time) {
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  const std::chrono::seconds since_epoch{timegm(&fields)};
  const auto earliest = std::chrono::ceil<std::chrono::seconds>(WallTime::min().time_since_epoch());
  const auto latest = std::chrono::floor<std::chrono::seconds>(WallTime::max().time_since_epoch());
  return WallTime{std::clamp(since_epoch, earliest, latest)};
}

std::string lineOf(const X509_NAME* name) {
  const BioPtr bio{BIO_new(BIO_s_mem())};
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  return contentOf(bio.get());
}

std::string hexOf(const ASN1_INTEGER* integer) {
  const BignumPtr number{ASN1_INTEGER_to_BN(integer, nullptr)};
  if (!number) return {};
  const OpensslPtr<char, [](char* text) { OPENSSL_free(text); }> digits{BN_bn2hex(number.get())};
  if (!digits) return {};
  std::string text{digits.get()};
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char digit) { return static_cast<char>(std::tolower(static_cast<unsigned char>(digit))); });
  return text;
}

std::string describeKey(const EVP_PKEY* key) {
  if (key == nullptr) return "none";
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return "Ed25519";
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    char group[64] = {};
    if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) return "EC";
    const char* nist = EC_curve_nid2nist(OBJ_txt2nid(group));
    return std::string{"EC "} + (nist != nullptr ? nist : group);
  }
  const char* type = EVP_PKEY_get0_type_name(key);
  return std::string{type != nullptr ? type : "unknown"} + " " + std::to_string(EVP_PKEY_get_bits(key));
}

std::optional<std::string> weaknessOf(const EVP_PKEY* key) {
  const auto description = describeKey(key);
  if (description == "EC P-256" || description == "EC P-384" || description == "Ed25519") return std::nullopt;
  const bool rsa = key != nullptr && (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1);
  if (rsa) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits >= kMinRsaBits && bits <= kMaxRsaBits) return std::nullopt;
  }
  return "key " + description + "; accepted are RSA 2048 to 8192, EC P-256 and P-384, Ed25519";
}

std::optional<std::string> signatureWeaknessOf(X509* certificate) {
  int digest = NID_undef;
  int key_type = NID_undef;
  if (X509_get_signature_info(certificate, &digest, &key_type, nullptr, nullptr) == 1) {
    if (key_type == NID_ED25519) return std::nullopt;
    if (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512) return std::nullopt;
  }
  const char* name = OBJ_nid2ln(X509_get_signature_nid(certificate));
  return std::string{"signed with "} + (name != nullptr ? name : "an unknown algorithm");
}

}  // namespace sallyport::crypto
