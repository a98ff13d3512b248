// SPDX-License-Identifier: Apache-2.0
#include "crypto/dtls_certificate.h"

#include <openssl/err.h>

#include "crypto/dtls_context.h"
#include "crypto/openssl_error.h"
#include "crypto/random.h"

namespace sallyport::crypto {
namespace {

constexpr char kSubject[] = "dtls-srtp";  // says nothing of us
constexpr int kValidDays = 30;            // longer than any call

// One and the same name is subject and issuer; version 3 for those who look.
X509Ptr unsignedCertificate(const PrivateKey& key, WallTime now) {
  X509Ptr certificate{X509_new()};
  const BignumPtr serial{BN_new()};
  if (!certificate || !serial) return nullptr;
  auto today = std::chrono::system_clock::to_time_t(now);
  X509* x = certificate.get();
  X509_NAME* name = X509_get_subject_name(x);
  const bool filled = X509_set_version(x, X509_VERSION_3) == 1 && BN_set_word(serial.get(), randomNumber() | 1) == 1 &&
                      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x)) != nullptr &&
                      X509_time_adj_ex(X509_getm_notBefore(x), -1, 0, &today) != nullptr &&
                      X509_time_adj_ex(X509_getm_notAfter(x), kValidDays, 0, &today) != nullptr &&
                      X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                                 reinterpret_cast<const unsigned char*>(kSubject), -1, -1, 0) == 1 &&
                      X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key.handle()) == 1;
  return filled ? std::move(certificate) : nullptr;
}

}  // namespace

DtlsCertificate::DtlsCertificate(LocalIdentity identity, SslContextPtr context)
    : identity_(std::move(identity)),
      fingerprint_(CertificateFingerprint::of(identity_.leaf(), FingerprintHash::sha256)),
      context_(std::move(context)) {}

Result<std::shared_ptr<const DtlsCertificate>> DtlsCertificate::generate(WallTime now) {
  ERR_clear_error();
  SP_ASSIGN(auto key, PrivateKey::generateP256());
  const auto certificate = unsignedCertificate(key, now);
  if (!certificate || X509_sign(certificate.get(), key.handle(), EVP_sha256()) <= 0) {
    return opensslError(ErrorKind::internal, "crypto.dtls.certificate", "self-signed");
  }
  SP_ASSIGN(auto identity, LocalIdentity::make({Certificate::share(certificate.get())}, std::move(key)));
  SP_ASSIGN(auto context, makeDtlsContext(identity));
  return std::shared_ptr<const DtlsCertificate>{new DtlsCertificate{std::move(identity), std::move(context)}};
}

Result<std::shared_ptr<const DtlsCertificate>> DtlsCertificates::current(WallTime now) {
  const std::lock_guard lock{mutex_};
  // A wall clock that went back is no reason to keep one for longer.
  const bool of_today = current_ != nullptr && now - made_ < kLife && made_ - now < kLife;
  if (!of_today) {
    SP_ASSIGN(current_, DtlsCertificate::generate(now));
    made_ = now;
  }
  return current_;
}

}  // namespace sallyport::crypto
