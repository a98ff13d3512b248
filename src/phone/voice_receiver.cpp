// SPDX-License-Identifier: Apache-2.0
#include "phone/voice_receiver.h"

#include <algorithm>
#include <cstdlib>

#include "audio/opus_codec.h"

namespace sallyport::phone {
namespace {

constexpr int kQuiet = 200;  // peak of a frame that may be left out unheard

}  // namespace

Result<std::unique_ptr<VoiceReceiver>> VoiceReceiver::create(sdp::Codec codec, AudioSink& sink) {
  SP_ASSIGN(auto decoder, decoderFor(codec));
  return std::unique_ptr<VoiceReceiver>{new VoiceReceiver(codec, sink, std::move(decoder))};
}

VoiceReceiver::VoiceReceiver(sdp::Codec codec, AudioSink& sink, std::unique_ptr<VoiceDecoder> decoder)
    : codec_(codec),
      sink_(sink),
      decoder_(std::move(decoder)),
      buffer_(audioRate(codec), {}),
      resampler_(audioRate(codec), sink.rate()),
      frame_(frameSamples(audioRate(codec))) {}

void VoiceReceiver::push(const media::RtpHeader& header, Bytes payload, TimePoint arrival) {
  const auto samples = decoder_->samplesIn(payload);
  if (samples == 0) {
    ++undecodable_;
    return;
  }
  buffer_.push({header.sequence,
                header.timestamp,
                header.ssrc,
                static_cast<std::uint32_t>(samples),
                {payload.begin(), payload.end()}},
               arrival);
}

void VoiceReceiver::decodeNext(TimePoint now) {
  const auto step = buffer_.pop(now, level_);
  if (const auto* play = std::get_if<JitterBuffer::Play>(&step)) {
    const auto before = decoded_.size();
    if (!decoder_->decode(play->payload, decoded_)) {
      ++undecodable_;
      decoder_->conceal(decoder_->samplesIn(play->payload), {}, decoded_);
    }
    const bool loud = std::any_of(decoded_.begin() + static_cast<std::ptrdiff_t>(before), decoded_.end(),
                                  [](std::int16_t sample) { return std::abs(static_cast<int>(sample)) > kQuiet; });
    level_ = loud ? JitterBuffer::Level::voiced : JitterBuffer::Level::quiet;
  } else if (const auto* conceal = std::get_if<JitterBuffer::Conceal>(&step)) {
    recovered_ += codec_ == sdp::Codec::opus && audio::carriesFec(conceal->next);
    decoder_->conceal(conceal->duration, conceal->next, decoded_);
  } else {
    decoded_.insert(decoded_.end(), std::get<JitterBuffer::Silence>(step).duration, 0);
    level_ = JitterBuffer::Level::quiet;
  }
}

Status VoiceReceiver::play(TimePoint now) {
  while (decoded_.size() < frame_) {
    const auto before = decoded_.size();
    decodeNext(now);
    if (decoded_.size() == before) decoded_.resize(frame_);  // nothing decodable: silence
  }
  out_.clear();
  resampler_.process(Samples{decoded_}.first(frame_), out_);
  decoded_.erase(decoded_.begin(), decoded_.begin() + static_cast<std::ptrdiff_t>(frame_));
  return sink_.write(out_);
}

}  // namespace sallyport::phone
