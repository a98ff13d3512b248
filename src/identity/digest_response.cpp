// SPDX-License-Identifier: Apache-2.0
#include "identity/digest_response.h"

#include <array>
#include <initializer_list>

#include "crypto/encoding.h"
#include "crypto/hash.h"

namespace sallyport::identity {
namespace {

crypto::HashAlgorithm hashOf(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::sha256: return crypto::HashAlgorithm::sha256;
    case DigestAlgorithm::sha512_256: return crypto::HashAlgorithm::sha512_256;
    case DigestAlgorithm::md5: break;
  }
  return crypto::HashAlgorithm::md5;
}

// The parts with colons between them, which is what digest hashes; wiped when it goes.
class Joined {
 public:
  explicit Joined(std::initializer_list<std::string_view> parts) {
    std::size_t size = parts.size();
    for (const auto part : parts) size += part.size();
    text_.reserve(size);  // so that no piece is left behind by growing
    for (const auto part : parts) text_.append(part) += ':';
    text_.pop_back();
  }
  ~Joined() { cleanse({reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()}); }
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;

  Bytes bytes() const { return bytesOf(text_); }

 private:
  std::string text_;
};

std::string hexHash(DigestAlgorithm algorithm, Bytes data) {
  std::array<std::uint8_t, crypto::kMaxHashBytes> out{};
  return crypto::toHex(crypto::hash(hashOf(algorithm), data, out));
}

std::string_view textOf(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

std::size_t digestBytes(DigestAlgorithm algorithm) { return crypto::hashBytes(hashOf(algorithm)); }

Ha1 Ha1::of(DigestAlgorithm algorithm, std::string_view username, std::string_view realm, const Secret& password) {
  const Joined a1{username, realm, textOf(password.bytes())};
  std::array<std::uint8_t, crypto::kMaxHashBytes> out{};
  Ha1 ha1{algorithm, Secret{crypto::hash(hashOf(algorithm), a1.bytes(), out)}};
  cleanse(out);
  return ha1;
}

std::string digestResponse(const Ha1& ha1, const DigestInput& input) {
  auto ha1_hex = crypto::toHex(ha1.bytes.bytes());
  const auto ha2_hex = hexHash(ha1.algorithm, Joined{input.method, input.uri}.bytes());
  const Joined signed_text{ha1_hex, input.nonce, input.nonce_count, input.cnonce, "auth", ha2_hex};
  cleanse({reinterpret_cast<std::uint8_t*>(ha1_hex.data()), ha1_hex.size()});
  return hexHash(ha1.algorithm, signed_text.bytes());
}

}  // namespace sallyport::identity
