// SPDX-License-Identifier: Apache-2.0
#pragma once
// Outgoing voice: takes 20 ms at a time from an AudioSource and makes clear RTP packets (RFC 3550 5.1) of
// it. No I/O, no clock; encryption and sending are the media session's. One per call and codec.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/result.h"
#include "media/rtp.h"
#include "media/srtp.h"
#include "phone/audio/resampler.h"
#include "phone/audio/source_sink.h"
#include "phone/audio/voice_codec.h"

namespace sallyport::phone {

class VoiceSender {
 public:
  // The numbers a stream begins with; random, and kept when the codec changes in mid-call.
  struct Numbering {
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
  };

  // `source` outlives the sender. Errors: those of encoderFor().
  static Result<std::unique_ptr<VoiceSender>> create(const sdp::CodecFormat& format, AudioSource& source,
                                                     Numbering start);

  // The next packet, written into `buffer`; its length. When the source has nothing, silence is sent.
  Result<std::size_t> nextPacket(MutableBytes buffer);
  // One frame of time in which nothing is sent: on hold, or lost to a stall. Audio of the source is not used up.
  void skipFrames(std::uint64_t count);

  void setPayloadType(std::uint8_t payload_type) { payload_type_ = payload_type; }
  void expectLoss(unsigned percent) { encoder_->expectLoss(percent); }
  const Numbering& numbering() const { return next_; }
  sdp::Codec codec() const { return codec_; }

 private:
  VoiceSender(const sdp::CodecFormat& format, AudioSource& source, std::unique_ptr<VoiceEncoder> encoder,
              Numbering start);
  Samples nextFrame();

  const sdp::Codec codec_;
  std::uint8_t payload_type_;
  AudioSource& source_;
  std::unique_ptr<VoiceEncoder> encoder_;
  Resampler resampler_;
  const std::size_t frame_;          // samples at the codec's rate
  std::vector<std::int16_t> read_;   // one frame at the source's rate
  std::vector<std::int16_t> ready_;  // at the codec's rate, not sent yet
  std::vector<std::int16_t> current_;
  Numbering next_;
  bool talkspurt_ = true;  // the next packet begins one (RFC 3551 4.1: marker)
};

}  // namespace sallyport::phone
