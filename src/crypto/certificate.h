// SPDX-License-Identifier: Apache-2.0
#pragma once
// X.509 certificates (RFC 5280) and private keys as values, and the facts of a certificate in the form in
// which logs, evidence and policy speak of them. A Certificate is a shared, immutable handle: copying it is
// cheap and it may be used from any thread.

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"
#include "crypto/hash.h"
#include "crypto/openssl_ptr.h"

namespace sallyport::crypto {

enum class SanKind : std::uint8_t { dns, ip, uri, email };
std::string_view toString(SanKind kind);  // "dns", "ip", "uri", "email"

struct SubjectAltName {
  SanKind kind = SanKind::dns;
  std::string value;             // dns: lower case; ip: as IpAddress prints it; printable ASCII throughout
  std::string toString() const;  // "dns:sbc.example.net"
  friend bool operator==(const SubjectAltName&, const SubjectAltName&) = default;
};

struct ExtendedKeyUsage {
  bool present = false;  // absent: the certificate does not restrict its use (RFC 5280 4.2.1.12)
  bool any = false;
  bool server = false;
  bool client = false;
  bool sip_domain = false;  // RFC 5924
};

struct CertificateFacts {
  std::string subject;      // RFC 2253, one line, control and non-ASCII bytes escaped
  std::string issuer;       // likewise
  std::string serial;       // lower-case hex, without leading zero bytes
  std::string fingerprint;  // SHA-256, "AB:CD:..."
  std::vector<SubjectAltName> sans;
  WallTime not_before;
  WallTime not_after;
  std::string key;  // "EC P-256", "RSA 2048", "Ed25519"
  bool is_ca = false;
  ExtendedKeyUsage eku;
};

class Certificate {
 public:
  // Exactly one certificate. Errors: crypto.certificate.malformed.
  static Result<Certificate> parsePem(std::string_view pem);
  static Result<Certificate> parseDer(Bytes der);
  static Certificate share(X509* certificate);  // takes a reference of its own

  X509* handle() const { return certificate_.get(); }
  Sha256Digest fingerprint() const;
  std::vector<std::uint8_t> der() const;
  std::string pem() const;
  // crypto.certificate.malformed where an extension does not decode, a name hides a NUL or a time is none.
  Result<CertificateFacts> facts() const;

 private:
  explicit Certificate(std::shared_ptr<X509> certificate) : certificate_(std::move(certificate)) {}

  std::shared_ptr<X509> certificate_;
};

using CertificateChain = std::vector<Certificate>;  // leaf first

// At least one certificate. Errors: crypto.certificate.malformed, .none; loading also crypto.file.missing,
// .unreadable, .too_large.
Result<CertificateChain> parseChainPem(std::string_view pem);
Result<CertificateChain> loadChain(const std::filesystem::path& file);

class PrivateKey {
 public:
  // Unencrypted PEM. Errors: crypto.key.malformed, crypto.key.encrypted.
  static Result<PrivateKey> parsePem(std::string_view pem);
  // Also crypto.file.*, and crypto.key.permissions where group or others may read the file.
  static Result<PrivateKey> load(const std::filesystem::path& file);
  static Result<PrivateKey> generateP256();

  EVP_PKEY* handle() const { return key_.get(); }
  Result<Secret> pem() const;  // PKCS #8
  bool belongsTo(const Certificate& certificate) const;

 private:
  explicit PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}

  std::shared_ptr<EVP_PKEY> key_;
};

// What we show of ourselves: a chain and the key of its leaf, known to belong together.
class LocalIdentity {
 public:
  // Errors: as of loadChain() and PrivateKey::load(), and crypto.key.mismatch, crypto.identity.weak_key.
  static Result<LocalIdentity> load(const std::filesystem::path& chain_file, const std::filesystem::path& key_file);
  static Result<LocalIdentity> make(CertificateChain chain, PrivateKey key);

  const CertificateChain& chain() const { return chain_; }
  const Certificate& leaf() const { return chain_.front(); }
  const PrivateKey& key() const { return key_; }

 private:
  LocalIdentity(CertificateChain chain, PrivateKey key) : chain_(std::move(chain)), key_(std::move(key)) {}

  CertificateChain chain_;
  PrivateKey key_;
};

// "EC P-256", "RSA 2048", "Ed25519", or OpenSSL's name and the size.
std::string describeKey(const EVP_PKEY* key);

}  // namespace sallyport::crypto
