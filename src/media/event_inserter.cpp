// SPDX-License-Identifier: Apache-2.0
#include "media/event_inserter.h"

#include <algorithm>

namespace sallyport::media {
namespace {

constexpr unsigned kEnds = 3;           // the last packet of an event is sent so often (RFC 4733 2.5.1.4)
constexpr std::uint8_t kEndBit = 0x80;  // RFC 4733 2.3
constexpr std::uint8_t kVolume = 10;    // -10 dBm0
constexpr std::int16_t kForgetFloor = 1'000;

std::uint32_t ticks(std::chrono::nanoseconds time, std::uint32_t clock_rate) {
  return static_cast<std::uint32_t>(time.count() / 1'000 * clock_rate / 1'000'000);
}

std::int16_t ahead(std::uint16_t a, std::uint16_t b) { return static_cast<std::int16_t>(a - b); }

}  // namespace

bool EventInserter::pass(MutableBytes packet, const RtpHeader& header, TimePoint now) {
  if (playing_) return false;
  if (!stream_ || stream_->ssrc != header.ssrc) {  // another source is another stream
    offset_ = 0;
    floor_.reset();
    resume_ = false;
    stream_ = Stream{header.ssrc, header.sequence, header.timestamp, now};
    return true;
  }
  if (resume_) {
    offset_ = static_cast<std::uint16_t>(stream_->sequence + 1 - header.sequence);
    floor_ = header.sequence;
    resume_ = false;
  }
  if (floor_) {
    const auto past = ahead(header.sequence, *floor_);
    if (past < 0) return false;
    if (past > kForgetFloor) floor_.reset();
  }
  const auto sequence = static_cast<std::uint16_t>(header.sequence + offset_);
  packet[2] = static_cast<std::uint8_t>(sequence >> 8);
  packet[3] = static_cast<std::uint8_t>(sequence);
  if (ahead(sequence, stream_->sequence) > 0) stream_ = Stream{header.ssrc, sequence, header.timestamp, now};
  return true;
}

Status EventInserter::play(TelephoneEvent event, EventFormat format, std::uint32_t ssrc, std::uint32_t start,
                           TimePoint now) {
  if (queue_.size() == kMostQueued) return Error{ErrorKind::overloaded, "media.event.queue_full", ""};
  event.duration = std::clamp(event.duration, kShortest, kLongest);
  if (!stream_) stream_ = Stream{ssrc, static_cast<std::uint16_t>(start >> 17), start, now};
  queue_.push_back({event, format});
  if (!due_) due_ = now;
  return success();
}

void EventInserter::begin(TimePoint now) {
  Playing playing;
  playing.what = queue_.front();
  queue_.erase(queue_.begin());
  playing.began = now;
  playing.timestamp = stream_->timestamp + ticks(now - stream_->at, playing.what.format.clock_rate);
  playing_ = playing;
}

std::size_t EventInserter::next(MutableBytes buffer, TimePoint now) {
  if (!due_ || now < *due_ || buffer.size() < kPacketBytes) return 0;
  if (!playing_) begin(now);
  auto& playing = *playing_;
  const auto& [event, format] = playing.what;
  const auto elapsed = std::min<std::chrono::nanoseconds>(now - playing.began + kInterval, event.duration);
  const bool end = elapsed == event.duration;
  const auto duration = ticks(elapsed, format.clock_rate);

  RtpHeader header;
  header.ssrc = stream_->ssrc;
  header.sequence = ++stream_->sequence;
  header.timestamp = playing.timestamp;
  header.payload_type = format.payload_type;
  header.marker = playing.sent++ == 0;
  writeRtpHeader(buffer.first<kRtpFixedHeaderBytes>(), header);
  buffer[12] = event.code;
  buffer[13] = end ? kEndBit | kVolume : kVolume;
  buffer[14] = static_cast<std::uint8_t>(duration >> 8);
  buffer[15] = static_cast<std::uint8_t>(duration);

  stream_->timestamp = playing.timestamp + duration;
  stream_->at = playing.began + event.duration;
  due_ = now + kInterval;
  if (end && ++playing.ends_sent == kEnds) {
    playing_.reset();
    resume_ = true;
    due_.reset();
    if (!queue_.empty()) due_ = now + kPause;
  }
  return kPacketBytes;
}

}  // namespace sallyport::media
