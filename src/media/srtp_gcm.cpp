// SPDX-License-Identifier: Apache-2.0
// AES-GCM with 128-bit tags: RFC 7714.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "media/aes_counter.h"
#include "media/srtp.h"
#include "media/srtp_transform.h"

namespace sallyport::media {
namespace {

constexpr std::size_t kTagBytes = 16;
constexpr int kAsCreated = -1;  // encrypts or decrypts as before
using Iv = std::array<std::uint8_t, 12>;

const EVP_CIPHER* gcmCipher(std::size_t key_bytes) {
  static const EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static const EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return key_bytes == 32 ? aes256 : aes128;
}

struct SessionKeys {
  Secret cipher_key;
  Iv salt{};

  explicit SessionKeys(GcmKeys keys) : cipher_key(std::move(keys.cipher_key)) {
    SP_CHECK(keys.salt.size() == salt.size());
    std::copy(keys.salt.bytes().begin(), keys.salt.bytes().end(), salt.begin());
  }

  // RFC 7714 8.1 and 9.1: two zero bytes, SSRC, then 48 bits of index, XOR salt. An SRTCP index has 31 bits.
  Iv ivFor(const CipherJob& job) const {
    Iv iv{};
    storeBe32(&iv[2], job.ssrc);
    storeBe16(&iv[6], static_cast<std::uint16_t>(job.index >> 32));
    storeBe32(&iv[8], static_cast<std::uint32_t>(job.index));
    for (std::size_t i = 0; i < iv.size(); ++i) iv[i] ^= salt[i];
    return iv;
  }
};

class GcmTransform final : public SrtpTransform {
 public:
  GcmTransform(SessionKeys rtp, SessionKeys rtcp, CipherContext context)
      : SrtpTransform(kTagBytes, kTagBytes),
        rtp_(std::move(rtp)),
        rtcp_(std::move(rtcp)),
        context_(std::move(context)),
        current_(&rtp_) {}

  bool sealRtp(const CipherJob& job) override { return seal(rtp_, job, {}); }
  bool openRtp(const CipherJob& job) override { return open(rtp_, job, {}); }

  // RFC 7714 9.2: the word with E bit and index closes the associated data, and stands behind the tag.
  bool sealRtcp(const CipherJob& job) override {
    storeBe32(job.trailer() + kTagBytes, kSrtcpEncrypted | static_cast<std::uint32_t>(job.index));
    return seal(rtcp_, job, {job.trailer() + kTagBytes, kSrtcpIndexBytes});
  }
  bool openRtcp(const CipherJob& job) override {
    return open(rtcp_, job, {job.trailer() + kTagBytes, kSrtcpIndexBytes});
  }

 private:
  // RTCP comes every few seconds, so one context serves both keys; only the IV changes from packet to packet.
  bool begin(const SessionKeys& keys, const CipherJob& job, const OSSL_PARAM* parameters) {
    const auto iv = keys.ivFor(job);
    const auto* const key = current_ == &keys ? nullptr : keys.cipher_key.bytes().data();
    const bool begun = EVP_CipherInit_ex2(context_.get(), nullptr, key, iv.data(), kAsCreated, parameters) == 1;
    current_ = begun ? &keys : nullptr;
    return begun;
  }

  bool authenticate(const CipherJob& job, Bytes suffix) {
    int written = 0;
    return EVP_CipherUpdate(context_.get(), nullptr, &written, job.packet, static_cast<int>(job.header_bytes)) == 1 &&
           (suffix.empty() ||
            EVP_CipherUpdate(context_.get(), nullptr, &written, suffix.data(), static_cast<int>(suffix.size())) == 1);
  }

  bool seal(const SessionKeys& keys, const CipherJob& job, Bytes suffix) {
    int written = 0;
    OSSL_PARAM tag[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, job.trailer(), kTagBytes),
        OSSL_PARAM_construct_end(),
    };
    return begin(keys, job, nullptr) && authenticate(job, suffix) &&
           EVP_EncryptUpdate(context_.get(), job.payload(), &written, job.payload(),
                             static_cast<int>(job.payloadBytes())) == 1 &&
           EVP_EncryptFinal_ex(context_.get(), job.trailer(), &written) == 1 &&
           EVP_CIPHER_CTX_get_params(context_.get(), tag) == 1;
  }

  // Decrypts beside the packet and copies once the tag has verified: unverified cleartext goes nowhere.
  bool open(const SessionKeys& keys, const CipherJob& job, Bytes suffix) {
    std::uint8_t clear[kLongestPacket];
    int written = 0;
    const OSSL_PARAM tag[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, job.trailer(), kTagBytes),
        OSSL_PARAM_construct_end(),
    };
    const bool verified =
        begin(keys, job, tag) && authenticate(job, suffix) &&
        EVP_DecryptUpdate(context_.get(), clear, &written, job.payload(), static_cast<int>(job.payloadBytes())) == 1 &&
        EVP_DecryptFinal_ex(context_.get(), clear + job.payloadBytes(), &written) == 1;
    if (verified) std::memcpy(job.payload(), clear, job.payloadBytes());
    return verified;
  }

  SessionKeys rtp_, rtcp_;
  CipherContext context_;
  const SessionKeys* current_;  // whose key the context holds
};

}  // namespace

Result<std::unique_ptr<SrtpTransform>> gcmTransform(GcmKeys rtp, GcmKeys rtcp, CipherUse use) {
  CipherContext context{EVP_CIPHER_CTX_new()};
  const Iv iv{};
  const bool ready = context != nullptr &&
                     EVP_CipherInit_ex2(context.get(), gcmCipher(rtp.cipher_key.size()), rtp.cipher_key.bytes().data(),
                                        iv.data(), use == CipherUse::seal ? 1 : 0, nullptr) == 1;
  if (!ready) return Error{ErrorKind::internal, "media.srtp.cipher", "AES-GCM is not available"};
  return std::unique_ptr<SrtpTransform>{
      std::make_unique<GcmTransform>(SessionKeys{std::move(rtp)}, SessionKeys{std::move(rtcp)}, std::move(context))};
}

}  // namespace sallyport::media
