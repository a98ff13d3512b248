// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits>

#include "crypto/certificate.h"
#include "crypto/openssl_error.h"
#include "crypto/pem_file.h"
#include "crypto/x509_values.h"

namespace sallyport::crypto {
namespace {

// Nobody is asked for a passphrase: an edge starts without a person beside it.
int refusePassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Error withFile(const std::filesystem::path& file, Error error) {
  error.detail = file.string() + ": " + error.detail;
  return error;
}

}  // namespace

Result<PrivateKey> PrivateKey::parsePem(std::string_view pem) {
  ERR_clear_error();
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Error{ErrorKind::misconfigured, "crypto.key.malformed", "too large"};
  }
  const BioPtr bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  bool asked = false;
  std::shared_ptr<EVP_PKEY> key{bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refusePassphrase, &asked) : nullptr,
                                EVP_PKEY_free};
  if (key) return PrivateKey{std::move(key)};
  if (asked) {
    drainOpensslErrors();
    return Error{ErrorKind::misconfigured, "crypto.key.encrypted", "the key is encrypted; decrypt it and chmod 600 it"};
  }
  return opensslError(ErrorKind::misconfigured, "crypto.key.malformed", "no PEM private key");
}

Result<PrivateKey> PrivateKey::load(const std::filesystem::path& file) {
  SP_ASSIGN(const auto content, readPemFile(file, Readers::ownerOnly));
  auto key = parsePem({reinterpret_cast<const char*>(content.bytes().data()), content.size()});
  if (!key) return withFile(file, std::move(key).error());
  return key;
}

Result<PrivateKey> PrivateKey::generateP256() {
  std::shared_ptr<EVP_PKEY> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  if (!key) return opensslError(ErrorKind::internal, "crypto.key.generation", "EC P-256");
  return PrivateKey{std::move(key)};
}

Result<Secret> PrivateKey::pem() const {
  const BioPtr bio{BIO_new(BIO_s_secmem())};
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return opensslError(ErrorKind::internal, "crypto.key.encoding", "PKCS #8");
  }
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return Secret{Bytes{reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)}};
}

bool PrivateKey::belongsTo(const Certificate& certificate) const {
  const bool matches = X509_check_private_key(certificate.handle(), key_.get()) == 1;
  if (!matches) ERR_clear_error();
  return matches;
}

Result<LocalIdentity> LocalIdentity::make(CertificateChain chain, PrivateKey key) {
  if (chain.empty()) return Error{ErrorKind::misconfigured, "crypto.certificate.none", "no certificate"};
  if (!key.belongsTo(chain.front())) {
    return Error{
        ErrorKind::misconfigured, "crypto.key.mismatch",
        "the key is not that of the first certificate, " + lineOf(X509_get_subject_name(chain.front().handle()))};
  }
  if (auto weakness = weaknessOf(key.handle())) {
    return Error{ErrorKind::misconfigured, "crypto.identity.weak_key", *std::move(weakness)};
  }
  return LocalIdentity{std::move(chain), std::move(key)};
}

Result<LocalIdentity> LocalIdentity::load(const std::filesystem::path& chain_file,
                                          const std::filesystem::path& key_file) {
  SP_ASSIGN(auto chain, loadChain(chain_file));
  SP_ASSIGN(auto key, PrivateKey::load(key_file));
  auto identity = make(std::move(chain), std::move(key));
  if (!identity) return withFile(key_file, std::move(identity).error());
  return identity;
}

}  // namespace sallyport::crypto
