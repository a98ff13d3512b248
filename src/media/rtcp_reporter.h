// SPDX-License-Identifier: Apache-2.0
#pragma once
// What we tell a peer by RTCP where voice is transcoded, to it or from it. It hears a stream of ours or sends one that
// ends here, so the reports of the other end say nothing to it: it is told by us how our stream counts (SR), how its
// own arrives (RR) and a name (RFC 3550 6.4, 6.5), every five seconds; and what it tells of ours is read.
//
// Part of a relay side; reads no clock. NTP times are those of our steady clock, which RFC 3550 6.4.1 allows.

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "media/quality.h"
#include "media/rtcp.h"
#include "media/rtp.h"

namespace sallyport::media {

class RtcpReporter {
 public:
  static constexpr std::chrono::seconds kEvery{5};

  void start(TimePoint now) {
    if (!due_) due_ = now + kEvery;
  }
  void stop() { due_.reset(); }
  std::optional<TimePoint> due() const { return due_; }

  // RTP of ours to the peer.
  void onSent(const RtpHeader& header, std::size_t payload_bytes, TimePoint now);
  // A well-formed compound of the peer; how much it loses of our stream, in percent, when it tells.
  std::optional<unsigned> onReport(Bytes compound, TimePoint now);

  struct Terms {
    std::uint32_t their_clock = 8'000, our_clock = 8'000;  // of RTP timestamps
    std::optional<std::uint32_t> listener;                 // the SSRC we speak under where it is sent nothing of ours
  };
  // What is to be said at `now`, in clear, and the next is due five seconds later; 0: nothing, no voice has passed.
  std::size_t write(MutableBytes out, const StreamFigures& heard, const Terms& terms, TimePoint now);

 private:
  ReportBlock blockOf(const StreamFigures& heard, std::uint32_t clock_rate, TimePoint now);

  std::optional<TimePoint> due_;

  std::uint64_t told_expected_ = 0, told_lost_ = 0;
  std::uint32_t last_report_ = 0;     // compact NTP of its latest SR
  std::uint32_t last_report_of_ = 0;  // the SSRC that this was about
  TimePoint last_report_at_{};

  struct Ours {
    std::uint32_t ssrc = 0;
    std::uint32_t timestamp = 0;
    TimePoint at{};
    std::uint32_t packets = 0, octets = 0;
  };
  std::optional<Ours> ours_;
};

}  // namespace sallyport::media
