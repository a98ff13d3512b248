// SPDX-License-Identifier: Apache-2.0
#include "crypto/jws.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <array>
#include <string>
#include <vector>

#include "crypto/openssl_error.h"
#include "crypto/openssl_ptr.h"

namespace sallyport::crypto {
namespace {

using ParamBuilderPtr = OpensslPtr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using ParamsPtr = OpensslPtr<OSSL_PARAM, OSSL_PARAM_free>;
using MdContextPtr = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcdsaSignaturePtr = OpensslPtr<ECDSA_SIG, ECDSA_SIG_free>;

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;
constexpr std::size_t kEd25519Bytes = 32;

constexpr std::array<std::pair<JwsAlgorithm, std::string_view>, 5> kNames{{{JwsAlgorithm::es256, "ES256"},
                                                                           {JwsAlgorithm::es384, "ES384"},
                                                                           {JwsAlgorithm::rs256, "RS256"},
                                                                           {JwsAlgorithm::ps256, "PS256"},
                                                                           {JwsAlgorithm::eddsa, "EdDSA"}}};

Error malformed(std::string_view what) {
  return opensslError(ErrorKind::misconfigured, "crypto.jws.key_malformed", what);
}

Error weak(std::string what) { return {ErrorKind::misconfigured, "crypto.jws.key_weak", std::move(what)}; }

BignumPtr numberOf(Bytes bytes) { return BignumPtr{BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)}; }

// A public key of OpenSSL's from its parameters, checked as the algorithm demands (for EC: on the curve).
std::shared_ptr<EVP_PKEY> publicKey(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params{OSSL_PARAM_BLD_to_param(builder)};
  const PkeyContextPtr making{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
  EVP_PKEY* made = nullptr;
  if (!params || !making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
      EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  std::shared_ptr<EVP_PKEY> key{made, EVP_PKEY_free};
  const PkeyContextPtr checking{EVP_PKEY_CTX_new_from_pkey(nullptr, made, nullptr)};
  return checking && EVP_PKEY_public_check(checking.get()) == 1 ? key : nullptr;
}

// JOSE writes an ECDSA signature as R and S side by side (RFC 7518 3.4); OpenSSL reads DER.
std::optional<std::vector<std::uint8_t>> derOf(Bytes signature, std::size_t coordinate) {
  if (signature.size() != 2 * coordinate) return std::nullopt;
  auto r = numberOf(signature.first(coordinate));
  auto s = numberOf(signature.subspan(coordinate));
  const EcdsaSignaturePtr pair{ECDSA_SIG_new()};
  if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return std::nullopt;
  (void)r.release();  // owned by the pair from here
  (void)s.release();
  const auto size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0) return std::nullopt;
  std::vector<std::uint8_t> der(static_cast<std::size_t>(size));
  auto* out = der.data();
  i2d_ECDSA_SIG(pair.get(), &out);
  return der;
}

const EVP_MD* digestOf(JwsAlgorithm algorithm) {
  switch (algorithm) {
    case JwsAlgorithm::es256:
    case JwsAlgorithm::rs256:
    case JwsAlgorithm::ps256: return EVP_sha256();
    case JwsAlgorithm::es384: return EVP_sha384();
    case JwsAlgorithm::eddsa: return nullptr;  // its own (RFC 8032)
  }
  return nullptr;
}

bool verifies(EVP_PKEY* key, JwsAlgorithm algorithm, std::string_view text, Bytes signature) {
  const MdContextPtr context{EVP_MD_CTX_new()};
  EVP_PKEY_CTX* options = nullptr;  // owned by the context
  if (!context || EVP_DigestVerifyInit(context.get(), &options, digestOf(algorithm), nullptr, key) != 1) return false;
  if (algorithm == JwsAlgorithm::ps256 &&
      (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) != 1)) {  // RFC 7518 3.5
    return false;
  }
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

}  // namespace

std::string_view toString(JwsAlgorithm algorithm) {
  for (const auto& [known, name] : kNames) {
    if (known == algorithm) return name;
  }
  return "";
}

std::optional<JwsAlgorithm> jwsAlgorithmFrom(std::string_view name) {
  for (const auto& [algorithm, known] : kNames) {
    if (known == name) return algorithm;
  }
  return std::nullopt;
}

Result<JwsKey> JwsKey::ec(JwsCurve curve, Bytes x, Bytes y) {
  const bool is_p256 = curve == JwsCurve::p256;
  const std::size_t coordinate = is_p256 ? 32 : 48;
  if (x.size() != coordinate || y.size() != coordinate) return malformed("a coordinate of another curve's size");
  std::vector<std::uint8_t> point{POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const ParamBuilderPtr builder{OSSL_PARAM_BLD_new()};
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, is_p256 ? "P-256" : "P-384", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return malformed("EC");
  }
  auto key = publicKey("EC", builder.get());
  if (!key) return malformed("EC");
  return JwsKey{is_p256 ? Kind::p256 : Kind::p384, std::move(key)};
}

Result<JwsKey> JwsKey::rsa(Bytes modulus, Bytes exponent) {
  if (modulus.size() > kMaxRsaBits / 8 || exponent.size() > kMaxRsaBits / 8) return weak("RSA: beyond 8192 bits");
  const auto n = numberOf(modulus);
  const auto e = numberOf(exponent);
  if (!n || !e) return malformed("RSA");
  const auto bits = BN_num_bits(n.get());
  if (bits < kMinRsaBits) return weak("RSA " + std::to_string(bits));
  // FIPS 186-5 5.4: odd, above 2^16, below 2^256. What is larger only costs time.
  if (BN_is_odd(e.get()) != 1 || BN_num_bits(e.get()) <= 16 || BN_num_bits(e.get()) > 256) return weak("RSA exponent");
  const ParamBuilderPtr builder{OSSL_PARAM_BLD_new()};
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return malformed("RSA");
  }
  auto key = publicKey("RSA", builder.get());
  if (!key) return malformed("RSA");
  return JwsKey{Kind::rsa, std::move(key)};
}

