// SPDX-License-Identifier: Apache-2.0
#include "media/srtp.h"

#include <algorithm>
#include <utility>

#include "media/source_table.h"
#include "media/srtp_transform.h"

namespace sallyport::media {
namespace {

constexpr std::uint8_t kVersionMask = 0xC0, kVersion2 = 0x80;
constexpr std::uint32_t kSrtcpIndexMask = 0x7FFF'FFFF;
constexpr std::size_t kSsrcOffsetInRtcp = 4;

bool isVersion2(Bytes packet) { return (packet[0] & kVersionMask) == kVersion2; }

// The state a packet is judged by: a live source of the table, or a recalled one that the table takes once
// the packet has proven itself.
class Candidate {
 public:
  Candidate(SourceTable& table, std::uint32_t ssrc) : table_(table), live_(table.live(ssrc)) {
    if (live_ == nullptr) recalled_ = table.recall(ssrc);
  }
  bool refused() const { return live_ == nullptr && !recalled_; }
  const Source& state() const { return live_ != nullptr ? *live_ : *recalled_; }
  Source& confirm() {
    if (live_ == nullptr) return table_.admit(*recalled_);
    table_.touch(*live_);
    return *live_;
  }

 private:
  SourceTable& table_;
  Source* live_;
  std::optional<Source> recalled_;
};

}  // namespace

// ------------------------------------------------------------------------------------------- sender

SrtpSender::SrtpSender(std::unique_ptr<SrtpTransform> transform, std::uint64_t lifetime)
    : transform_(std::move(transform)),
      sources_(std::make_unique<SourceTable>()),
      rtp_left_(std::min(lifetime, kMostRtpPackets)) {}
SrtpSender::~SrtpSender() = default;
SrtpSender::SrtpSender(SrtpSender&&) noexcept = default;
SrtpSender& SrtpSender::operator=(SrtpSender&&) noexcept = default;

Result<SrtpSender> SrtpSender::create(const SrtpKeying& keying) {
  SP_ASSIGN(auto transform, SrtpTransform::create(keying.suite, keying.key_and_salt, CipherUse::seal));
  return SrtpSender{std::move(transform), keying.lifetime};
}

Protected SrtpSender::protectRtp(MutableBytes buffer, std::size_t length) {
  const auto tag_bytes = transform_->tagBytes();
  if (length > buffer.size() || buffer.size() - length < tag_bytes) return DropReason::noTailroom;
  if (length + tag_bytes > kLongestPacket) return DropReason::tooLong;
  if (length < kRtpFixedHeaderBytes) return DropReason::tooShort;
  if (!isVersion2(buffer)) return DropReason::badVersion;
  const auto header = parseRtpHeader(buffer.first(length));
  if (!header) return DropReason::malformedHeader;
  if (rtp_left_ == 0) return DropReason::keyExpired;

  Candidate candidate{*sources_, header->ssrc};
  if (candidate.refused()) return DropReason::ssrcTableFull;
  const auto index = candidate.state().estimateIndex(header->sequence);
  if (!index) return DropReason::keyExpired;
  switch (candidate.state().rtp.look(*index)) {
    case Seen::before: return DropReason::indexUsed;
    case Seen::tooOld: return DropReason::indexTooOld;
    case Seen::never: break;
  }
  // Used up before the cipher runs: whatever happens then, this index is not encrypted again.
  candidate.confirm().rtp.mark(*index);
  --rtp_left_;
  const CipherJob job{buffer.data(), header->payload_offset, length, header->ssrc, *index};
  if (!transform_->sealRtp(job)) return DropReason::cipherFailed;
  return length + tag_bytes;
}

Protected SrtpSender::protectRtcp(MutableBytes buffer, std::size_t length) {
  const auto trailer = transform_->tagBytes() + kSrtcpIndexBytes;
  if (length > buffer.size() || buffer.size() - length < trailer) return DropReason::noTailroom;
  if (length + trailer > kLongestPacket) return DropReason::tooLong;
  if (length < kRtcpHeaderBytes) return DropReason::tooShort;
  if (!isVersion2(buffer)) return DropReason::badVersion;
  if (next_rtcp_index_ >= kMostRtcpPackets) return DropReason::keyExpired;

  const auto ssrc = loadBe32(&buffer[kSsrcOffsetInRtcp]);
  const CipherJob job{buffer.data(), kRtcpHeaderBytes, length, ssrc, next_rtcp_index_++};
  if (!transform_->sealRtcp(job)) return DropReason::cipherFailed;
  return length + trailer;
}

void SrtpSender::continueAfter(std::uint32_t ssrc, std::uint64_t rtp_index) {
  Candidate candidate{*sources_, ssrc};
  if (!candidate.refused()) candidate.confirm().rtp.continueAfter(rtp_index);
}

void SrtpSender::continueRtcpAt(std::uint64_t index) { next_rtcp_index_ = std::max(next_rtcp_index_, index); }

// ----------------------------------------------------------------------------------------- receiver

SrtpReceiver::SrtpReceiver(std::unique_ptr<SrtpTransform> transform, std::uint64_t lifetime)
    : transform_(std::move(transform)),
      sources_(std::make_unique<SourceTable>()),
      rtp_left_(std::min(lifetime, kMostRtpPackets)) {}
SrtpReceiver::~SrtpReceiver() = default;
SrtpReceiver::SrtpReceiver(SrtpReceiver&&) noexcept = default;
SrtpReceiver& SrtpReceiver::operator=(SrtpReceiver&&) noexcept = default;

Result<SrtpReceiver> SrtpReceiver::create(const SrtpKeying& keying) {
  SP_ASSIGN(auto transform, SrtpTransform::create(keying.suite, keying.key_and_salt, CipherUse::open));
  return SrtpReceiver{std::move(transform), keying.lifetime};
}

Unprotected SrtpReceiver::unprotectRtp(MutableBytes packet) {
  const auto tag_bytes = transform_->tagBytes();
  if (packet.size() > kLongestPacket) return DropReason::tooLong;
  if (packet.size() < kRtpFixedHeaderBytes + tag_bytes) return DropReason::tooShort;
  if (!isVersion2(packet)) return DropReason::badVersion;
  const auto clear = packet.first(packet.size() - tag_bytes);
  const auto header = parseRtpHeader(clear);
  if (!header) return DropReason::malformedHeader;
  if (rtp_left_ == 0) return DropReason::keyExpired;

  Candidate candidate{*sources_, header->ssrc};
  if (candidate.refused()) return DropReason::ssrcTableFull;
  const auto index = candidate.state().estimateIndex(header->sequence);
  if (!index) return DropReason::keyExpired;
  switch (candidate.state().rtp.look(*index)) {
    case Seen::before: return DropReason::replayed;
    case Seen::tooOld: return DropReason::tooOld;
    case Seen::never: break;
  }
  if (!transform_->openRtp({packet.data(), header->payload_offset, clear.size(), header->ssrc, *index}))
    return DropReason::badTag;

  auto& source = candidate.confirm();
  const bool newest = source.rtp.isNewest(*index);
  source.rtp.mark(*index);
  --rtp_left_;
  return AuthenticatedPacket{clear, Channel::rtp, *header, *index, newest};
}

Unprotected SrtpReceiver::unprotectRtcp(MutableBytes packet) {
  const auto trailer = transform_->tagBytes() + kSrtcpIndexBytes;
  if (packet.size() > kLongestPacket) return DropReason::tooLong;
  if (packet.size() < kRtcpHeaderBytes + trailer) return DropReason::tooShort;
  if (!isVersion2(packet)) return DropReason::badVersion;
  const auto clear = packet.first(packet.size() - trailer);
  const auto word = loadBe32(&packet[clear.size() + transform_->srtcpIndexOffset()]);
  if ((word & kSrtcpEncrypted) == 0) return DropReason::unencryptedRtcp;
  const auto index = std::uint64_t{word & kSrtcpIndexMask};

  RtpHeader header;
  header.ssrc = loadBe32(&packet[kSsrcOffsetInRtcp]);
  Candidate candidate{*sources_, header.ssrc};
  if (candidate.refused()) return DropReason::ssrcTableFull;
  switch (candidate.state().rtcp.look(index)) {
    case Seen::before: return DropReason::replayed;
    case Seen::tooOld: return DropReason::tooOld;
    case Seen::never: break;
  }
  if (!transform_->openRtcp({packet.data(), kRtcpHeaderBytes, clear.size(), header.ssrc, index}))
    return DropReason::badTag;

  auto& source = candidate.confirm();
  const bool newest = source.rtcp.isNewest(index);
  source.rtcp.mark(index);
  return AuthenticatedPacket{clear, Channel::rtcp, header, index, newest};
}

void SrtpReceiver::continueAfter(std::uint32_t ssrc, std::uint64_t rtp_index) {
  Candidate candidate{*sources_, ssrc};
  if (!candidate.refused()) candidate.confirm().rtp.continueAfter(rtp_index);
}

}  // namespace sallyport::media
