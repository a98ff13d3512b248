// SPDX-License-Identifier: Apache-2.0
// Uses OpenSSL's SHA_CTX, deprecated in favour of EVP but supported throughout OpenSSL 3: its chaining
// value is the only one that can be kept and put back. Per tag of a 20 ms packet: EVP_MAC re-initialised
// with its kept key a quarter more, EVP_MD_CTX_copy half more, EVP_MAC_CTX_dup four times; and an EVP_MAC
// context takes over 1 kB where this takes 40 bytes.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "media/hmac_sha1.h"

#include <openssl/sha.h>

#include "core/secret.h"

namespace sallyport::media {
namespace {

constexpr std::uint8_t kInnerPad = 0x36, kOuterPad = 0x5C;  // RFC 2104 2

using Midstate = std::array<std::uint32_t, 5>;

Midstate afterKeyBlock(Bytes key, std::uint8_t pad) {
  std::array<std::uint8_t, SHA_CBLOCK> block;
  block.fill(pad);
  for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, block.data(), block.size());
  const Midstate state{context.h0, context.h1, context.h2, context.h3, context.h4};
  cleanse(block);
  return state;
}

void resume(SHA_CTX& context, const Midstate& state) {
  context.h0 = state[0];
  context.h1 = state[1];
  context.h2 = state[2];
  context.h3 = state[3];
  context.h4 = state[4];
  context.Nl = SHA_CBLOCK * 8;  // bits so far: the key's block
  context.Nh = 0;
  context.num = 0;
}

}  // namespace

HmacSha1::HmacSha1(Bytes key) {
  Tag hashed{};
  if (key.size() > SHA_CBLOCK) {  // RFC 2104 3
    SHA1(key.data(), key.size(), hashed.data());
    key = hashed;
  }
  inner_ = afterKeyBlock(key, kInnerPad);
  outer_ = afterKeyBlock(key, kOuterPad);
  cleanse(hashed);
}

HmacSha1::~HmacSha1() {
  for (auto* state : {&inner_, &outer_}) {
    cleanse({reinterpret_cast<std::uint8_t*>(state->data()), sizeof(Midstate)});
  }
}

HmacSha1::Tag HmacSha1::over(Bytes message, Bytes suffix) const {
  Tag tag;
  SHA_CTX context;
  resume(context, inner_);
  SHA1_Update(&context, message.data(), message.size());
  SHA1_Update(&context, suffix.data(), suffix.size());
  SHA1_Final(tag.data(), &context);
  resume(context, outer_);
  SHA1_Update(&context, tag.data(), tag.size());
  SHA1_Final(tag.data(), &context);
  return tag;
}

}  // namespace sallyport::media
