// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/jitter_buffer.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;

constexpr auto kWindow = 2s;            // over which delay variation is judged
constexpr auto kJump = 1'500ms;         // a timestamp further off than this begins a new stream
constexpr unsigned kConcealFrames = 3;  // then silence: past 60 ms a concealment only sounds like a machine
constexpr unsigned kShrinkPops = 50;    // how long there must have been too much before any is dropped
constexpr std::int64_t kNothing = std::numeric_limits<std::int64_t>::max();

}  // namespace

JitterBuffer::JitterBuffer(unsigned clock_rate, JitterConfig config)
    : rate_(clock_rate), config_(config), frame_(clock_rate / 50), target_(units(config.least)), spare_(kNothing) {}

std::chrono::milliseconds JitterBuffer::targetDelay() const {
  return std::chrono::milliseconds{target_ * 1'000 / static_cast<Time>(rate_)};
}

// The 64-bit time nearest to the newest one that has these 32 low bits.
JitterBuffer::Time JitterBuffer::extend(std::uint32_t timestamp) const {
  const auto step = static_cast<std::int32_t>(timestamp - static_cast<std::uint32_t>(newest_));
  return newest_ + step;
}

void JitterBuffer::restart(const Packet& packet, TimePoint arrival) {
  if (known_) ++counters_.resets;
  packets_.clear();
  known_ = true;
  playing_ = false;
  ssrc_ = packet.ssrc;
  newest_ = packet.timestamp;
  last_sequence_ = -1;
  target_ = units(config_.least);
  first_arrival_ = window_began_ = arrival;
  base_ = window_base_ = kNothing;
  window_peak_ = 0;
  underrun_ = 0;
  spare_ = kNothing;
  pops_ = 0;
}

void JitterBuffer::push(Packet packet, TimePoint arrival) {
  ++counters_.received;
  if (packet.duration == 0) return;
  if (!known_ || packet.ssrc != ssrc_) restart(packet, arrival);
  Time timestamp = extend(packet.timestamp);
  if (std::abs(timestamp - newest_) > units(kJump)) {
    restart(packet, arrival);
    timestamp = newest_;
  }
  newest_ = std::max(newest_, timestamp);
  learn(timestamp, arrival);

  if (playing_ && timestamp < cursor_) {
    ++counters_.late;
    if (!packets_.empty() || underrun_ == 0) return;
    // Nothing else is here and the stream goes on behind the cursor: the whole of it is later than
    // believed. Playing moves back by as much, once, instead of losing every packet from here on.
    if (cursor_ - timestamp > units(config_.most)) {
      restart(packet, arrival);
      timestamp = newest_;
    } else {
      cursor_ = timestamp;
    }
  }
  if (packets_.size() >= config_.max_packets) {
    ++counters_.overflow;
    packets_.erase(packets_.begin());
  }
  if (!packets_.try_emplace(timestamp, std::move(packet)).second) ++counters_.duplicate;
}

// The target follows how much later than the quickest packets the slowest ones of the last window came.
void JitterBuffer::learn(Time timestamp, TimePoint arrival) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(arrival - first_arrival_);
  const Time transit = since.count() * static_cast<Time>(rate_) / 1'000'000 - timestamp;
  window_base_ = std::min(window_base_, transit);
  base_ = std::min(base_, transit);
  window_peak_ = std::max(window_peak_, transit - base_);
  const Time wanted = std::clamp(window_peak_ + frame_, units(config_.least), units(config_.most));
  if (wanted > target_) target_ = wanted;
  if (arrival - window_began_ < kWindow) return;
  if (wanted < target_) target_ -= (target_ - wanted + 1) / 2;
  base_ = window_base_;
  window_base_ = kNothing;
  window_peak_ = 0;
  window_began_ = arrival;
}

JitterBuffer::Step JitterBuffer::pop(TimePoint now, Level last) {
  if (!playing_) {
    const bool filled =
        !packets_.empty() && (now - first_arrival_ >= targetDelay() || newest_ - packets_.begin()->first >= target_);
    if (!filled) {
      ++counters_.silent;
      return Silence{static_cast<std::uint32_t>(frame_)};
    }
    playing_ = true;
    cursor_ = packets_.begin()->first;
  }
  shrink(last);
  // What lies wholly or partly behind the cursor is due as well: a packet of another duration came before it.
  if (!packets_.empty() && packets_.begin()->first <= cursor_) return play();
  return missing();
}

JitterBuffer::Step JitterBuffer::play() {
  auto node = packets_.extract(packets_.begin());
  Packet& packet = node.mapped();
  cursor_ = node.key() + packet.duration;
  last_sequence_ = packet.sequence;
  underrun_ = 0;
  ++counters_.played;
  return Play{std::move(packet.payload)};
}

JitterBuffer::Step JitterBuffer::missing() {
  const bool empty = packets_.empty();
  const Time gap = empty ? frame_ : std::min(frame_, packets_.begin()->first - cursor_);
  const auto duration = static_cast<std::uint32_t>(gap);
  cursor_ += gap;
  underrun_ = empty ? underrun_ + 1 : underrun_;

  // The next packet continues the numbering: nothing was lost, the sender was silent (RFC 3551 4.1).
  const bool paused = !empty && last_sequence_ >= 0 &&
                      packets_.begin()->second.sequence == static_cast<std::uint16_t>(last_sequence_ + 1);
  if (paused || (empty && underrun_ > kConcealFrames)) {
    ++counters_.silent;
    return Silence{duration};
  }
  ++counters_.concealed;
  Conceal conceal{duration, {}};
  if (!empty && packets_.begin()->first == cursor_) conceal.next = packets_.begin()->second.payload;
  return conceal;
}

void JitterBuffer::shrink(Level last) {
  const Time buffered = packets_.empty() ? 0 : newest_ + frame_ - cursor_;
  spare_ = std::min(spare_, buffered);
  if (++pops_ < kShrinkPops || packets_.empty()) return;
  // `spare_` is what was left at the worst moment of late.
  const Time excess = spare_ - units(config_.least);
  if (excess >= (last == Level::quiet ? 2 : 4) * frame_) {
    const auto first = packets_.begin();
    cursor_ = std::max(cursor_, first->first + static_cast<Time>(first->second.duration));
    last_sequence_ = first->second.sequence;
    packets_.erase(first);
    ++counters_.shrunk;
    spare_ = kNothing;
    pops_ = 0;
  } else if (pops_ >= 2 * kShrinkPops) {
    spare_ = kNothing;
    pops_ = 0;
  }
}

}  // namespace sallyport::phone
