// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/wav.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "phone/audio/tone.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;

struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sallyport-wav-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
};

std::string le(std::uint32_t value, int octets) {
  std::string out;
  for (int i = 0; i < octets; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

struct Fields {
  std::uint32_t encoding = 1, channels = 1, rate = 8'000, bits = 16;
};
std::string formatChunk(const Fields& f = {}) {
  return "fmt " + le(16, 4) + le(f.encoding, 2) + le(f.channels, 2) + le(f.rate, 4) +
         le(f.rate * f.channels * f.bits / 8, 4) + le(f.channels * f.bits / 8, 2) + le(f.bits, 2);
}
std::string chunk(const char* name, const std::string& body) {
  return name + le(static_cast<std::uint32_t>(body.size()), 4) + body;
}
std::string riff(const std::string& body) {
  return "RIFF" + le(static_cast<std::uint32_t>(body.size() + 4), 4) + "WAVE" + body;
}

Result<Pcm> parse(const std::string& text) {
  return parseWav({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}
std::string refusal(const std::string& text) {
  const auto pcm = parse(text);
  return pcm ? "accepted" : pcm.error().code;
}

const std::string kFourSamples = le(1, 2) + le(2, 2) + le(0xFFFF, 2) + le(0x8000, 2);

TEST(Wav, ReadsMono) {
  const auto pcm = parse(riff(formatChunk() + chunk("data", kFourSamples)));
  ASSERT_TRUE(pcm);
  EXPECT_EQ(pcm->rate, 8'000U);
  EXPECT_EQ(pcm->samples, (std::vector<std::int16_t>{1, 2, -1, -32'768}));
}

TEST(Wav, MixesStereoToMono) {
  const auto pcm = parse(riff(formatChunk({.channels = 2}) + chunk("data", le(100, 2) + le(300, 2))));
  ASSERT_TRUE(pcm);
  EXPECT_EQ(pcm->samples, std::vector<std::int16_t>{200});
}

TEST(Wav, SkipsChunksItDoesNotKnow) {
  EXPECT_TRUE(parse(riff(chunk("LIST", "odd") + std::string(1, '\0') + formatChunk() + chunk("data", kFourSamples))));
}

TEST(Wav, TakesAStreamOfUnknownLength) {
  const auto pcm = parse(riff(formatChunk() + "data" + le(0xFFFFFFFF, 4) + kFourSamples));
  ASSERT_TRUE(pcm);
  EXPECT_EQ(pcm->samples.size(), 4U);
}

TEST(Wav, RefusesEachHostileInputByName) {
  EXPECT_EQ(refusal(""), "phone.wav.not_wav");
  EXPECT_EQ(refusal("RIFF\4\0\0\0AVI "), "phone.wav.not_wav");
  EXPECT_EQ(refusal("OggS" + std::string(100, 'x')), "phone.wav.not_wav");
  EXPECT_EQ(refusal(riff("")), "phone.wav.malformed");
  EXPECT_EQ(refusal(riff(formatChunk())), "phone.wav.malformed");
  EXPECT_EQ(refusal(riff(chunk("data", kFourSamples) + formatChunk())), "phone.wav.malformed");
  EXPECT_EQ(refusal(riff(formatChunk() + formatChunk() + chunk("data", kFourSamples))), "phone.wav.malformed");
  EXPECT_EQ(refusal(riff(chunk("fmt ", "short") + chunk("data", kFourSamples))), "phone.wav.malformed");
  EXPECT_EQ(refusal(riff("fmt " + le(0xFFFFFFF0, 4) + "xxxx")), "phone.wav.truncated");
  EXPECT_EQ(refusal(riff(formatChunk() + "data" + le(100, 4) + kFourSamples)), "phone.wav.truncated");
  EXPECT_EQ(refusal(riff(formatChunk({.encoding = 3, .bits = 32}) + chunk("data", kFourSamples))),
            "phone.wav.encoding");
  EXPECT_EQ(refusal(riff(formatChunk({.bits = 8}) + chunk("data", kFourSamples))), "phone.wav.encoding");
  EXPECT_EQ(refusal(riff(formatChunk({.channels = 0}) + chunk("data", kFourSamples))), "phone.wav.channels");
  EXPECT_EQ(refusal(riff(formatChunk({.channels = 6}) + chunk("data", kFourSamples))), "phone.wav.channels");
  EXPECT_EQ(refusal(riff(formatChunk({.rate = 0}) + chunk("data", kFourSamples))), "phone.wav.rate");
  EXPECT_EQ(refusal(riff(formatChunk({.rate = 4'000'000'000}) + chunk("data", kFourSamples))), "phone.wav.rate");
  EXPECT_EQ(refusal(riff(formatChunk() + chunk("data", ""))), "phone.wav.empty");
  EXPECT_EQ(refusal(riff(formatChunk() + chunk("data", "x"))), "phone.wav.empty");
}

TEST(Wav, EveryPrefixOfAFileIsRefusedOrRead) {
  const std::string whole =
      riff(chunk("LIST", "abc") + std::string(1, '\0') + formatChunk() + chunk("data", kFourSamples));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(whole.substr(0, size))) << size;
}

TEST(Wav, AFileThatIsNotThereIsNamed) {
  const auto pcm = loadWav("/nonexistent/voice.wav");
  ASSERT_FALSE(pcm);
  EXPECT_STREQ(pcm.error().code, "phone.wav.open");
  EXPECT_NE(pcm.error().detail.find("/nonexistent/voice.wav"), std::string::npos);
  EXPECT_STREQ(loadWav("/tmp").error().code, "phone.wav.open");
}

TEST(WavWriter, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  const auto speech = generateTone({}, 16'000, 1s);
  auto writer = WavWriter::create(folder.file("out.wav"), 16'000);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->write(speech.samples));
  ASSERT_TRUE(writer->finish());
  const auto read = loadWav(folder.file("out.wav"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->rate, 16'000U);
  EXPECT_EQ(read->samples, speech.samples);
}

TEST(WavWriter, TheFileIsWholeWhileItIsBeingWritten) {
  const TemporaryFolder folder;
  const auto speech = generateTone({}, 8'000, 1s);
  auto writer = WavWriter::create(folder.file("out.wav"), 8'000);
  ASSERT_TRUE(writer);
  for (std::size_t at = 0; at < speech.samples.size(); at += 160) {
    ASSERT_TRUE(writer->write(Samples{speech.samples}.subspan(at, 160)));
  }
  const auto read = loadWav(folder.file("out.wav"));  // nobody has closed it
  ASSERT_TRUE(read);
  EXPECT_GE(read->samples.size() + 1'600, speech.samples.size());
}

TEST(WavWriter, OnlyItsOwnerMayListen) {
  const TemporaryFolder folder;
  ASSERT_TRUE(WavWriter::create(folder.file("out.wav"), 8'000));
  struct stat facts {};
  ASSERT_EQ(::stat(folder.file("out.wav").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
}

TEST(WavWriter, AFullDiskIsReportedAndStopsTheWriting) {
  auto writer = WavWriter::create("/dev/full", 8'000);
  if (writer) GTEST_SKIP() << "/dev/full takes writes here";
  EXPECT_STREQ(writer.error().code, "phone.wav.write");
}

TEST(WavWriter, AFolderThatIsNotThereIsNamed) {
  EXPECT_STREQ(WavWriter::create("/nonexistent/out.wav", 8'000).error().code, "phone.wav.create");
}

}  // namespace
}  // namespace sallyport::phone
