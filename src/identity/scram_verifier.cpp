// SPDX-License-Identifier: Apache-2.0
#include "identity/scram_verifier.h"

#include <gsasl.h>

#include <algorithm>

#include "core/numbers.h"
#include "core/secret_text.h"
#include "identity/scram_text.h"

namespace sallyport::identity {
namespace {

constexpr std::size_t kMinSalt = 4;
constexpr std::size_t kMaxSalt = 64;

constexpr std::size_t kKeyBytes = GSASL_HASH_SHA256_SIZE;

Error misconfigured(const char* code, std::string detail) {
  return {ErrorKind::misconfigured, code, std::move(detail)};
}

char* charsOf(MutableBytes bytes) { return reinterpret_cast<char*>(bytes.data()); }

// A key of the verifier in base64.
std::optional<Secret> keyFrom(std::string_view text) {
  auto bytes = crypto::base64Decode(text, crypto::Base64Padding::required);
  if (!bytes) return std::nullopt;
  Secret key{Bytes{*bytes}};
  cleanse(*bytes);
  if (key.size() != kKeyBytes) return std::nullopt;
  return key;
}

}  // namespace

Result<ScramKeys> scramKeys(std::string_view password, unsigned iterations, std::string_view salt) {
  constexpr auto kPassword = "identity.scram.password";
  if (iterations < kScramMinIterations || iterations > kScramMaxIterations) {
    return misconfigured("identity.scram.iterations", std::to_string(iterations));
  }
  if (salt.size() < kMinSalt || salt.size() > kMaxSalt) return misconfigured("identity.scram.salt", "4 to 64 bytes");
  if (password.empty() || password.find('\0') != std::string_view::npos) {
    return misconfigured(kPassword, "empty, or with a NUL");
  }
  Secret terminated{password.size() + 1};
  std::copy(password.begin(), password.end(), terminated.mutableBytes().begin());
  Secret salted_password{kKeyBytes};
  ScramKeys keys{Secret{kKeyBytes}, Secret{kKeyBytes}, Secret{kKeyBytes}};
  const auto outcome = gsasl_scram_secrets_from_password(
      GSASL_HASH_SHA256, charsOf(terminated.mutableBytes()), iterations, salt.data(), salt.size(),
      charsOf(salted_password.mutableBytes()), charsOf(keys.client_key.mutableBytes()),
      charsOf(keys.server_key.mutableBytes()), charsOf(keys.stored_key.mutableBytes()));
  if (outcome != GSASL_OK) return misconfigured(kPassword, gsasl_strerror(outcome));
  return keys;
}

Result<ScramVerifier> makeScramVerifier(std::string_view password, unsigned iterations, std::string_view salt) {
  SP_ASSIGN(auto keys, scramKeys(password, iterations, salt));
  return ScramVerifier{iterations, std::string{salt}, std::move(keys.stored_key), std::move(keys.server_key)};
}

Result<ScramVerifier> parseScramVerifier(std::string_view text) {
  const auto bad = misconfigured("identity.scram.verifier", "not <iterations>$<salt>$<StoredKey>:<ServerKey>");
  const auto first = text.find('$');
  const auto second = first == text.npos ? first : text.find('$', first + 1);
  const auto colon = second == text.npos ? second : text.find(':', second + 1);
  if (colon == text.npos) return bad;
  const auto iterations = parseUnsigned(text.substr(0, first), kScramMinIterations, kScramMaxIterations);
  auto salt = fromBase64(text.substr(first + 1, second - first - 1));
  auto stored_key = keyFrom(text.substr(second + 1, colon - second - 1));
  auto server_key = keyFrom(text.substr(colon + 1));
  if (!iterations || !salt || !stored_key || !server_key) return bad;
  if (salt->size() < kMinSalt || salt->size() > kMaxSalt) return bad;
  return ScramVerifier{static_cast<unsigned>(*iterations), *std::move(salt), *std::move(stored_key),
                       *std::move(server_key)};
}

Secret textOf(const ScramVerifier& verifier) {
  SecretText text;
  text.add(std::to_string(verifier.iterations)).add("$").add(toBase64(verifier.salt)).add("$");
  text.addWiped(crypto::base64Encode(verifier.stored_key.bytes())).add(":");
  text.addWiped(crypto::base64Encode(verifier.server_key.bytes()));
  return text.take();
}

}  // namespace sallyport::identity
