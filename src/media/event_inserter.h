// SPDX-License-Identifier: Apache-2.0
#pragma once
// Telephone events of our own in a stream that is relayed (RFC 4733 2.5): keys that were signalled instead of sent.
// While an event plays it stands in for the audio, under the stream's SSRC and from the moment's timestamp on;
// afterwards the audio goes on with the next sequence number, so that the receiver misses nothing.
//
// One per relay side, for what is sent toward it; sees packets in clear, before they are encrypted. Reads no clock.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/bytes.h"
#include "core/clock.h"
#include "core/result.h"
#include "media/rtp.h"

namespace sallyport::media {

struct TelephoneEvent {
  std::uint8_t code = 0;  // 0-15: the keys 0-9, *, #, A-D (RFC 4733 3.2)
  std::chrono::milliseconds duration{160};
};

// How a peer wants to be sent events.
struct EventFormat {
  std::uint8_t payload_type = 101;
  std::uint32_t clock_rate = 8'000;
};

class EventInserter {
 public:
  static constexpr std::size_t kPacketBytes = kRtpFixedHeaderBytes + 4;
  static constexpr std::chrono::milliseconds kInterval{20};
  static constexpr std::chrono::milliseconds kShortest{40}, kLongest{1'000};  // what a duration is brought to
  static constexpr std::chrono::milliseconds kPause{60};                      // between two events
  static constexpr std::size_t kMostQueued = 32;

  // A packet to be relayed: its sequence number is brought in line. False: an event has taken its place.
  bool pass(MutableBytes packet, const RtpHeader& header, TimePoint now);

  // Behind those that wait. `ssrc` and `start` (random) name the stream when none has been relayed yet.
  // Error: "media.event.queue_full" (overloaded).
  Status play(TelephoneEvent event, EventFormat format, std::uint32_t ssrc, std::uint32_t start, TimePoint now);

  // When next() has something to send; nothing: never.
  std::optional<TimePoint> due() const { return due_; }
  // The clear packet that is due at `now`; its length, 0 when there is none.
  std::size_t next(MutableBytes buffer, TimePoint now);

 private:
  struct Stream {  // as the receiver knows it
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;   // the last one sent
    std::uint32_t timestamp = 0;  // of that
    TimePoint at{};
  };
  struct Queued {
    TelephoneEvent event;
    EventFormat format;
  };
  struct Playing {
    Queued what;
    TimePoint began{};
    std::uint32_t timestamp = 0;
    unsigned sent = 0;
    unsigned ends_sent = 0;
  };
  void begin(TimePoint now);

  std::optional<Stream> stream_;
  std::uint16_t offset_ = 0;            // onto the sequence numbers relayed
  std::optional<std::uint16_t> floor_;  // what comes from before this was overtaken
  bool resume_ = false;                 // the next packet relayed continues behind an event
  std::vector<Queued> queue_;           // nearly always empty
  std::optional<Playing> playing_;
  std::optional<TimePoint> due_;
};

}  // namespace sallyport::media
