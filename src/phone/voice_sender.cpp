// SPDX-License-Identifier: Apache-2.0
#include "phone/voice_sender.h"

#include <algorithm>

namespace sallyport::phone {

Result<std::unique_ptr<VoiceSender>> VoiceSender::create(const sdp::CodecFormat& format, AudioSource& source,
                                                         Numbering start) {
  SP_ASSIGN(auto encoder, encoderFor(format.codec));
  return std::unique_ptr<VoiceSender>{new VoiceSender(format, source, std::move(encoder), start)};
}

VoiceSender::VoiceSender(const sdp::CodecFormat& format, AudioSource& source, std::unique_ptr<VoiceEncoder> encoder,
                         Numbering start)
    : codec_(format.codec),
      payload_type_(format.payload_type),
      source_(source),
      encoder_(std::move(encoder)),
      resampler_(source.rate(), audioRate(format.codec)),
      frame_(frameSamples(audioRate(format.codec))),
      next_(start) {}

Samples VoiceSender::nextFrame() {
  // The source's 20 ms may be a fraction of a sample short or long of ours; what is over waits.
  while (ready_.size() < frame_) {
    read_.assign(std::max<std::size_t>(1, source_.rate() / 50), 0);
    source_.read(read_);  // what it does not fill stays silence
    resampler_.process(read_, ready_);
  }
  current_.assign(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(frame_));
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(frame_));
  return current_;
}

Result<std::size_t> VoiceSender::nextPacket(MutableBytes buffer) {
  SP_ASSIGN(const auto payload, encoder_->encode(nextFrame()));
  const std::size_t length = media::kRtpFixedHeaderBytes + payload.size();
  if (buffer.size() < length) return Error{ErrorKind::internal, "phone.rtp.buffer", ""};
  media::RtpHeader header;
  header.payload_type = payload_type_;
  header.marker = talkspurt_;
  header.sequence = next_.sequence++;
  header.timestamp = next_.timestamp;
  header.ssrc = next_.ssrc;
  media::writeRtpHeader(buffer.first<media::kRtpFixedHeaderBytes>(), header);
  std::copy(payload.begin(), payload.end(), buffer.begin() + media::kRtpFixedHeaderBytes);
  next_.timestamp += static_cast<std::uint32_t>(frame_);
  talkspurt_ = false;
  return length;
}

void VoiceSender::skipFrames(std::uint64_t count) {
  if (count == 0) return;
  next_.timestamp += static_cast<std::uint32_t>(count * frame_);
  talkspurt_ = true;
}

}  // namespace sallyport::phone
