// SPDX-License-Identifier: Apache-2.0
// Payloads of Opus, G.711, comfort noise and telephone events with any numbers, at any time, to be transcoded or
// repacketised: what comes out is one stream with one sequence number after the other and packets of the agreed length,
// and never more than what arrived can last.
#include <algorithm>
#include <array>

#include "core/check.h"
#include "media/srtp.h"
#include "media/transcoder.h"

using namespace sallyport;
using namespace sallyport::media;
using audio::VoiceCodec;

namespace {

constexpr std::size_t kMostPerPush =
    2 * (120 + 60 + 60) / 10;  // of 10 ms: two packets, what was made up, what was left

constexpr std::uint8_t kRepacketises = 128;  // choices from here on

TranscodingConfig configOf(std::uint8_t choice) {
  TranscodingConfig config;
  config.to =
      choice % 2 == 0 ? TranscodingConfig::Voice{8, VoiceCodec::pcma} : TranscodingConfig::Voice{96, VoiceCodec::opus};
  config.from = {{0, VoiceCodec::pcmu}, {111, VoiceCodec::opus}};
  config.events_from = {{101, 8'000}, {102, 48'000}};
  config.events_to = TranscodingConfig::Events{100, choice % 2 == 0 ? 8'000U : 48'000U};
  config.packet = std::chrono::milliseconds{10 * (1 + choice / 2 % 6)};
  config.random = choice;
  if (choice < kRepacketises) return config;
  config.to = {0, VoiceCodec::pcmu};
  config.from = {{0, VoiceCodec::pcmu}, {111, VoiceCodec::pcma}};
  config.events_from = {{101, 8'000}};
  config.events_to = TranscodingConfig::Events{100, 8'000};
  config.crossing = {{0, 0}, {111, 8}, {102, 13}};
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in{{data, size}};
  const auto choice = in.u8().value_or(0);
  const auto transcoder = *Transcoder::create(configOf(choice));
  constexpr std::array<std::uint8_t, 4> kTypes{0, 111, 101, 102};
  TimePoint now{std::chrono::hours{1}};
  std::optional<std::uint16_t> last;
  while (const auto what = in.u8()) {
    RtpHeader header;
    header.payload_type = kTypes[*what & 3];
    header.ssrc = (*what >> 2 & 7) == 7 ? 2 : 1;
    header.sequence = in.u16().value_or(0);
    header.timestamp = in.u32().value_or(0);
    const auto payload = in.take(std::min<std::size_t>(in.u8().value_or(0), in.remaining())).value_or(Bytes{});
    (void)transcoder->push(header, payload, now);
    std::array<std::uint8_t, kLongestPacket> buffer;
    std::size_t made = 0;
    while (const auto length = transcoder->next(buffer)) {
      const auto ours = parseRtpHeader(Bytes{buffer}.first(length));
      SP_CHECK(ours && ours->ssrc == transcoder->ssrc());
      SP_CHECK(!last || ours->sequence == static_cast<std::uint16_t>(*last + 1));
      last = ours->sequence;
      SP_CHECK(++made <= kMostPerPush);
    }
    now += std::chrono::milliseconds{*what >> 3};
  }
  return 0;
}
