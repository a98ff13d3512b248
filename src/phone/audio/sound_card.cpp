// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/sound_card.h"

#include <portaudio.h>

#include "phone/audio/ring_buffer.h"

namespace sallyport::phone {
namespace {

constexpr unsigned kRate = 48'000;
constexpr std::size_t kRingSamples = kRate / 5;

// The library counts how often it was started.
class Library {
 public:
  static Result<std::shared_ptr<Library>> start() {
    const auto code = Pa_Initialize();
    if (code != paNoError) return Error{ErrorKind::unavailable, "phone.audio.unavailable", Pa_GetErrorText(code)};
    return std::shared_ptr<Library>{new Library};
  }
  ~Library() { Pa_Terminate(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

 private:
  Library() = default;
};

class Card {
 public:
  explicit Card(std::shared_ptr<Library> library) : library_(std::move(library)) {}
  ~Card() {
    if (stream_ != nullptr) Pa_CloseStream(stream_);  // stops the callbacks first
  }
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  Status open(PaDeviceIndex input, PaDeviceIndex output) {
    const auto end = [](PaDeviceIndex device, PaTime latency) {
      return PaStreamParameters{device, 1, paInt16, latency, nullptr};
    };
    const auto in = end(input, Pa_GetDeviceInfo(input)->defaultLowInputLatency);
    const auto out = end(output, Pa_GetDeviceInfo(output)->defaultLowOutputLatency);
    auto code =
        Pa_OpenStream(&stream_, &in, &out, kRate, paFramesPerBufferUnspecified, paNoFlag, &Card::exchange, this);
    if (code == paNoError) code = Pa_StartStream(stream_);
    if (code == paNoError) return success();
    return Error{ErrorKind::unavailable, "phone.audio.device", Pa_GetErrorText(code)};
  }

  RingBuffer heard{kRingSamples}, played{kRingSamples};

 private:
  static int exchange(const void* input, void* output, unsigned long frames, const PaStreamCallbackTimeInfo*,
                      PaStreamCallbackFlags, void* self) {
    auto& card = *static_cast<Card*>(self);
    if (input != nullptr) card.heard.write({static_cast<const std::int16_t*>(input), frames});
    const MutableSamples out{static_cast<std::int16_t*>(output), frames};
    const auto filled = card.played.read(out);
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(filled), out.end(), std::int16_t{0});
    return paContinue;
  }

  std::shared_ptr<Library> library_;
  PaStream* stream_ = nullptr;
};

class Microphone final : public AudioSource {
 public:
  explicit Microphone(std::shared_ptr<Card> card) : card_(std::move(card)) {}
  unsigned rate() const override { return kRate; }
  std::size_t read(MutableSamples out) override { return card_->heard.read(out); }

 private:
  std::shared_ptr<Card> card_;
};

class Loudspeaker final : public AudioSink {
 public:
  explicit Loudspeaker(std::shared_ptr<Card> card) : card_(std::move(card)) {}
  unsigned rate() const override { return kRate; }
  Status write(Samples samples) override {
    (void)card_->played.write(samples);
    return success();
  }

 private:
  std::shared_ptr<Card> card_;
};

Error noDevice(const std::string& device) {
  return {ErrorKind::misconfigured, "phone.audio.no_device",
          device.empty() ? "this machine has no microphone and loudspeaker" : "no '" + device + "' that can do both"};
}

PaDeviceIndex named(const std::string& device) {
  for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); ++i) {
    const auto* info = Pa_GetDeviceInfo(i);
    if (device == info->name && info->maxInputChannels > 0 && info->maxOutputChannels > 0) return i;
  }
  return paNoDevice;
}

}  // namespace

Result<std::vector<SoundDevice>> soundDevices() {
  SP_ASSIGN(const auto library, Library::start());
  std::vector<SoundDevice> devices;
  for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); ++i) {
    const auto* info = Pa_GetDeviceInfo(i);
    devices.push_back({info->name, info->maxInputChannels, info->maxOutputChannels});
  }
  return devices;
}

Result<SoundCardAudio> openSoundCard(const std::string& device) {
  SP_ASSIGN(auto library, Library::start());
  const auto input = device.empty() ? Pa_GetDefaultInputDevice() : named(device);
  const auto output = device.empty() ? Pa_GetDefaultOutputDevice() : input;
  if (input == paNoDevice || output == paNoDevice) return noDevice(device);
  auto card = std::make_shared<Card>(std::move(library));
  SP_TRY(card->open(input, output));
  return SoundCardAudio{std::make_unique<Microphone>(card), std::make_unique<Loudspeaker>(card)};
}

}  // namespace sallyport::phone
