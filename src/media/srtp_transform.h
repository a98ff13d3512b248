// SPDX-License-Identifier: Apache-2.0
#pragma once
// The cryptographic half of SRTP for one key: what turns a packet and its index into ciphertext and tag,
// and back. It keeps no packet state; srtp.h's sender and receiver do. Internal to the room.

#include <cstdint>
#include <memory>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"
#include "crypto/srtp_suite.h"

namespace sallyport::media {

inline constexpr std::size_t kSrtcpIndexBytes = 4;
inline constexpr std::uint32_t kSrtcpEncrypted = 0x8000'0000;  // the E bit, in front of the 31-bit index

// A packet in a buffer whose owner has checked that there is room for the trailer.
struct CipherJob {
  std::uint8_t* packet = nullptr;
  std::size_t header_bytes = 0;  // authenticated only
  std::size_t clear_bytes = 0;   // header and payload, without tag and index
  std::uint32_t ssrc = 0;
  std::uint64_t index = 0;  // ROC and sequence number, or the 31-bit SRTCP index

  std::uint8_t* payload() const { return packet + header_bytes; }
  std::size_t payloadBytes() const { return clear_bytes - header_bytes; }
  std::uint8_t* trailer() const { return packet + clear_bytes; }
};

enum class CipherUse : std::uint8_t { seal, open };

class SrtpTransform {
 public:
  // Errors: "media.srtp.key_length", "media.srtp.cipher".
  static Result<std::unique_ptr<SrtpTransform>> create(crypto::SrtpSuite suite, const Secret& key_and_salt,
                                                       CipherUse use);
  virtual ~SrtpTransform() = default;

  // Seal encrypts in place and writes the trailer; false when the library refuses. Open verifies and then
  // decrypts in place; false leaves the packet untouched.
  virtual bool sealRtp(const CipherJob& job) = 0;
  virtual bool openRtp(const CipherJob& job) = 0;
  virtual bool sealRtcp(const CipherJob& job) = 0;
  virtual bool openRtcp(const CipherJob& job) = 0;

  std::size_t tagBytes() const { return tag_bytes_; }
  // Where the E bit and index stand behind the clear part: RFC 3711 3.4 before the tag, RFC 7714 9 after it.
  std::size_t srtcpIndexOffset() const { return srtcp_index_offset_; }

 protected:
  SrtpTransform(std::size_t tag_bytes, std::size_t srtcp_index_offset)
      : tag_bytes_(tag_bytes), srtcp_index_offset_(srtcp_index_offset) {}

 private:
  std::size_t tag_bytes_;
  std::size_t srtcp_index_offset_;
};

// AES-GCM (RFC 7714) under session keys: 16 or 32 bytes of cipher key, 12 of salt.
struct GcmKeys {
  Secret cipher_key;
  Secret salt;
};
Result<std::unique_ptr<SrtpTransform>> gcmTransform(GcmKeys rtp, GcmKeys rtcp, CipherUse use);

// AES-CM with HMAC-SHA1-80 (RFC 3711, RFC 6188): 16 or 32 bytes of cipher key, 20 of authentication key, 14
// of salt. Counter mode seals and opens alike.
struct CmKeys {
  Secret cipher_key;
  Secret auth_key;
  Secret salt;
};
Result<std::unique_ptr<SrtpTransform>> cmTransform(CmKeys rtp, CmKeys rtcp);

}  // namespace sallyport::media
