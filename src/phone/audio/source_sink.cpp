// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/source_sink.h"

#include <algorithm>

#include "phone/audio/resampler.h"

namespace sallyport::phone {
namespace {

class RecordingSource final : public AudioSource {
 public:
  RecordingSource(std::shared_ptr<const Pcm> pcm, Repetition repetition)
      : pcm_(std::move(pcm)), repetition_(repetition) {}
  unsigned rate() const override { return pcm_->rate; }
  std::size_t read(MutableSamples out) override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      if (at_ == pcm_->samples.size()) {
        if (repetition_ == Repetition::once || pcm_->samples.empty()) break;
        at_ = 0;
      }
      const std::size_t count = std::min(out.size() - filled, pcm_->samples.size() - at_);
      std::copy_n(pcm_->samples.begin() + static_cast<std::ptrdiff_t>(at_), count,
                  out.begin() + static_cast<std::ptrdiff_t>(filled));
      at_ += count;
      filled += count;
    }
    return filled;
  }

 private:
  std::shared_ptr<const Pcm> pcm_;
  Repetition repetition_;
  std::size_t at_ = 0;
};

class ToneSource final : public AudioSource {
 public:
  ToneSource(ToneSpec spec, unsigned rate) : generator_(std::move(spec), rate), rate_(rate) {}
  unsigned rate() const override { return rate_; }
  std::size_t read(MutableSamples out) override {
    generator_.fill(out);
    return out.size();
  }

 private:
  ToneGenerator generator_;
  unsigned rate_;
};

class NullSource final : public AudioSource {
 public:
  unsigned rate() const override { return 8'000; }
  std::size_t read(MutableSamples) override { return 0; }
};

class WavSink final : public AudioSink {
 public:
  explicit WavSink(WavWriter writer) : writer_(std::move(writer)) {}
  unsigned rate() const override { return writer_.rate(); }
  Status write(Samples samples) override { return writer_.write(samples); }
  Status finish() override { return writer_.finish(); }

 private:
  WavWriter writer_;
};

class MemorySink final : public AudioSink {
 public:
  explicit MemorySink(std::shared_ptr<Pcm> pcm) : pcm_(std::move(pcm)) {}
  unsigned rate() const override { return pcm_->rate; }
  Status write(Samples samples) override {
    pcm_->samples.insert(pcm_->samples.end(), samples.begin(), samples.end());
    return success();
  }

 private:
  std::shared_ptr<Pcm> pcm_;
};

class NullSink final : public AudioSink {
 public:
  unsigned rate() const override { return 8'000; }
  Status write(Samples) override { return success(); }
};

class BothSink final : public AudioSink {
 public:
  BothSink(std::unique_ptr<AudioSink> first, std::unique_ptr<AudioSink> second)
      : first_(std::move(first)), second_(std::move(second)), resampler_(first_->rate(), second_->rate()) {}
  unsigned rate() const override { return first_->rate(); }
  Status write(Samples samples) override {
    auto status = first_->write(samples);
    converted_.clear();
    resampler_.process(samples, converted_);
    auto other = second_->write(converted_);
    return status ? other : status;
  }
  Status finish() override {
    auto status = first_->finish();
    auto other = second_->finish();
    return status ? other : status;
  }

 private:
  std::unique_ptr<AudioSink> first_, second_;
  Resampler resampler_;
  std::vector<std::int16_t> converted_;
};

struct EchoBuffer {
  unsigned rate;
  std::deque<std::int16_t> samples;
};

class EchoSource final : public AudioSource {
 public:
  explicit EchoSource(std::shared_ptr<EchoBuffer> buffer) : buffer_(std::move(buffer)) {}
  unsigned rate() const override { return buffer_->rate; }
  std::size_t read(MutableSamples out) override {
    auto& samples = buffer_->samples;
    const std::size_t count = std::min(out.size(), samples.size());
    const auto end = samples.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(samples.begin(), end, out.begin());
    samples.erase(samples.begin(), end);
    return count;
  }

 private:
  std::shared_ptr<EchoBuffer> buffer_;
};

class EchoSink final : public AudioSink {
 public:
  explicit EchoSink(std::shared_ptr<EchoBuffer> buffer) : buffer_(std::move(buffer)) {}
  unsigned rate() const override { return buffer_->rate; }
  Status write(Samples heard) override {
    auto& samples = buffer_->samples;
    samples.insert(samples.end(), heard.begin(), heard.end());
    if (samples.size() > buffer_->rate) {
      samples.erase(samples.begin(), samples.end() - static_cast<std::ptrdiff_t>(buffer_->rate));
    }
    return success();
  }

 private:
  std::shared_ptr<EchoBuffer> buffer_;
};

}  // namespace

std::unique_ptr<AudioSource> playRecording(std::shared_ptr<const Pcm> pcm, Repetition repetition) {
  return std::make_unique<RecordingSource>(std::move(pcm), repetition);
}
std::unique_ptr<AudioSource> playTone(ToneSpec spec, unsigned rate) {
  return std::make_unique<ToneSource>(std::move(spec), rate);
}
std::unique_ptr<AudioSource> playNothing() { return std::make_unique<NullSource>(); }

Result<std::unique_ptr<AudioSink>> recordTo(const std::string& path, unsigned rate) {
  SP_ASSIGN(auto writer, WavWriter::create(path, rate));
  return std::unique_ptr<AudioSink>{std::make_unique<WavSink>(std::move(writer))};
}
std::unique_ptr<AudioSink> recordInto(std::shared_ptr<Pcm> pcm) { return std::make_unique<MemorySink>(std::move(pcm)); }
std::unique_ptr<AudioSink> recordNothing() { return std::make_unique<NullSink>(); }

std::unique_ptr<AudioSink> recordBoth(std::unique_ptr<AudioSink> first, std::unique_ptr<AudioSink> second) {
  return std::make_unique<BothSink>(std::move(first), std::move(second));
}

EchoPath makeEcho(unsigned rate) {
  auto buffer = std::make_shared<EchoBuffer>(EchoBuffer{rate, {}});
  return {std::make_unique<EchoSource>(buffer), std::make_unique<EchoSink>(buffer)};
}

}  // namespace sallyport::phone