Result<JwsKey> JwsKey::ed25519(Bytes x) {
  if (x.size() != kEd25519Bytes) return malformed("Ed25519: not 32 bytes");
  std::shared_ptr<EVP_PKEY> key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x.data(), x.size()),
                                EVP_PKEY_free};
  if (!key) return malformed("Ed25519");
  return JwsKey{Kind::ed25519, std::move(key)};
}

bool JwsKey::serves(JwsAlgorithm algorithm) const {
  switch (algorithm) {
    case JwsAlgorithm::es256: return kind_ == Kind::p256;
    case JwsAlgorithm::es384: return kind_ == Kind::p384;
    case JwsAlgorithm::rs256:
    case JwsAlgorithm::ps256: return kind_ == Kind::rsa;
    case JwsAlgorithm::eddsa: return kind_ == Kind::ed25519;
  }
  return false;
}

Status JwsKey::verify(JwsAlgorithm algorithm, std::string_view signed_text, Bytes signature) const {
  if (!serves(algorithm)) {
    return Error{ErrorKind::peerDenied, "crypto.jws.algorithm", std::string{toString(algorithm)}};
  }
  const auto refused = Error{ErrorKind::peerDenied, "crypto.jws.signature", {}};
  auto held = false;
  if (kind_ == Kind::p256 || kind_ == Kind::p384) {
    const auto der = derOf(signature, kind_ == Kind::p256 ? 32 : 48);
    held = der && verifies(key_.get(), algorithm, signed_text, *der);
  } else {
    held = verifies(key_.get(), algorithm, signed_text, signature);
  }
  if (held) return success();
  ERR_clear_error();
  return refused;
}

}  // namespace sallyport::crypto
