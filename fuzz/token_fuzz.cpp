// SPDX-License-Identifier: Apache-2.0
// Bearer tokens and key sets of strangers. The first byte says what the rest is:
//   a  an Authorization            k  a key set
//   c  claims that the issuer has signed          h  a JOSE header, an empty line, claims: both signed
// Never a crash; whoever is let in is a user of our domain with a token that has not expired; what is accepted
// on one connection is refused on another.
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/openssl_ptr.h"
#include "identity/bearer_token.h"

namespace {

using namespace sallyport;
using namespace sallyport::identity;

const WallTime kNow{std::chrono::seconds{1'800'000'000}};
constexpr std::string_view kHeader = R"({"alg":"EdDSA","kid":"k"})";

void require(bool held) {
  if (!held) std::abort();
}

EVP_PKEY* issuer() {
  static constexpr std::array<std::uint8_t, 32> kPrivate{1, 2, 3};
  static const crypto::PkeyPtr key{
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, kPrivate.data(), kPrivate.size())};
  return key.get();
}

JwksPtr issuerKeys() {
  static const auto keys = [] {
    std::array<std::uint8_t, 32> bytes{};
    auto size = bytes.size();
    require(EVP_PKEY_get_raw_public_key(issuer(), bytes.data(), &size) == 1);
    return *parseJwks(R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":")" + crypto::base64UrlEncode(bytes) +
                      "\"}]}");
  }();
  return keys;
}

std::string signedToken(std::string_view header, std::string_view claims) {
  const auto text = crypto::base64UrlEncode(bytesOf(header)) + "." + crypto::base64UrlEncode(bytesOf(claims));
  const crypto::OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free> context{EVP_MD_CTX_new()};
  std::array<std::uint8_t, 64> signature{};
  auto size = signature.size();
  require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, issuer()) == 1);
  require(EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const unsigned char*>(text.data()),
                         text.size()) == 1);
  return text + "." + crypto::base64UrlEncode(signature);
}

void verify(const std::string& authorization) {
  TokenPolicy policy;
  policy.issuer = "i";
  policy.audiences = {"a"};
  policy.domain = "example.org";
  policy.realm = "example.org";
  const TokenVerifier verifier{policy, issuerKeys(), std::make_shared<TokenBindings>(4)};
  const std::string certificate = crypto::toColonHex(crypto::sha256({}));
  const auto identity = verifier.verify(authorization, {sip::FlowId{1}, certificate}, kNow);
  if (!identity) {
    (void)verifier.challenge(identity.error());
    return;
  }
  require(identity->user.ends_with("@example.org") && identity->user.size() > 12);
  require(identity->expires > kNow);
  require(!verifier.verify(authorization, {sip::FlowId{2}, {}}, kNow));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
  if (data[0] == 'a') verify(std::string{rest});
  if (data[0] == 'c') verify("Bearer " + signedToken(kHeader, rest));
  if (data[0] == 'h') {
    const auto gap = std::min(rest.find("\n\n"), rest.size());
    verify("Bearer " + signedToken(rest.substr(0, gap), rest.substr(std::min(gap + 2, rest.size()))));
  }
  if (data[0] == 'k') {
    const auto keys = parseJwks(rest);
    require(!keys || ((*keys)->size() > 0 && (*keys)->size() <= 64));
  }
  return 0;
}
