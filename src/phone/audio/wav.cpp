// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/wav.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>

namespace sallyport::phone {
namespace {

constexpr std::size_t kHeaderBytes = 44;
constexpr std::uint16_t kPcm = 1;
constexpr std::uint16_t kExtensible = 0xFFFE;
constexpr std::uint32_t kLengthUnknown = 0xFFFFFFFF;  // what a program that writes to a pipe puts there
constexpr std::array<unsigned, 11> kRates{8'000,  11'025, 12'000, 16'000, 22'050, 24'000,
                                          32'000, 44'100, 48'000, 88'200, 96'000};

std::uint16_t loadLe16(const std::uint8_t* at) { return static_cast<std::uint16_t>(at[0] | (at[1] << 8)); }
std::uint32_t loadLe32(const std::uint8_t* at) { return loadLe16(at) | (std::uint32_t{loadLe16(at + 2)} << 16); }

void putLe16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value);
  at[1] = static_cast<std::uint8_t>(value >> 8);
}
void putLe32(std::uint8_t* at, std::uint32_t value) {
  putLe16(at, static_cast<std::uint16_t>(value));
  putLe16(at + 2, static_cast<std::uint16_t>(value >> 16));
}

Error refuse(const char* code, std::string detail) { return {ErrorKind::misconfigured, code, std::move(detail)}; }

bool isNamed(Bytes id, const char (&name)[5]) { return std::memcmp(id.data(), name, 4) == 0; }

struct Format {
  unsigned channels = 1;
  unsigned rate = 8'000;
};

// The "fmt " chunk. WAVE_FORMAT_EXTENSIBLE carries the real encoding in the first two octets of its GUID.
Result<Format> parseFormat(Bytes chunk) {
  if (chunk.size() < 16)
    return refuse("phone.wav.malformed", "fmt chunk of " + std::to_string(chunk.size()) + " octets");
  std::uint16_t encoding = loadLe16(&chunk[0]);
  if (encoding == kExtensible && chunk.size() >= 26) encoding = loadLe16(&chunk[24]);
  const unsigned bits = loadLe16(&chunk[14]);
  if (encoding != kPcm || bits != 16) {
    return refuse("phone.wav.encoding", "encoding " + std::to_string(encoding) + " with " + std::to_string(bits) +
                                            " bits; only 16-bit linear PCM is read");
  }
  const Format format{loadLe16(&chunk[2]), loadLe32(&chunk[4])};
  if (format.channels < 1 || format.channels > 2) {
    return refuse("phone.wav.channels", std::to_string(format.channels) + " channels; mono or stereo is read");
  }
  if (std::find(kRates.begin(), kRates.end(), format.rate) == kRates.end()) {
    return refuse("phone.wav.rate", std::to_string(format.rate) + " Hz is not a common sample rate");
  }
  return format;
}

Pcm mixed(Bytes data, const Format& format) {
  Pcm pcm{format.rate, {}};
  const std::size_t stride = 2 * format.channels;
  pcm.samples.reserve(data.size() / stride);
  for (std::size_t at = 0; at + stride <= data.size(); at += stride) {
    int sum = static_cast<std::int16_t>(loadLe16(&data[at]));
    if (format.channels == 2) sum = (sum + static_cast<std::int16_t>(loadLe16(&data[at + 2]))) / 2;
    pcm.samples.push_back(static_cast<std::int16_t>(sum));
  }
  return pcm;
}

std::string systemError() { return std::strerror(errno); }

// Writes all of `bytes` at `offset`, or says why not.
bool writeAll(int file, Bytes bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return true;
}

struct Closer {
  int file;
  ~Closer() { ::close(file); }
};

}  // namespace

Result<Pcm> parseWav(Bytes file) {
  if (file.size() < 12 || !isNamed(file.first(4), "RIFF") || !isNamed(file.subspan(8, 4), "WAVE")) {
    return refuse("phone.wav.not_wav", "no RIFF/WAVE header");
  }
  std::optional<Format> format;
  std::size_t at = 12;
  while (file.size() - at >= 8) {
    const Bytes id = file.subspan(at, 4);
    std::size_t size = loadLe32(&file[at + 4]);
    at += 8;
    const bool is_data = isNamed(id, "data");
    if (is_data && size == kLengthUnknown) size = file.size() - at;
    if (size > file.size() - at) {
      return refuse("phone.wav.truncated", "a chunk of " + std::to_string(size) + " octets with " +
                                               std::to_string(file.size() - at) + " left in the file");
    }
    const Bytes chunk = file.subspan(at, size);
    if (isNamed(id, "fmt ")) {
      if (format) return refuse("phone.wav.malformed", "two fmt chunks");
      SP_ASSIGN(format, parseFormat(chunk));
    } else if (is_data) {
      if (!format) return refuse("phone.wav.malformed", "audio before its format");
      Pcm pcm = mixed(chunk, *format);
      if (pcm.samples.empty()) return refuse("phone.wav.empty", "no audio in the data chunk");
      return pcm;
    }
    at += std::min(size + (size & 1), file.size() - at);  // chunks are padded to even lengths
  }
  return refuse("phone.wav.malformed", "no data chunk");
}

