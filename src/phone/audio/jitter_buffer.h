// SPDX-License-Identifier: Apache-2.0
#pragma once
// The receiver's jitter buffer: puts RTP payloads of one SSRC in order, holds them just long enough that
// late ones still come in time, and says frame by frame what to play: a payload, a concealment of a lost
// one, or silence. Works in RTP clock units; reads no clock. Owned by one call's media, on its thread.
//
// The delay adapts. It grows when packets come later than they are played, and shrinks, a frame at a time and
// preferably in a pause, when for some seconds none came near its limit.

#include <chrono>
#include <cstdint>
#include <map>
#include <variant>
#include <vector>

#include "core/bytes.h"
#include "core/clock.h"

namespace sallyport::phone {

struct JitterConfig {
  std::chrono::milliseconds least{60};  // delay, also the one a stream begins with
  std::chrono::milliseconds most{300};
  std::size_t max_packets = 128;
};

class JitterBuffer {
 public:
  struct Packet {
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
    std::uint32_t duration = 0;  // RTP clock units its payload lasts; more than 0
    std::vector<std::uint8_t> payload;
  };

  struct Play {
    std::vector<std::uint8_t> payload;
  };
  struct Conceal {
    std::uint32_t duration = 0;
    std::vector<std::uint8_t> next;  // the payload that follows it, if it is here: it may carry FEC
  };
  struct Silence {
    std::uint32_t duration = 0;
  };
  using Step = std::variant<Play, Conceal, Silence>;

  // What was played last: where a frame may be dropped unheard.
  enum class Level : std::uint8_t { quiet, voiced };

  struct Counters {
    std::uint64_t received = 0, played = 0, concealed = 0, silent = 0;
    std::uint64_t late = 0, duplicate = 0, overflow = 0, shrunk = 0, resets = 0;
  };

  JitterBuffer(unsigned clock_rate, JitterConfig config);

  void push(Packet packet, TimePoint arrival);
  // What comes next; lasts the payload's duration, or one frame (20 ms).
  Step pop(TimePoint now, Level last);

  std::chrono::milliseconds targetDelay() const;
  std::size_t size() const { return packets_.size(); }
  const Counters& counters() const { return counters_; }

 private:
  using Time = std::int64_t;  // RTP time, extended past 32 bits

  Time extend(std::uint32_t timestamp) const;
  Time units(std::chrono::milliseconds time) const { return time.count() * static_cast<Time>(rate_) / 1'000; }
  void restart(const Packet& packet, TimePoint arrival);
  void learn(Time timestamp, TimePoint arrival);
  Step play();
  Step missing();
  void shrink(Level last);

  const unsigned rate_;
  const JitterConfig config_;
  const Time frame_;
  std::map<Time, Packet> packets_;  // by extended timestamp
  bool known_ = false;              // a stream has begun
  bool playing_ = false;
  std::uint32_t ssrc_ = 0;
  Time newest_ = 0;                  // the highest timestamp seen
  Time cursor_ = 0;                  // what is to be played next
  std::int32_t last_sequence_ = -1;  // of what was played last
  TimePoint first_arrival_{};
  Time target_ = 0;  // the delay aimed at
  Time base_ = 0;    // least (arrival - timestamp) lately: the network's quickest way
  Time window_base_ = 0, window_peak_ = 0;
  TimePoint window_began_{};
  unsigned underrun_ = 0;  // frames in a row with nothing here at all
  Time spare_ = 0;         // the least that was buffered at a pop, lately
  unsigned pops_ = 0;      // since `spare_` was reset
  Counters counters_;
};

}  // namespace sallyport::phone
