// SPDX-License-Identifier: Apache-2.0
#include "audio/opus_codec.h"

#include <opus.h>

#include <algorithm>
#include <array>

namespace sallyport::audio {
namespace {

constexpr unsigned kFullRate = 48'000;
constexpr std::size_t kLongestFrame =
    6 * frameSamples(kFullRate);  // 120 ms, the most one packet holds (RFC 6716 3.2.5)
constexpr opus_int32 kBitsPerSecond = 40'000, kNarrowBitsPerSecond = 24'000;  // with redundancy
constexpr int kComplexity = 5;  // of 10: past this the ear gains less than the processor loses

struct DestroyEncoder {
  void operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
};
struct DestroyDecoder {
  void operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};

Error unavailable(int code) { return {ErrorKind::misconfigured, "audio.codec.unavailable", opus_strerror(code)}; }

class OpusVoiceEncoder final : public VoiceEncoder {
 public:
  OpusVoiceEncoder(OpusEncoder* encoder, unsigned rate) : encoder_(encoder), rate_(rate) {
    opus_encoder_ctl(encoder, OPUS_SET_BITRATE(rate == kFullRate ? kBitsPerSecond : kNarrowBitsPerSecond));
    opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(kComplexity));
    opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(1));
  }

  Result<Bytes> encode(Samples frame) override {
    const auto tens = frame.size() * 100 / rate_;
    const bool fits = tens * rate_ == frame.size() * 100 && (tens == 1 || tens == 2 || tens == 4 || tens == 6);
    if (!fits) return Error{ErrorKind::internal, "audio.codec.frame", ""};
    const auto size = opus_encode(encoder_.get(), frame.data(), static_cast<int>(frame.size()), payload_.data(),
                                  static_cast<opus_int32>(payload_.size()));
    if (size < 0) return Error{ErrorKind::internal, "audio.codec.encode", opus_strerror(size)};
    return Bytes{payload_}.first(static_cast<std::size_t>(size));
  }

  void expectLoss(unsigned percent) override {
    opus_encoder_ctl(encoder_.get(), OPUS_SET_PACKET_LOSS_PERC(static_cast<opus_int32>(std::min(percent, 100U))));
  }

 private:
  std::unique_ptr<OpusEncoder, DestroyEncoder> encoder_;
  const unsigned rate_;
  std::array<std::uint8_t, 1'275> payload_{};  // the largest Opus frame
};

class OpusVoiceDecoder final : public VoiceDecoder {
 public:
  OpusVoiceDecoder(OpusDecoder* decoder, unsigned rate) : decoder_(decoder), rate_(rate) {}

  std::size_t samplesIn(Bytes payload) const override {
    if (payload.empty()) return 0;
    const auto samples = opus_packet_get_nb_samples(payload.data(), static_cast<opus_int32>(payload.size()),
                                                    static_cast<opus_int32>(rate_));
    return samples > 0 ? static_cast<std::size_t>(samples) : 0;
  }

  Status decode(Bytes payload, std::vector<std::int16_t>& out) override {
    const int samples = payload.empty()
                            ? OPUS_INVALID_PACKET
                            : opus_decode(decoder_.get(), payload.data(), static_cast<opus_int32>(payload.size()),
                                          frame_.data(), static_cast<int>(frame_.size()), 0);
    if (samples < 0) return Error{ErrorKind::peerMisbehaved, "audio.codec.payload", opus_strerror(samples)};
    out.insert(out.end(), frame_.begin(), frame_.begin() + samples);
    return success();
  }

  void conceal(std::size_t samples, Bytes next, std::vector<std::int16_t>& out) override {
    const std::size_t wanted = std::min(samples, 6 * frameSamples(rate_));
    const int made =
        opus_decode(decoder_.get(), next.empty() ? nullptr : next.data(), static_cast<opus_int32>(next.size()),
                    frame_.data(), static_cast<int>(wanted), next.empty() ? 0 : 1);
    const auto usable = made > 0 ? static_cast<std::size_t>(made) : 0;
    out.insert(out.end(), frame_.begin(), frame_.begin() + static_cast<std::ptrdiff_t>(usable));
    out.insert(out.end(), samples - usable, 0);
  }

 private:
  std::unique_ptr<OpusDecoder, DestroyDecoder> decoder_;
  const unsigned rate_;
  std::array<std::int16_t, kLongestFrame> frame_{};
};

}  // namespace

Result<std::unique_ptr<VoiceEncoder>> makeOpusEncoder(unsigned rate) {
  int code = OPUS_OK;
  // Not OPUS_APPLICATION_VOIP, whose high-pass filter turns the phase of deep voices: what arrives could no longer
  // be compared with what was said.
  auto* encoder = opus_encoder_create(static_cast<opus_int32>(rate), 1, OPUS_APPLICATION_AUDIO, &code);
  if (encoder == nullptr) return unavailable(code);
  return std::unique_ptr<VoiceEncoder>{std::make_unique<OpusVoiceEncoder>(encoder, rate)};
}

Result<std::unique_ptr<VoiceDecoder>> makeOpusDecoder(unsigned rate) {
  int code = OPUS_OK;
  auto* decoder = opus_decoder_create(static_cast<opus_int32>(rate), 1, &code);
  if (decoder == nullptr) return unavailable(code);
  return std::unique_ptr<VoiceDecoder>{std::make_unique<OpusVoiceDecoder>(decoder, rate)};
}

bool carriesFec(Bytes payload) {
  if (payload.empty()) return false;
  constexpr std::uint8_t kNoSilk = 0x80;  // of the first byte: nothing but CELT, which has no second copies
  std::array<const unsigned char*, 48> frames{};
  std::array<opus_int16, 48> sizes{};
  std::uint8_t toc = 0;
  const auto length = static_cast<opus_int32>(payload.size());
  const int count = opus_packet_parse(payload.data(), length, &toc, frames.data(), sizes.data(), nullptr);
  if (count <= 0 || (toc & kNoSilk) != 0 || sizes[0] == 0) return false;
  // A frame begins with the voice flags of its pieces of 20 ms; then comes the flag that is asked for.
  constexpr int kRate = kFullRate;
  const int pieces = std::max(1, opus_packet_get_samples_per_frame(payload.data(), kRate) * 50 / kRate);
  return ((frames[0][0] >> (7 - pieces)) & 1) != 0;
}

}  // namespace sallyport::audio
