// SPDX-License-Identifier: Apache-2.0
#include "audio/g711_codec.h"

#include <algorithm>
#include <array>

#include "audio/g711.h"

namespace sallyport::audio {
namespace {

constexpr std::size_t kTenMilliseconds = 80;
constexpr std::size_t kLongestFrame = 6 * kTenMilliseconds;     // that we send
constexpr std::size_t kLongestPayload = 12 * kTenMilliseconds;  // that we take: 120 ms
constexpr double kFadePerFrame = 1.0 / 3;

class G711Encoder final : public VoiceEncoder {
 public:
  G711Encoder(Companding companding, G711Samples samples) : companding_(companding), samples_(samples) {}

  Result<Bytes> encode(Samples frame) override {
    if (frame.empty() || frame.size() > kLongestFrame || frame.size() % kTenMilliseconds != 0)
      return Error{ErrorKind::internal, "audio.codec.frame", ""};
    if (samples_ == G711Samples::octets) {
      std::transform(frame.begin(), frame.end(), payload_.begin(), octetOf);
    } else {
      std::transform(frame.begin(), frame.end(), payload_.begin(),
                     companding_ == Companding::muLaw ? muLawFrom : aLawFrom);
    }
    return Bytes{payload_}.first(frame.size());
  }
  void expectLoss(unsigned) override {}

 private:
  static std::uint8_t octetOf(std::int16_t sample) { return static_cast<std::uint8_t>(sample); }

  const Companding companding_;
  const G711Samples samples_;
  std::array<std::uint8_t, kLongestFrame> payload_{};
};

class G711Decoder final : public VoiceDecoder {
 public:
  G711Decoder(Companding companding, G711Samples samples)
      : expand_(companding == Companding::muLaw ? linearFromMuLaw : linearFromALaw),
        compress_(companding == Companding::muLaw ? muLawFrom : aLawFrom),
        samples_(samples) {}

  std::size_t samplesIn(Bytes payload) const override { return payload.size() <= kLongestPayload ? payload.size() : 0; }

  Status decode(Bytes payload, std::vector<std::int16_t>& out) override {
    if (samplesIn(payload) == 0) {
      return Error{ErrorKind::peerMisbehaved, "audio.codec.payload",
                   std::to_string(payload.size()) + " octets of G.711"};
    }
    last_.assign(payload.begin(), payload.end());
    const auto before = out.size();
    out.resize(before + payload.size());
    const auto at = out.begin() + static_cast<std::ptrdiff_t>(before);
    if (samples_ == G711Samples::octets) {
      std::copy(payload.begin(), payload.end(), at);
    } else {
      std::transform(payload.begin(), payload.end(), at, expand_);
    }
    level_ = 1.0;
    return success();
  }

  void conceal(std::size_t samples, Bytes, std::vector<std::int16_t>& out) override {
    const double slope = samples == 0 ? 0.0 : kFadePerFrame / static_cast<double>(samples);
    for (std::size_t i = 0; i < samples; ++i) {
      const double repeated = last_.empty() ? 0.0 : expand_(last_[i % last_.size()]);
      const auto faded = saturate(repeated * level_);
      out.push_back(samples_ == G711Samples::octets ? compress_(faded) : faded);
      level_ = std::max(0.0, level_ - slope);
    }
  }

 private:
  std::int16_t (*const expand_)(std::uint8_t);
  std::uint8_t (*const compress_)(std::int16_t);
  const G711Samples samples_;
  std::vector<std::uint8_t> last_;
  double level_ = 0.0;  // of the repetition, falling with every concealed frame
};

}  // namespace

std::unique_ptr<VoiceEncoder> makeG711Encoder(Companding companding, G711Samples samples) {
  return std::make_unique<G711Encoder>(companding, samples);
}

std::unique_ptr<VoiceDecoder> makeG711Decoder(Companding companding, G711Samples samples) {
  return std::make_unique<G711Decoder>(companding, samples);
}

}  // namespace sallyport::audio
