// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits>

#include "crypto/encoding.h"
#include "crypto/openssl_error.h"
#include "crypto/pem_file.h"

namespace sallyport::crypto {
namespace {

constexpr char kMalformed[] = "crypto.certificate.malformed";

BioPtr readerOf(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
  return BioPtr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

std::shared_ptr<X509> shared(X509* certificate) { return {certificate, X509_free}; }

}  // namespace

Result<CertificateChain> parseChainPem(std::string_view pem) {
  ERR_clear_error();
  const auto bio = readerOf(pem);
  if (!bio) return opensslError(ErrorKind::internal, kMalformed, "no memory");
  CertificateChain chain;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    chain.push_back(Certificate::share(certificate));
    X509_free(certificate);
  }
  const auto last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (!at_end) {
    return opensslError(ErrorKind::misconfigured, kMalformed, "certificate " + std::to_string(chain.size() + 1));
  }
  ERR_clear_error();
  if (chain.empty()) return Error{ErrorKind::misconfigured, "crypto.certificate.none", "no PEM certificate"};
  return chain;
}

Result<CertificateChain> loadChain(const std::filesystem::path& file) {
  SP_ASSIGN(const auto content, readPemFile(file, Readers::anybody));
  auto chain = parseChainPem({reinterpret_cast<const char*>(content.bytes().data()), content.size()});
  if (chain) return chain;
  auto error = std::move(chain).error();
  error.detail = file.string() + ": " + error.detail;
  return error;
}

Result<Certificate> Certificate::parsePem(std::string_view pem) {
  SP_ASSIGN(auto chain, parseChainPem(pem));
  if (chain.size() != 1) {
    return Error{ErrorKind::misconfigured, kMalformed, std::to_string(chain.size()) + " certificates instead of one"};
  }
  return std::move(chain.front());
}

Result<Certificate> Certificate::parseDer(Bytes der) {
  const unsigned char* at = der.data();
  auto certificate = shared(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate) return opensslError(ErrorKind::misconfigured, kMalformed, "not DER");
  if (at != der.data() + der.size()) return Error{ErrorKind::misconfigured, kMalformed, "bytes after the certificate"};
  return Certificate{std::move(certificate)};
}

Certificate Certificate::share(X509* certificate) {
  SP_CHECK(X509_up_ref(certificate) == 1);
  return Certificate{shared(certificate)};
}

Sha256Digest Certificate::fingerprint() const {
  Sha256Digest digest;
  SP_CHECK(X509_digest(certificate_.get(), EVP_sha256(), digest.data(), nullptr) == 1);
  return digest;
}

std::vector<std::uint8_t> Certificate::der() const {
  const int size = i2d_X509(certificate_.get(), nullptr);
  SP_CHECK(size > 0);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  unsigned char* at = bytes.data();
  SP_CHECK(i2d_X509(certificate_.get(), &at) == size);
  return bytes;
}

std::string Certificate::pem() const {
  const BioPtr bio{BIO_new(BIO_s_mem())};
  SP_CHECK(bio && PEM_write_bio_X509(bio.get(), certificate_.get()) == 1);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace sallyport::crypto
