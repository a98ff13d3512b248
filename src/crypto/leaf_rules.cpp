// SPDX-License-Identifier: Apache-2.0
#include "crypto/leaf_rules.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <string>
#include <vector>

#include "crypto/openssl_ptr.h"
#include "crypto/peer_identity.h"
#include "crypto/x509_values.h"

namespace sallyport::crypto {
namespace {

using NameConstraintsPtr = OpensslPtr<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;

constexpr char kMalformed[] = "tls.certificate.malformed";
constexpr char kKeyUsage[] = "tls.certificate.key_usage";

Result<CertificateFacts> factsOf(const Certificate& leaf) {
  auto facts = leaf.facts();
  if (facts) return facts;
  return Error{ErrorKind::peerDenied, kMalformed, std::move(facts).error().detail};
}

Status checkEku(const Certificate& leaf, const ExtendedKeyUsage& eku, Eku wanted) {
  const auto refuse = [&leaf](std::string_view missing) {
    return refusal("tls.certificate.wrong_eku", leaf.handle(),
                   "its extended key usage does not allow " + std::string{missing});
  };
  if (!eku.present) return success();
  if (wanted == Eku::client && !eku.client) return refuse("TLS clients");
  if (wanted == Eku::server && !eku.server) return refuse("TLS servers");
  if (!eku.client && !eku.server && !eku.any && !eku.sip_domain) return refuse("TLS");
  return success();
}

bool isMailbox(std::string_view address) {
  const auto at = address.find('@');
  return at != std::string_view::npos && at > 0 && at == address.rfind('@') &&
         normalIdentity({SanKind::dns, std::string{address.substr(at + 1)}});
}

bool isName(const SubjectAltName& san) {
  switch (san.kind) {
    case SanKind::email: return isMailbox(san.value);
    case SanKind::dns:
    case SanKind::ip:
    case SanKind::uri: break;
  }
  return normalIdentity(san).has_value();
}

// RFC 5280 4.2.1.10 compares names as they are written, so "*.example.net" is not within the excluded
// "core.example.net" and yet stands for it (CVE-2025-61727).
bool excludesSomeOf(X509* ca, const std::vector<std::string>& parents) {
  const NameConstraintsPtr constraints{
      static_cast<NAME_CONSTRAINTS*>(X509_get_ext_d2i(ca, NID_name_constraints, nullptr, nullptr))};
  if (!constraints) return false;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, i)->base;
    if (base->type != GEN_DNS) continue;
    const auto excluded = normalIdentity({SanKind::dns, std::string{textOf(base->d.dNSName)}});
    if (!excluded) continue;
    const std::string parent{withoutLeftLabel(excluded->value)};
    if (std::find(parents.begin(), parents.end(), parent) != parents.end()) return true;
  }
  return false;
}

}  // namespace

Error refusal(const char* code, X509* certificate, std::string_view why) {
  std::string detail{why};
  if (certificate != nullptr) detail = lineOf(X509_get_subject_name(certificate)) + ": " + detail;
  return {ErrorKind::peerDenied, code, std::move(detail)};
}

Status checkUse(const Certificate& leaf, Eku wanted) {
  SP_ASSIGN(const auto facts, factsOf(leaf));
  X509* handle = leaf.handle();
  if (facts.is_ca) return refusal("tls.certificate.ca_as_leaf", handle, "a CA is nobody's peer");
  SP_TRY(checkEku(leaf, facts.eku, wanted));
  // Every suite we speak has the peer sign the handshake. Absent, the extension gives all bits.
  const auto usage = X509_get_key_usage(handle);
  if ((usage & KU_DIGITAL_SIGNATURE) == 0) {
    return refusal(kKeyUsage, handle, "its key usage does not allow digital signatures");
  }
  if (usage != UINT32_MAX && (usage & KU_KEY_CERT_SIGN) != 0) {
    return refusal(kKeyUsage, handle, "it may sign certificates and is no CA");
  }
  // RFC 5280 4.2.1.10: MUST be used only in a CA certificate.
  if (X509_get_ext_by_NID(handle, NID_name_constraints, -1) >= 0) {
    return refusal("tls.certificate.strict", handle, "it constrains names and is no CA");
  }
  return success();
}

Status checkNames(std::span<const Certificate> path) {
  SP_ASSIGN(const auto facts, factsOf(path.front()));
  std::vector<std::string> wildcard_parents;
  for (const auto& san : facts.sans) {
    if (!isName(san)) return refusal(kMalformed, path.front().handle(), "not a name: " + san.toString());
    if (san.kind == SanKind::dns && isWildcard(san.value)) {
      wildcard_parents.emplace_back(withoutLeftLabel(san.value));
    }
  }
  if (wildcard_parents.empty()) return success();
  for (const auto& ca : path.subspan(1)) {
    if (excludesSomeOf(ca.handle(), wildcard_parents)) {
      return refusal("tls.certificate.name_constraint", path.front().handle(),
                     "its wildcard stands for a name that its issuer may not certify");
    }
  }
  ERR_clear_error();
  return success();
}

}  // namespace sallyport::crypto
