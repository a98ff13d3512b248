// SPDX-License-Identifier: Apache-2.0
#pragma once
// Incoming voice: authentic RTP packets through the jitter buffer and the decoder into an AudioSink, 20 ms
// a tick, losses concealed. No I/O of its own, no clock. One per call and codec.

#include <memory>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "media/rtp.h"
#include "phone/audio/jitter_buffer.h"
#include "phone/audio/resampler.h"
#include "phone/audio/source_sink.h"
#include "phone/audio/voice_codec.h"

namespace sallyport::phone {

class VoiceReceiver {
 public:
  // `sink` outlives the receiver. Errors: those of decoderFor().
  static Result<std::unique_ptr<VoiceReceiver>> create(sdp::Codec codec, AudioSink& sink);

  // A payload of this codec. One it cannot be is counted and dropped.
  void push(const media::RtpHeader& header, Bytes payload, TimePoint arrival);
  // Plays one frame. Error: the sink's; the receiver goes on without it.
  Status play(TimePoint now);

  sdp::Codec codec() const { return codec_; }
  const JitterBuffer::Counters& counters() const { return buffer_.counters(); }
  std::uint64_t undecodable() const { return undecodable_; }
  // Of the concealed ones: those that a second copy in the packet behind has brought (Opus FEC).
  std::uint64_t recovered() const { return recovered_; }
  std::chrono::milliseconds delay() const { return buffer_.targetDelay(); }

 private:
  VoiceReceiver(sdp::Codec codec, AudioSink& sink, std::unique_ptr<VoiceDecoder> decoder);
  void decodeNext(TimePoint now);

  const sdp::Codec codec_;
  AudioSink& sink_;
  std::unique_ptr<VoiceDecoder> decoder_;
  JitterBuffer buffer_;
  Resampler resampler_;
  const std::size_t frame_;
  std::vector<std::int16_t> decoded_;  // not played yet
  std::vector<std::int16_t> out_;      // at the sink's rate
  JitterBuffer::Level level_ = JitterBuffer::Level::quiet;
  std::uint64_t undecodable_ = 0, recovered_ = 0;
};

}  // namespace sallyport::phone
