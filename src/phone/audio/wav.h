// SPDX-License-Identifier: Apache-2.0
#pragma once
// RIFF/WAVE files, 16-bit linear PCM. Reading takes one or two channels (two are mixed to one) at the
// rates people use; writing makes mono files whose header is true after every write, so that a recording
// outlives the process that made it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "phone/audio/pcm.h"

namespace sallyport::phone {

inline constexpr std::size_t kLargestWav = 128U << 20;  // 23 minutes at 48 kHz mono

// Errors (misconfigured): phone.wav.not_wav, .truncated, .malformed (chunks), .encoding (not 16-bit PCM),
// .channels, .rate, .empty.
Result<Pcm> parseWav(Bytes file);

// The same from disk. Also phone.wav.open, phone.wav.read, phone.wav.too_large. `detail` names the file.
Result<Pcm> loadWav(const std::string& path);

class WavWriter {
 public:
  // Creates or replaces `path`, readable by its owner alone: it holds somebody's voice.
  // Error (misconfigured): "phone.wav.create".
  static Result<WavWriter> create(const std::string& path, unsigned rate);
  ~WavWriter();  // closes without reporting; finish() reports
  WavWriter(WavWriter&& other) noexcept;
  WavWriter& operator=(WavWriter&&) = delete;

  unsigned rate() const { return rate_; }
  // Reaches the file at least every 200 ms of audio. After an error nothing more is written and what was
  // written stays readable. Errors (unavailable): "phone.wav.write", "phone.wav.full" (4 GiB).
  Status write(Samples samples);
  Status finish();

 private:
  WavWriter(int file, unsigned rate, std::string path) : file_(file), rate_(rate), path_(std::move(path)) {}
  Status flush();
  Status writeHeader();
  Status fail(const char* code, std::string_view why);

  int file_;
  unsigned rate_;
  std::string path_;
  std::vector<std::uint8_t> pending_;
  std::uint64_t data_bytes_ = 0;
  bool failed_ = false;
};

}  // namespace sallyport::phone
