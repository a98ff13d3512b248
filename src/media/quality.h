// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a stream sounds, from RTP headers alone: loss (RFC 3550 A.1, A.3), jitter (A.8), reordering,
// bursts, and the E-model's rating (ITU-T G.107) from them. Fed with authentic packets only.
//
// Owned by the relay side or phone stream that receives, on its thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "media/rtp.h"

namespace sallyport::media {

enum class AudioCodec : std::uint8_t { pcmu, pcma, opus, other };

// What a payload type stands for: the clock that timestamps count, and the codec that is rated.
struct AudioFormat {
  std::uint8_t payload_type = 0;
  AudioCodec codec = AudioCodec::other;
  std::uint32_t clock_rate = 8'000;
};

struct StreamFigures {
  std::uint64_t received = 0;  // packets, duplicates not counted
  std::uint64_t expected = 0;
  std::uint64_t lost = 0;
  std::uint64_t reordered = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t loss_bursts = 0;    // runs of missing packets, as first noticed
  std::uint64_t longest_burst = 0;  // packets
  std::uint32_t streams = 0;        // SSRCs, one after the other
  std::uint32_t ssrc = 0;           // the last of them
  std::uint32_t highest = 0;        // its extended sequence number (RFC 3550 6.4.1)
  std::chrono::microseconds jitter{};
  std::chrono::microseconds worst_jitter{};

  double lossPercent() const {
    return expected == 0 ? 0.0 : 100.0 * static_cast<double>(lost) / static_cast<double>(expected);
  }
  // Mean run of missing packets against that of random loss of the same rate (G.107 7.3: BurstR); 1 at least.
  double burstRatio() const;
};

class StreamQuality {
 public:
  // `format` is that of the packet's payload type. A new SSRC starts a new count on top of the old.
  void onPacket(const RtpHeader& header, const AudioFormat& format, TimePoint now);

  StreamFigures figures() const;

 private:
  void startStream(const RtpHeader& header);
  void followSequence(int ahead);
  void followTransit(const RtpHeader& header, const AudioFormat& format, TimePoint now);

  StreamFigures total_;  // streams that ended, and what is counted as it happens
  bool started_ = false;
  std::uint32_t ssrc_ = 0;
  std::uint64_t base_ = 0;     // extended sequence number of the stream's first packet
  std::uint64_t highest_ = 0;  // extended, starts at 65536 plus the first sequence number
  std::uint64_t stream_received_ = 0;
  std::uint64_t seen_ = 0;  // the last 64 sequence numbers, newest in bit 0
  std::uint32_t clock_rate_ = 8'000;
  std::optional<std::uint32_t> last_timestamp_;
  TimePoint last_arrival_{};
  double jitter_seconds_ = 0;
  double worst_jitter_seconds_ = 0;
};

struct Rating {
  double r_factor = 0;
  double mos = 1;
};

// R = 93.2 - Id - Ie,eff (G.107 with default values, G.109): Id from the one-way delay (simplified as in
// G.107 Annex: 0.024 d + 0.11 (d - 177.3) above 177.3 ms), Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl).
// Delay is half of `round_trip` when known, else nothing, plus packetisation and a jitter buffer of twice the
// jitter. Nothing before the first packet.
std::optional<Rating> rate(const StreamFigures& figures, AudioCodec codec,
                           std::optional<std::chrono::microseconds> round_trip);

std::string_view toString(AudioCodec codec);

}  // namespace sallyport::media