Result<Pcm> loadWav(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return refuse("phone.wav.open", path + ": " + systemError());
  const Closer closer{file};
  struct stat facts {};
  if (::fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode))
    return refuse("phone.wav.open", path + ": not a regular file");
  if (static_cast<std::uint64_t>(facts.st_size) > kLargestWav) {
    return refuse("phone.wav.too_large", path + ": over " + std::to_string(kLargestWav >> 20) + " MiB");
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(facts.st_size));
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto got = ::read(file, &bytes[have], bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse("phone.wav.read", path + ": " + systemError());
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  auto pcm = parseWav(Bytes{bytes}.first(have));
  if (!pcm) return refuse(pcm.error().code, path + ": " + pcm.error().detail);
  return pcm;
}

Result<WavWriter> WavWriter::create(const std::string& path, unsigned rate) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return refuse("phone.wav.create", path + ": " + systemError());
  WavWriter writer{file, rate, path};
  SP_TRY(writer.writeHeader());
  return writer;
}

WavWriter::WavWriter(WavWriter&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      rate_(other.rate_),
      path_(std::move(other.path_)),
      pending_(std::move(other.pending_)),
      data_bytes_(other.data_bytes_),
      failed_(other.failed_) {}

WavWriter::~WavWriter() {
  if (file_ < 0) return;
  (void)flush();
  ::close(file_);
}

Status WavWriter::write(Samples samples) {
  if (failed_ || file_ < 0) return Error{ErrorKind::unavailable, "phone.wav.write", path_ + ": failed before"};
  for (const auto sample : samples) {
    pending_.push_back(static_cast<std::uint8_t>(sample));
    pending_.push_back(static_cast<std::uint8_t>(static_cast<std::uint16_t>(sample) >> 8));
  }
  return pending_.size() >= std::size_t{2} * rate_ / 5 ? flush() : success();
}

Status WavWriter::finish() {
  if (file_ < 0) return success();
  auto flushed = flush();
  const bool closed = ::close(std::exchange(file_, -1)) == 0;
  if (!flushed) return flushed;
  return closed ? success() : fail("phone.wav.write", systemError());
}

// Audio first, then the header that counts it: at every instant the header promises no more than is there.
Status WavWriter::flush() {
  if (failed_ || pending_.empty()) return success();
  if (data_bytes_ + pending_.size() > std::numeric_limits<std::uint32_t>::max() - kHeaderBytes) {
    return fail("phone.wav.full", "a WAV file ends at 4 GiB");
  }
  if (!writeAll(file_, pending_, kHeaderBytes + data_bytes_)) return fail("phone.wav.write", systemError());
  data_bytes_ += pending_.size();
  pending_.clear();
  return writeHeader();
}

Status WavWriter::writeHeader() {
  std::array<std::uint8_t, kHeaderBytes> header{};
  std::memcpy(&header[0], "RIFF", 4);
  putLe32(&header[4], static_cast<std::uint32_t>(kHeaderBytes - 8 + data_bytes_));
  std::memcpy(&header[8], "WAVEfmt ", 8);
  putLe32(&header[16], 16);
  putLe16(&header[20], kPcm);
  putLe16(&header[22], 1);
  putLe32(&header[24], rate_);
  putLe32(&header[28], rate_ * 2);
  putLe16(&header[32], 2);
  putLe16(&header[34], 16);
  std::memcpy(&header[36], "data", 4);
  putLe32(&header[40], static_cast<std::uint32_t>(data_bytes_));
  if (!writeAll(file_, header, 0)) return fail("phone.wav.write", systemError());
  return success();
}

Status WavWriter::fail(const char* code, std::string_view why) {
  failed_ = true;
  return Error{ErrorKind::unavailable, code, path_ + ": " + std::string{why}};
}

}  // namespace sallyport::phone
