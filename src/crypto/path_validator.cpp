// SPDX-License-Identifier: Apache-2.0
#include "crypto/path_validator.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

#include "crypto/leaf_rules.h"
#include "crypto/x509_values.h"

namespace sallyport::crypto {
namespace {

constexpr char kMalformed[] = "tls.certificate.malformed";

// Of X509_V_ERR_* (openssl-verify(1)).
const char* codeOf(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "tls.certificate.expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "tls.certificate.not_yet_valid";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED: return "tls.certificate.untrusted_issuer";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: return "tls.certificate.bad_signature";
    case X509_V_ERR_CERT_REVOKED: return "tls.certificate.revoked";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER: return "tls.certificate.crl_missing";
    case X509_V_ERR_CRL_HAS_EXPIRED: return "tls.certificate.crl_stale";
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION: return "tls.certificate.crl_invalid";
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return "tls.certificate.not_a_ca";
    case X509_V_ERR_PATH_LENGTH_EXCEEDED: return "tls.certificate.path_length";
    case X509_V_ERR_CERT_CHAIN_TOO_LONG: return "tls.certificate.chain_too_long";
    case X509_V_ERR_INVALID_PURPOSE: return "tls.certificate.wrong_eku";
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX: return "tls.certificate.name_constraint";
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: return "tls.certificate.critical_extension";
    case X509_V_ERR_INVALID_POLICY_EXTENSION:
    case X509_V_ERR_NO_EXPLICIT_POLICY: return "tls.certificate.policy";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL: return "tls.certificate.weak_key";
    case X509_V_ERR_CA_MD_TOO_WEAK: return "tls.certificate.weak_signature";
    case X509_V_ERR_INVALID_EXTENSION:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD: return kMalformed;
    case X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA:
    case X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN:
    case X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3:
    case X509_V_ERR_ISSUER_NAME_EMPTY:
    case X509_V_ERR_SUBJECT_NAME_EMPTY:
    case X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL:
    case X509_V_ERR_EMPTY_SUBJECT_ALT_NAME:
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
    case X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
    case X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY: return "tls.certificate.strict";
    default: return "tls.certificate.invalid";
  }
}

// RevocationRule::soft: what no current list speaks of is let through; what one lists is still revoked.
int tolerateMissingLists(int ok, X509_STORE_CTX* context) {
  const int error = X509_STORE_CTX_get_error(context);
  if (ok == 1 || (error != X509_V_ERR_UNABLE_TO_GET_CRL && error != X509_V_ERR_CRL_HAS_EXPIRED)) return ok;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

int purposeOf(Eku eku) {
  switch (eku) {
    case Eku::client: return X509_PURPOSE_SSL_CLIENT;
    case Eku::server: return X509_PURPOSE_SSL_SERVER;
    case Eku::any: break;
  }
  return X509_PURPOSE_ANY;
}

void configure(X509_STORE_CTX* context, const TrustAnchors& anchors, const VerificationPolicy& policy, WallTime now) {
  auto* parameters = X509_STORE_CTX_get0_param(context);
  unsigned long flags =
      X509_V_FLAG_X509_STRICT | X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;
  if (anchors.hasCrls()) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  X509_VERIFY_PARAM_set_flags(parameters, flags);
  X509_VERIFY_PARAM_set_depth(parameters, static_cast<int>(policy.max_intermediates));
  X509_VERIFY_PARAM_set_purpose(parameters, purposeOf(policy.eku));
  X509_VERIFY_PARAM_set_time(parameters, std::chrono::system_clock::to_time_t(now));
  if (policy.revocation == RevocationRule::soft) X509_STORE_CTX_set_verify_cb(context, tolerateMissingLists);
}

Error explain(X509_STORE_CTX* context, const Certificate& leaf, const VerificationPolicy& policy) {
  const int error = X509_STORE_CTX_get_error(context);
  ERR_clear_error();
  if (error == X509_V_ERR_INVALID_PURPOSE && X509_STORE_CTX_get_error_depth(context) == 0) {
    if (auto reason = checkUse(leaf, policy.eku); !reason) return std::move(reason).error();
    return refusal("tls.certificate.key_usage", leaf.handle(), "its key usage does not allow TLS");
  }
  X509* certificate = X509_STORE_CTX_get_current_cert(context);
  return refusal(codeOf(error), certificate != nullptr ? certificate : leaf.handle(),
                 X509_verify_cert_error_string(error));
}

Status checkStrength(const std::vector<Certificate>& path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    X509* certificate = path[i].handle();
    if (const auto weakness = weaknessOf(X509_get0_pubkey(certificate))) {
      return refusal("tls.certificate.weak_key", certificate, *weakness);
    }
    // The anchor is trusted for being configured, not for its signature.
    if (i + 1 == path.size()) break;
    if (const auto weakness = signatureWeaknessOf(certificate)) {
      return refusal("tls.certificate.weak_signature", certificate, *weakness);
    }
  }
  return success();
}

Result<ValidatedPath> pathOf(X509_STORE_CTX* context, const TrustAnchors& anchors, WallTime now) {
  ValidatedPath path;
  path.valid_from = WallTime::min();
  path.valid_until = WallTime::max();
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    const auto from = wallTimeOf(X509_get0_notBefore(certificate));
    const auto until = wallTimeOf(X509_get0_notAfter(certificate));
    if (!from || !until) return refusal(kMalformed, certificate, "the validity period does not decode");
    path.valid_from = std::max(path.valid_from, *from);
    path.valid_until = std::min(path.valid_until, *until);
    path.certificates.push_back(Certificate::share(certificate));
  }
  path.recheck_at = std::min(path.valid_until, anchors.crlsGoodUntil(now).value_or(WallTime::max()));
  return path;
}

}  // namespace

Result<ValidatedPath> validatePath(const Certificate& leaf, std::span<const Certificate> intermediates,
                                   const TrustAnchors& anchors, const VerificationPolicy& policy, WallTime now) {
  const OpensslPtr<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_free(stack); }> untrusted{
      sk_X509_new_reserve(nullptr, static_cast<int>(intermediates.size()))};
  const X509StoreContextPtr context{X509_STORE_CTX_new()};
  if (!untrusted || !context) return Error{ErrorKind::internal, "tls.certificate.invalid", "no memory"};
  for (const auto& certificate : intermediates) sk_X509_push(untrusted.get(), certificate.handle());
  if (X509_STORE_CTX_init(context.get(), anchors.store(), leaf.handle(), untrusted.get()) != 1) {
    return Error{ErrorKind::internal, "tls.certificate.invalid", "no memory"};
  }
  configure(context.get(), anchors, policy, now);

  ERR_clear_error();
  if (X509_verify_cert(context.get()) != 1) return explain(context.get(), leaf, policy);
  SP_ASSIGN(auto path, pathOf(context.get(), anchors, now));
  SP_TRY(checkUse(leaf, policy.eku));
  SP_TRY(checkNames(path.certificates));
  SP_TRY(checkStrength(path.certificates));
  return path;
}

}  // namespace sallyport::crypto
