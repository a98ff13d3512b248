// SPDX-License-Identifier: Apache-2.0
#pragma once
// SRTP and SRTCP (RFC 3711, RFC 6188, RFC 7714) on OpenSSL: one sender per key we encrypt with, one
// receiver per key a peer encrypts with. Buffers are the caller's; everything happens in place.
//
// Promises. What a receiver lets through is an AuthenticatedPacket, which nobody else can make. State
// moves only after a tag has verified, so a forged packet changes nothing, and a refused packet leaves the
// buffer as it was. A sender never encrypts the same (SSRC, index) twice under its key, and stops at the
// key's lifetime (2^48 RTP, 2^31 RTCP packets, or less when signalling said so). SRTCP is encrypted on
// output and refused on input when it is not.
//
// Owned by one relay side or one phone stream, on one thread. Nothing allocates after create(), but for a key's second
// source, once.

#include <cstdint>
#include <memory>
#include <variant>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"
#include "crypto/srtp_suite.h"
#include "media/drop_reason.h"
#include "media/rtp.h"

namespace sallyport::media {

// The longest packet either way, tag included; audio fits an Ethernet frame many times over.
inline constexpr std::size_t kLongestPacket = 2'048;
// What protect may add: the largest tag and the SRTCP index.
inline constexpr std::size_t kSrtpTailroom = 32;
// RFC 3711 9.2.
inline constexpr std::uint64_t kMostRtpPackets = std::uint64_t{1} << 48;
inline constexpr std::uint64_t kMostRtcpPackets = std::uint64_t{1} << 31;

struct SrtpKeying {
  crypto::SrtpSuite suite = crypto::SrtpSuite::aeadAes256Gcm;
  Secret key_and_salt;                       // the suite's master key, then its master salt, as SDES carries them
  std::uint64_t lifetime = kMostRtpPackets;  // RTP packets

  SrtpKeying clone() const { return {suite, key_and_salt.clone(), lifetime}; }
  friend bool operator==(const SrtpKeying& a, const SrtpKeying& b) {
    return a.suite == b.suite && a.key_and_salt == b.key_and_salt;
  }
};

// A packet whose tag has verified and that was not seen before, decrypted, in the buffer it came in.
class AuthenticatedPacket {
 public:
  MutableBytes bytes() const { return bytes_; }  // the cleartext
  Channel channel() const { return channel_; }
  std::uint32_t ssrc() const { return header_.ssrc; }
  const RtpHeader& header() const { return header_; }  // of RTP; of RTCP only ssrc is set
  std::uint64_t index() const { return index_; }       // ROC and sequence number, or the SRTCP index
  bool newest() const { return newest_; }              // no higher index of this source was verified before

 private:
  friend class SrtpReceiver;
  AuthenticatedPacket(MutableBytes bytes, Channel channel, const RtpHeader& header, std::uint64_t index, bool newest)
      : bytes_(bytes), header_(header), index_(index), channel_(channel), newest_(newest) {}

  MutableBytes bytes_;
  RtpHeader header_;
  std::uint64_t index_;
  Channel channel_;
  bool newest_;
};

using Unprotected = std::variant<AuthenticatedPacket, DropReason>;
using Protected = std::variant<std::size_t, DropReason>;  // the new length

class SrtpTransform;
class SourceTable;

class SrtpSender {
 public:
  // Errors: "media.srtp.key_length" (peerMisbehaved), "media.srtp.cipher" (internal).
  static Result<SrtpSender> create(const SrtpKeying& keying);
  ~SrtpSender();
  SrtpSender(SrtpSender&&) noexcept;
  SrtpSender& operator=(SrtpSender&&) noexcept;

  // buffer[0, length) is the clear packet and the buffer goes on for kSrtpTailroom more. The rollover
  // counter follows RFC 3711 3.3.1 over what is sent, as the peer's own estimate will; reordered packets
  // are protected as long as their index is in the window and new. A gap of over 32,768 packets leaves every
  // estimate behind for good; only a new key heals that.
  Protected protectRtp(MutableBytes buffer, std::size_t length);
  Protected protectRtcp(MutableBytes buffer, std::size_t length);

  // Goes on behind these indices, never below what was already sent: for takeover of a running stream.
  void continueAfter(std::uint32_t ssrc, std::uint64_t rtp_index);
  void continueRtcpAt(std::uint64_t index);

 private:
  SrtpSender(std::unique_ptr<SrtpTransform> transform, std::uint64_t lifetime);

  std::unique_ptr<SrtpTransform> transform_;
  std::unique_ptr<SourceTable> sources_;
  std::uint64_t rtp_left_;
  std::uint64_t next_rtcp_index_ = 0;  // one sequence for all sources, so that no (SSRC, index) repeats
};

class SrtpReceiver {
 public:
  // Errors: as SrtpSender.
  static Result<SrtpReceiver> create(const SrtpKeying& keying);
  ~SrtpReceiver();
  SrtpReceiver(SrtpReceiver&&) noexcept;
  SrtpReceiver& operator=(SrtpReceiver&&) noexcept;

  // `packet` is the datagram as it came. A new SSRC is remembered once a tag of it has verified.
  Unprotected unprotectRtp(MutableBytes packet);
  Unprotected unprotectRtcp(MutableBytes packet);

  // Joins a stream that has rolled over before we listened (RFC 3711 3.3.1: ROC by out-of-band means).
  void continueAfter(std::uint32_t ssrc, std::uint64_t rtp_index);

 private:
  SrtpReceiver(std::unique_ptr<SrtpTransform> transform, std::uint64_t lifetime);

  std::unique_ptr<SrtpTransform> transform_;
  std::unique_ptr<SourceTable> sources_;
  std::uint64_t rtp_left_;
};

}  // namespace sallyport::media
