// SPDX-License-Identifier: Apache-2.0
// AES-CM with HMAC-SHA1-80: RFC 3711 4.1.1 and 4.2.1, with 256-bit keys RFC 6188.
#include <openssl/crypto.h>

#include <algorithm>

#include "core/check.h"
#include "media/aes_counter.h"
#include "media/hmac_sha1.h"
#include "media/srtp_transform.h"

namespace sallyport::media {
namespace {

constexpr std::size_t kTagBytes = 10;

struct SessionKeys {
  Secret cipher_key;
  AesBlock salt{};  // times 2^16: the last two bytes are the block counter's
  HmacSha1 mac;

  explicit SessionKeys(CmKeys keys) : cipher_key(std::move(keys.cipher_key)), mac(keys.auth_key.bytes()) {
    SP_CHECK(keys.salt.size() == salt.size() - 2);
    std::copy(keys.salt.bytes().begin(), keys.salt.bytes().end(), salt.begin());
  }

  // RFC 3711 4.1.1: (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16).
  AesBlock ivFor(std::uint32_t ssrc, std::uint64_t index) const {
    AesBlock in{};
    storeBe32(&in[4], ssrc);
    storeBe32(&in[8], static_cast<std::uint32_t>(index >> 16));
    storeBe16(&in[12], static_cast<std::uint16_t>(index));
    for (std::size_t i = 0; i < in.size(); ++i) in[i] ^= salt[i];
    return in;
  }
};

class CmTransform final : public SrtpTransform {
 public:
  CmTransform(SessionKeys rtp, SessionKeys rtcp, AesCounter counter)
      : SrtpTransform(kTagBytes, 0),
        rtp_(std::move(rtp)),
        rtcp_(std::move(rtcp)),
        counter_(std::move(counter)),
        current_(&rtp_) {}

  bool sealRtp(const CipherJob& job) override {
    if (!crypt(rtp_, job)) return false;
    const auto tag = rtpTag(job);
    std::copy_n(tag.begin(), kTagBytes, job.trailer());
    return true;
  }

  bool openRtp(const CipherJob& job) override {
    const auto tag = rtpTag(job);
    return CRYPTO_memcmp(tag.data(), job.trailer(), kTagBytes) == 0 && crypt(rtp_, job);
  }

  bool sealRtcp(const CipherJob& job) override {
    if (!crypt(rtcp_, job)) return false;
    storeBe32(job.trailer(), kSrtcpEncrypted | static_cast<std::uint32_t>(job.index));
    const auto tag = rtcpTag(job);
    std::copy_n(tag.begin(), kTagBytes, job.trailer() + kSrtcpIndexBytes);
    return true;
  }

  bool openRtcp(const CipherJob& job) override {
    const auto tag = rtcpTag(job);
    return CRYPTO_memcmp(tag.data(), job.trailer() + kSrtcpIndexBytes, kTagBytes) == 0 && crypt(rtcp_, job);
  }

 private:
  // RTCP comes every few seconds, so one context serves both keys.
  bool crypt(const SessionKeys& keys, const CipherJob& job) {
    if (current_ != &keys) {
      if (!counter_.rekey(keys.cipher_key.bytes())) {
        current_ = nullptr;
        return false;
      }
      current_ = &keys;
    }
    return counter_.apply(keys.ivFor(job.ssrc, job.index), job.payload(), job.payloadBytes());
  }

  // RFC 3711 4.2: the packet, then the rollover counter.
  HmacSha1::Tag rtpTag(const CipherJob& job) const {
    std::array<std::uint8_t, 4> rollover{};
    storeBe32(rollover.data(), static_cast<std::uint32_t>(job.index >> 16));
    return rtp_.mac.over({job.packet, job.clear_bytes}, rollover);
  }
  HmacSha1::Tag rtcpTag(const CipherJob& job) const {
    return rtcp_.mac.over({job.packet, job.clear_bytes + kSrtcpIndexBytes}, {});
  }

  SessionKeys rtp_, rtcp_;
  AesCounter counter_;
  const SessionKeys* current_;  // whose cipher key the context holds
};

}  // namespace

Result<std::unique_ptr<SrtpTransform>> cmTransform(CmKeys rtp, CmKeys rtcp) {
  SP_ASSIGN(auto counter, AesCounter::create(rtp.cipher_key.bytes()));
  return std::unique_ptr<SrtpTransform>{
      std::make_unique<CmTransform>(SessionKeys{std::move(rtp)}, SessionKeys{std::move(rtcp)}, std::move(counter))};
}

}  // namespace sallyport::media
