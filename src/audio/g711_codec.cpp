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
  explicit G711Encoder(Companding companding) : companding_(companding) {}

  Result<Bytes> encode(Samples frame) override {
    if (frame.empty() || frame.size() > kLongestFrame || frame.size() % kTenMilliseconds != 0)
      return Error{ErrorKind::internal, "audio.codec.frame", ""};
    std::transform(frame.begin(), frame.end(), payload_.begin(),
                   companding_ == Companding::muLaw ? muLawFrom : aLawFrom);
    return Bytes{payload_}.first(frame.size());
  }
  void expectLoss(unsigned) override {}

 private:
  const Companding companding_;
  std::array<std::uint8_t, kLongestFrame> payload_{};
};

class G711Decoder final : public VoiceDecoder {
 public:
  explicit G711Decoder(Companding companding) : companding_(companding) {}

  std::size_t samplesIn(Bytes payload) const override { return payload.size() <= kLongestPayload ? payload.size() : 0; }

  Status decode(Bytes payload, std::vector<std::int16_t>& out) override {
    if (samplesIn(payload) == 0) {
      return Error{ErrorKind::peerMisbehaved, "audio.codec.payload",
                   std::to_string(payload.size()) + " octets of G.711"};
    }
    const auto expand = companding_ == Companding::muLaw ? linearFromMuLaw : linearFromALaw;
    last_.resize(payload.size());
    std::transform(payload.begin(), payload.end(), last_.begin(), expand);
    out.insert(out.end(), last_.begin(), last_.end());
    level_ = 1.0;
    return success();
  }

  void conceal(std::size_t samples, Bytes, std::vector<std::int16_t>& out) override {
    const double slope = samples == 0 ? 0.0 : kFadePerFrame / static_cast<double>(samples);
    for (std::size_t i = 0; i < samples; ++i) {
      const double repeated = last_.empty() ? 0.0 : last_[i % last_.size()];
      out.push_back(saturate(repeated * level_));
      level_ = std::max(0.0, level_ - slope);
    }
  }

 private:
  const Companding companding_;
  std::vector<std::int16_t> last_;
  double level_ = 0.0;  // of the repetition, falling with every concealed frame
};

}  // namespace

std::unique_ptr<VoiceEncoder> makeG711Encoder(Companding companding) {
  return std::make_unique<G711Encoder>(companding);
}

std::unique_ptr<VoiceDecoder> makeG711Decoder(Companding companding) {
  return std::make_unique<G711Decoder>(companding);
}

}  // namespace sallyport::audio
