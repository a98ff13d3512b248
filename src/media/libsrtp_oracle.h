// SPDX-License-Identifier: Apache-2.0
#pragma once
// libsrtp2 as the other opinion, for tests, fuzzing and benchmarks: one session per direction and key.
// Never part of the product.

#include <srtp2/srtp.h>

#include <optional>
#include <vector>

#include "core/check.h"
#include "media/srtp.h"

namespace sallyport::media::test {

class LibsrtpSession {
 public:
  enum class Role : std::uint8_t { sender, receiver };

  LibsrtpSession(const SrtpKeying& keying, Role role)
      : key_(keying.key_and_salt.bytes().begin(), keying.key_and_salt.bytes().end()) {
    static const bool initialised = srtp_init() == srtp_err_status_ok;
    SP_CHECK(initialised);
    srtp_policy_t policy{};
    for (auto* crypto : {&policy.rtp, &policy.rtcp}) {
      switch (keying.suite) {
        case crypto::SrtpSuite::aeadAes256Gcm: srtp_crypto_policy_set_aes_gcm_256_16_auth(crypto); break;
        case crypto::SrtpSuite::aeadAes128Gcm: srtp_crypto_policy_set_aes_gcm_128_16_auth(crypto); break;
        case crypto::SrtpSuite::aes256CmHmacSha1_80: srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(crypto); break;
        case crypto::SrtpSuite::aesCm128HmacSha1_80: srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(crypto); break;
      }
    }
    policy.ssrc.type = role == Role::sender ? ssrc_any_outbound : ssrc_any_inbound;
    policy.key = key_.data();
    policy.window_size = 256;
    SP_CHECK(srtp_create(&session_, &policy) == srtp_err_status_ok);
  }
  ~LibsrtpSession() { srtp_dealloc(session_); }
  LibsrtpSession(const LibsrtpSession&) = delete;
  LibsrtpSession& operator=(const LibsrtpSession&) = delete;

  // In place; `buffer` goes on for SRTP_MAX_TRAILER_LEN behind `length`. Nothing when refused.
  std::optional<std::size_t> protect(std::uint8_t* buffer, std::size_t length, Channel channel) {
    int size = static_cast<int>(length);
    status_ =
        channel == Channel::rtp ? srtp_protect(session_, buffer, &size) : srtp_protect_rtcp(session_, buffer, &size);
    return status_ == srtp_err_status_ok ? std::optional{static_cast<std::size_t>(size)} : std::nullopt;
  }
  std::optional<std::size_t> unprotect(std::uint8_t* buffer, std::size_t length, Channel channel) {
    int size = static_cast<int>(length);
    status_ = channel == Channel::rtp ? srtp_unprotect(session_, buffer, &size)
                                      : srtp_unprotect_rtcp(session_, buffer, &size);
    return status_ == srtp_err_status_ok ? std::optional{static_cast<std::size_t>(size)} : std::nullopt;
  }

  srtp_err_status_t status() const { return status_; }

 private:
  std::vector<std::uint8_t> key_;
  srtp_t session_ = nullptr;
  srtp_err_status_t status_ = srtp_err_status_ok;
};

}  // namespace sallyport::media::test
