// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate_fingerprint.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "core/check.h"
#include "crypto/encoding.h"

namespace sallyport::crypto {
namespace {

constexpr std::array kHashes{FingerprintHash::sha256, FingerprintHash::sha384, FingerprintHash::sha512};

std::size_t digestBytes(FingerprintHash hash) {
  switch (hash) {
    case FingerprintHash::sha256: return 32;
    case FingerprintHash::sha384: return 48;
    case FingerprintHash::sha512: break;
  }
  return 64;
}

const EVP_MD* implementation(FingerprintHash hash) {
  switch (hash) {
    case FingerprintHash::sha256: return EVP_sha256();
    case FingerprintHash::sha384: return EVP_sha384();
    case FingerprintHash::sha512: break;
  }
  return EVP_sha512();
}

std::optional<FingerprintHash> hashNamed(std::string_view name) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  for (const auto hash : kHashes) {
    const auto known = toString(hash);
    if (std::equal(name.begin(), name.end(), known.begin(), known.end(), same)) return hash;
  }
  return std::nullopt;
}

Error malformed(std::string_view text) {
  return {ErrorKind::peerMisbehaved, "crypto.fingerprint.malformed", std::string{text.substr(0, 32)}};
}

}  // namespace

std::string_view toString(FingerprintHash hash) {
  switch (hash) {
    case FingerprintHash::sha256: return "sha-256";
    case FingerprintHash::sha384: return "sha-384";
    case FingerprintHash::sha512: break;
  }
  return "sha-512";
}

CertificateFingerprint CertificateFingerprint::of(const Certificate& certificate, FingerprintHash hash) {
  CertificateFingerprint fingerprint{hash, std::vector<std::uint8_t>(EVP_MAX_MD_SIZE)};
  unsigned size = 0;
  SP_CHECK(X509_digest(certificate.handle(), implementation(hash), fingerprint.digest.data(), &size) == 1);
  fingerprint.digest.resize(size);
  return fingerprint;
}

Result<CertificateFingerprint> CertificateFingerprint::parse(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos || space == 0) return malformed(text);
  const auto name = text.substr(0, space);
  const auto hash = hashNamed(name);
  if (!hash) return Error{ErrorKind::peerDenied, "crypto.fingerprint.weak", std::string{name.substr(0, 32)}};
  const auto value = text.substr(space + 1);
  const auto bytes = digestBytes(*hash);
  if (value.size() != bytes * 3 - 1) return malformed(text);
  std::string digits;
  digits.reserve(bytes * 2);
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool between = i % 3 == 2;
    if (between != (value[i] == ':')) return malformed(text);
    if (!between) digits.push_back(value[i]);
  }
  auto digest = fromHex(digits);
  if (!digest) return malformed(text);
  return CertificateFingerprint{*hash, *std::move(digest)};
}

std::string CertificateFingerprint::text() const { return std::string{toString(hash)} + " " + toColonHex(digest); }

bool isAnnounced(const Certificate& certificate, std::span<const CertificateFingerprint> announced) {
  if (announced.empty()) return false;
  const auto weaker = [](const auto& a, const auto& b) { return a.hash < b.hash; };
  const auto strongest = std::max_element(announced.begin(), announced.end(), weaker)->hash;
  const auto shown = CertificateFingerprint::of(certificate, strongest);
  return std::find(announced.begin(), announced.end(), shown) != announced.end();
}

}  // namespace sallyport::crypto
