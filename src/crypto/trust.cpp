// SPDX-License-Identifier: Apache-2.0
#include "crypto/trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <limits>

#include "crypto/openssl_error.h"
#include "crypto/pem_file.h"
#include "crypto/x509_values.h"

namespace sallyport::crypto {
namespace {

using Crls = std::vector<std::shared_ptr<X509_CRL>>;

Result<Crls> parseCrls(std::string_view pem) {
  ERR_clear_error();
  Crls crls;
  if (pem.empty()) return crls;
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Error{ErrorKind::misconfigured, "crypto.crl.malformed", "too large"};
  }
  const BioPtr bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  while (X509_CRL* crl = bio ? PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr) : nullptr) {
    crls.emplace_back(crl, X509_CRL_free);
  }
  const auto last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (!at_end || crls.empty()) {
    return opensslError(ErrorKind::misconfigured, "crypto.crl.malformed", "list " + std::to_string(crls.size() + 1));
  }
  ERR_clear_error();
  return crls;
}

// A list in the name of an anchor must be signed by an anchor of that name. One in another name is an
// intermediate's, and is judged when a path leads through that.
Status checkSignature(X509_CRL* crl, const std::vector<Certificate>& anchors) {
  bool named = false;
  for (const auto& anchor : anchors) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(anchor.handle())) != 0) continue;
    if (X509_CRL_verify(crl, X509_get0_pubkey(anchor.handle())) == 1) return success();
    named = true;
  }
  ERR_clear_error();
  if (!named) return success();
  return Error{ErrorKind::misconfigured, "crypto.trust.crl_signature",
               "the revocation list of " + lineOf(X509_CRL_get_issuer(crl)) + " is not signed by that anchor"};
}

std::string_view textOf(const Secret& content) {
  return {reinterpret_cast<const char*>(content.bytes().data()), content.size()};
}

Error withFile(const std::filesystem::path& file, Error error) {
  error.detail = file.string() + ": " + error.detail;
  return error;
}

}  // namespace

Result<std::shared_ptr<const TrustAnchors>> TrustAnchors::load(const Files& files) {
  std::vector<Certificate> certificates;
  for (const auto& file : files.anchors) {
    SP_ASSIGN(auto chain, loadChain(file));
    std::move(chain.begin(), chain.end(), std::back_inserter(certificates));
  }
  Crls crls;
  for (const auto& file : files.crls) {
    SP_ASSIGN(const auto content, readPemFile(file, Readers::anybody));
    auto parsed = parseCrls(textOf(content));
    if (!parsed) return withFile(file, std::move(parsed).error());
    std::move(parsed->begin(), parsed->end(), std::back_inserter(crls));
  }
  auto anchors = make(std::move(certificates), std::move(crls));
  if (!anchors && !files.anchors.empty()) return withFile(files.anchors.front(), std::move(anchors).error());
  return anchors;
}

Result<std::shared_ptr<const TrustAnchors>> TrustAnchors::parse(std::string_view anchors_pem,
                                                                std::string_view crls_pem) {
  SP_ASSIGN(auto certificates, parseChainPem(anchors_pem));
  SP_ASSIGN(auto crls, parseCrls(crls_pem));
  return make(std::move(certificates), std::move(crls));
}

Result<std::shared_ptr<const TrustAnchors>> TrustAnchors::of(
    const std::vector<std::shared_ptr<const TrustAnchors>>& sets) {
  std::vector<Certificate> certificates;
  Crls crls;
  for (const auto& set : sets) {
    certificates.insert(certificates.end(), set->certificates_.begin(), set->certificates_.end());
    crls.insert(crls.end(), set->crls_.begin(), set->crls_.end());
  }
  return make(std::move(certificates), std::move(crls));
}

Result<std::shared_ptr<const TrustAnchors>> TrustAnchors::make(std::vector<Certificate> certificates, Crls crls) {
  if (certificates.empty()) return Error{ErrorKind::misconfigured, "crypto.certificate.none", "no trust anchor"};
  std::shared_ptr<TrustAnchors> anchors{new TrustAnchors};
  anchors->store_.reset(X509_STORE_new());
  if (!anchors->store_) return opensslError(ErrorKind::internal, "crypto.trust.store", "no memory");

  for (const auto& certificate : certificates) {
    SP_ASSIGN(const auto facts, certificate.facts());
    if (!facts.is_ca) return Error{ErrorKind::misconfigured, "crypto.trust.not_a_ca", facts.subject};
    if (X509_STORE_add_cert(anchors->store_.get(), certificate.handle()) != 1) {
      return opensslError(ErrorKind::internal, "crypto.trust.store", facts.subject);
    }
  }
  for (const auto& crl : crls) {
    SP_TRY(checkSignature(crl.get(), certificates));
    if (X509_STORE_add_crl(anchors->store_.get(), crl.get()) != 1) {
      return opensslError(ErrorKind::internal, "crypto.trust.store", lineOf(X509_CRL_get_issuer(crl.get())));
    }
    if (const auto next = wallTimeOf(X509_CRL_get0_nextUpdate(crl.get()))) anchors->next_updates_.push_back(*next);
  }
  anchors->certificates_ = std::move(certificates);
  anchors->crls_ = std::move(crls);
  return std::shared_ptr<const TrustAnchors>{std::move(anchors)};
}

std::optional<WallTime> TrustAnchors::crlsGoodUntil(WallTime now) const {
  std::optional<WallTime> first;
  for (const auto next : next_updates_) {
    if (next > now && (!first || next < *first)) first = next;
  }
  return first;
}

}  // namespace sallyport::crypto
