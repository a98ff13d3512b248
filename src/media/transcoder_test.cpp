// SPDX-License-Identifier: Apache-2.0
#include "media/transcoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <numbers>

#include "media/srtp.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using audio::VoiceCodec;

constexpr unsigned kRate = 8'000;
constexpr std::size_t kFrame = kRate / 50;  // 20 ms
constexpr std::uint8_t kOpus = 96, kPcmu = 0, kPcma = 8, kWideEvents = 102, kEvents = 101;

std::uint8_t numberOf(VoiceCodec codec) {
  return codec == VoiceCodec::opus ? kOpus : codec == VoiceCodec::pcmu ? kPcmu : kPcma;
}

TranscodingConfig configOf(VoiceCodec from, VoiceCodec to, std::chrono::milliseconds packet = 20ms) {
  TranscodingConfig config;
  const auto events = [](VoiceCodec codec) {
    return codec == VoiceCodec::opus ? TranscodingConfig::Events{kWideEvents, 48'000}
                                     : TranscodingConfig::Events{kEvents, 8'000};
  };
  config.from = {{numberOf(from), from}};
  config.events_from = {events(from)};
  config.to = {numberOf(to), to};
  config.events_to = events(to);
  config.packet = packet;
  config.random = 0x123456789ABCDEF0;
  return config;
}

std::int16_t tone(std::size_t at) {
  return static_cast<std::int16_t>(8'000 * std::sin(2 * std::numbers::pi * 400 * static_cast<double>(at) / kRate));
}

struct Sent {
  RtpHeader header;
  std::vector<std::uint8_t> payload;
};

// Who talks, and who hears what comes of it. What is said is a tone of 400 Hz.
class Conversation {
 public:
  Conversation(VoiceCodec from, VoiceCodec to, std::chrono::milliseconds packet = 20ms)
      : from_(from),
        to_(to),
        transcoder(*Transcoder::create(configOf(from, to, packet))),
        encoder_(*audio::VoiceEncoder::create(from, kRate)) {
    encoder_->expectLoss(20);
  }

  // The next `count` packets of the talker, not sent yet.
  std::deque<Sent> packets(std::size_t count, std::size_t samples = kFrame) {
    std::deque<Sent> out;
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<std::int16_t> pcm(samples);
      for (auto& sample : pcm) sample = tone(said_++);
      const auto payload = *encoder_->encode(pcm);
      out.push_back({header(numberOf(from_)), {payload.begin(), payload.end()}});
      timestamp += static_cast<std::uint32_t>(samples * audio::rtpClockRate(from_) / kRate);
    }
    return out;
  }
  RtpHeader header(std::uint8_t payload_type) {
    RtpHeader header;
    header.payload_type = payload_type;
    header.sequence = sequence++;
    header.timestamp = timestamp;
    header.ssrc = ssrc;
    return header;
  }
  void pause(std::chrono::milliseconds time) {
    timestamp += static_cast<std::uint32_t>(time.count() * audio::rtpClockRate(from_) / 1'000);
    now += time;
  }

  DropReason send(const Sent& packet) {
    const auto reason = transcoder->push(packet.header, packet.payload, now);
    now += 20ms;
    std::array<std::uint8_t, kLongestPacket> buffer{};
    while (const auto length = transcoder->next(buffer)) {
      const auto bytes = Bytes{buffer}.first(length);
      const auto header = parseRtpHeader(bytes);
      EXPECT_TRUE(header);
      const auto payload = *payloadOf(bytes, *header);
      heard.push_back({*header, {payload.begin(), payload.end()}});
    }
    return reason;
  }
  void talk(std::size_t count) {
    for (const auto& packet : packets(count)) EXPECT_EQ(send(packet), DropReason::transcoded);
  }

  // The root mean square of what is heard from packet `first` on: the tone has 5,657.
  double loudness(std::size_t first) const {
    const auto decoder = *audio::VoiceDecoder::create(to_, kRate);
    std::vector<std::int16_t> pcm;
    for (std::size_t i = 0; i < heard.size(); ++i) {
      if (i == first) pcm.clear();
      EXPECT_TRUE(decoder->decode(heard[i].payload, pcm));
    }
    double sum = 0;
    for (const auto sample : pcm) sum += static_cast<double>(sample) * sample;
    return pcm.empty() ? 0 : std::sqrt(sum / static_cast<double>(pcm.size()));
  }

  const VoiceCodec from_, to_;
  std::unique_ptr<Transcoder> transcoder;
  std::vector<Sent> heard;
  std::uint16_t sequence = 65'530;
  std::uint32_t timestamp = 0xFFFF'F000;
  std::uint32_t ssrc = 7;
  TimePoint now{1h};

 private:
  std::unique_ptr<audio::VoiceEncoder> encoder_;
  std::size_t said_ = 0;
};

void expectOneStream(const std::vector<Sent>& heard) {
  for (std::size_t i = 1; i < heard.size(); ++i) {
    EXPECT_EQ(heard[i].header.ssrc, heard[0].header.ssrc);
    EXPECT_EQ(heard[i].header.sequence, static_cast<std::uint16_t>(heard[i - 1].header.sequence + 1));
  }
}

struct Pair {
  VoiceCodec from, to;
};
class Transcoding : public testing::TestWithParam<Pair> {
 protected:
  Conversation talk_{GetParam().from, GetParam().to};
  std::uint32_t frame_ = audio::rtpClockRate(GetParam().to) / 50;
};
INSTANTIATE_TEST_SUITE_P(
    Pairs, Transcoding,
    testing::Values(Pair{VoiceCodec::opus, VoiceCodec::pcma}, Pair{VoiceCodec::opus, VoiceCodec::pcmu},
                    Pair{VoiceCodec::pcma, VoiceCodec::opus}, Pair{VoiceCodec::pcmu, VoiceCodec::opus},
                    Pair{VoiceCodec::pcmu, VoiceCodec::pcma}, Pair{VoiceCodec::pcma, VoiceCodec::pcmu}),
    [](const auto& instance) {
      return std::string{audio::toString(instance.param.from)} + "To" + std::string{audio::toString(instance.param.to)};
    });

TEST_P(Transcoding, VoiceIsHeardAsLoudAsItWasSaidInOneStreamOfOurOwn) {
  talk_.talk(100);
  ASSERT_EQ(talk_.heard.size(), 100U);
  expectOneStream(talk_.heard);
  EXPECT_NE(talk_.heard[0].header.ssrc, talk_.ssrc);
  for (std::size_t i = 0; i < talk_.heard.size(); ++i) {
    const auto& header = talk_.heard[i].header;
    EXPECT_EQ(header.payload_type, numberOf(GetParam().to));
    EXPECT_EQ(header.timestamp, talk_.heard[0].header.timestamp + static_cast<std::uint32_t>(i) * frame_);
    EXPECT_EQ(header.marker, i == 0);
  }
  EXPECT_NEAR(talk_.loudness(10), 5'657, 600);
}

TEST_P(Transcoding, APacketThatNeverComesIsMadeUpForAndLeavesNoGap) {
  auto packets = talk_.packets(60);
  packets.erase(packets.begin() + 40);
  for (const auto& packet : packets) EXPECT_EQ(talk_.send(packet), DropReason::transcoded);
  EXPECT_EQ(talk_.heard.size(), 60U);
  expectOneStream(talk_.heard);
  EXPECT_EQ(talk_.heard.back().header.timestamp, talk_.heard[0].header.timestamp + 59 * frame_);
  EXPECT_EQ(talk_.transcoder->figures().concealed, 1U);
  EXPECT_GT(talk_.loudness(38), 4'000);
}

TEST_P(Transcoding, TwoPacketsThatChangedPlacesArePutRight) {
  auto packets = talk_.packets(60);
  std::swap(packets[40], packets[41]);
  for (const auto& packet : packets) EXPECT_EQ(talk_.send(packet), DropReason::transcoded);
  EXPECT_EQ(talk_.heard.size(), 60U);
  expectOneStream(talk_.heard);
  EXPECT_EQ(talk_.transcoder->figures().concealed, 0U);
  EXPECT_EQ(talk_.transcoder->figures().reordered, 1U);
  EXPECT_NEAR(talk_.loudness(38), 5'657, 600);
}

TEST_P(Transcoding, WhatComesAfterItWasMadeUpForIsDropped) {
  const auto packets = talk_.packets(10);
  for (const std::size_t i : {0, 1, 2, 4, 5}) EXPECT_EQ(talk_.send(packets[i]), DropReason::transcoded);
  EXPECT_EQ(talk_.send(packets[3]), DropReason::overtaken);
  EXPECT_EQ(talk_.send(packets[5]), DropReason::overtaken);
  EXPECT_EQ(talk_.send(packets[6]), DropReason::transcoded);
  EXPECT_EQ(talk_.heard.size(), 7U);
}

TEST_P(Transcoding, NoMoreThanThePermittedTimeIsMadeUp) {
  auto packets = talk_.packets(30);
  for (std::size_t i = 0; i < 10; ++i) (void)talk_.send(packets[i]);
  for (std::size_t i = 20; i < 30; ++i) (void)talk_.send(packets[i]);
  EXPECT_EQ(talk_.heard.size(), 23U);  // 20 packets and 60 ms
  expectOneStream(talk_.heard);
  EXPECT_EQ(talk_.heard.back().header.timestamp, talk_.heard[0].header.timestamp + 29 * frame_);
  EXPECT_TRUE(talk_.heard[10].header.marker);
}

TEST_P(Transcoding, APauseStaysAPauseAndItsEndIsMarked) {
  talk_.talk(10);
  talk_.pause(2s);
  talk_.talk(10);
  ASSERT_EQ(talk_.heard.size(), 20U);
  expectOneStream(talk_.heard);
  EXPECT_EQ(talk_.heard[10].header.timestamp, talk_.heard[9].header.timestamp + 101 * frame_);
  EXPECT_TRUE(talk_.heard[10].header.marker);
  EXPECT_EQ(talk_.transcoder->figures().concealed, 0U);
}

TEST_P(Transcoding, AnotherSourceGoesOnInTheSameStreamAtTheTimeThatHasPassed) {
  talk_.talk(10);
  talk_.now += 480ms;  // and 20 ms that talk() has counted
  talk_.ssrc = 99;
  talk_.sequence = 12;
  talk_.timestamp = 4'711;
  talk_.talk(10);
  ASSERT_EQ(talk_.heard.size(), 20U);
  expectOneStream(talk_.heard);
  EXPECT_EQ(talk_.heard[10].header.timestamp, talk_.heard[9].header.timestamp + 26 * frame_);
  EXPECT_TRUE(talk_.heard[10].header.marker);
}

TEST_P(Transcoding, AnEventCrossesAtTheOtherClock) {
  talk_.talk(10);
  const auto clock = audio::rtpClockRate(GetParam().from);
  const auto begins = talk_.timestamp;
  for (const unsigned ms : {20U, 40U, 60U, 60U, 60U}) {
    const auto duration = static_cast<std::uint16_t>(ms * clock / 1'000);
    auto header = talk_.header(GetParam().from == VoiceCodec::opus ? kWideEvents : kEvents);
    header.timestamp = begins;
    EXPECT_EQ(talk_.send({header,
                          {5, static_cast<std::uint8_t>(ms == 60 ? 0x8A : 0x0A),
                           static_cast<std::uint8_t>(duration >> 8), static_cast<std::uint8_t>(duration)}}),
              DropReason::transcoded);
  }
  talk_.pause(100ms);
  talk_.talk(1);
  ASSERT_EQ(talk_.heard.size(), 16U);
  expectOneStream(talk_.heard);
  for (std::size_t i = 10; i < 15; ++i) {
    const auto& [header, payload] = talk_.heard[i];
    EXPECT_EQ(header.payload_type, GetParam().to == VoiceCodec::opus ? kWideEvents : kEvents);
    EXPECT_EQ(header.timestamp, talk_.heard[9].header.timestamp + frame_);
    EXPECT_EQ(header.marker, i == 10);
    ASSERT_EQ(payload.size(), 4U);
    EXPECT_EQ(payload[0], 5);
    EXPECT_EQ(loadBe16(&payload[2]), std::min<std::size_t>(i - 9, 3) * frame_);
  }
  EXPECT_EQ(talk_.heard[15].header.timestamp, talk_.heard[9].header.timestamp + 6 * frame_);
}

TEST(Transcoder, AnEventLongerThanTheOtherClockCanSayIsAsLongAsItCan) {
  Conversation talk{VoiceCodec::pcma, VoiceCodec::opus};
  talk.talk(1);
  (void)talk.send({talk.header(kEvents), {5, 0x0A, 0x80, 0x00}});  // 4.1 s
  ASSERT_EQ(talk.heard.size(), 2U);
  EXPECT_EQ(loadBe16(&talk.heard[1].payload[2]), 0xFFFF);
}

TEST(Transcoder, EventsThatTheOtherSideDoesNotKnowGoNowhere) {
  auto config = configOf(VoiceCodec::pcma, VoiceCodec::opus);
  config.events_to.reset();
  const auto transcoder = *Transcoder::create(config);
  RtpHeader header;
  header.payload_type = kEvents;
  EXPECT_EQ(transcoder->push(header, std::vector<std::uint8_t>{5, 0x0A, 0, 160}, {}), DropReason::payloadTypeRefused);
}

TEST(Transcoder, AnotherPayloadTypeIsRefused) {
  Conversation talk{VoiceCodec::pcma, VoiceCodec::opus};
  EXPECT_EQ(talk.send({talk.header(13), {0x40}}), DropReason::payloadTypeRefused);  // comfort noise
}

TEST(Transcoder, PacketsHaveTheLengthThatWasAgreedWhateverArrives) {
  for (const auto packet : {10ms, 20ms, 40ms, 60ms}) {
    Conversation talk{VoiceCodec::opus, VoiceCodec::pcmu, packet};
    for (const auto& each : talk.packets(12, 3 * kFrame)) EXPECT_EQ(talk.send(each), DropReason::transcoded);
    ASSERT_EQ(talk.heard.size(), static_cast<std::size_t>(720ms / packet));
    expectOneStream(talk.heard);
    for (const auto& each : talk.heard) EXPECT_EQ(each.payload.size(), static_cast<std::size_t>(packet.count() * 8));
  }
}

TEST(Transcoder, OpusHasNoPacketOfThirtyMillisecondsAndTakesTwenty) {
  Conversation talk{VoiceCodec::pcmu, VoiceCodec::opus, 30ms};
  talk.talk(6);
  EXPECT_EQ(talk.heard.size(), 6U);
}

TEST(Transcoder, ThirtyMillisecondsOfG711AreSent) {
  Conversation talk{VoiceCodec::opus, VoiceCodec::pcmu, 30ms};
  talk.talk(6);
  EXPECT_EQ(talk.heard.size(), 4U);
}

TEST(Transcoder, RedundancyInOpusBringsBackALostOnsetThatConcealmentCannotKnow) {
  // Silence, then a tone whose first packet is lost: only the copy in the second tells of it.
  const auto loudnessOfOnset = [](unsigned expected_loss) {
    const auto encoder = *audio::VoiceEncoder::create(VoiceCodec::opus, kRate);
    encoder->expectLoss(expected_loss);
    Conversation talk{VoiceCodec::opus, VoiceCodec::pcma};
    for (unsigned i = 0; i < 22; ++i) {
      std::vector<std::int16_t> pcm(kFrame);
      for (unsigned at = 0; i >= 20 && at < kFrame; ++at) pcm[at] = tone(i * kFrame + at);
      const auto payload = *encoder->encode(pcm);
      const Sent packet{talk.header(kOpus), {payload.begin(), payload.end()}};
      talk.timestamp += 960;
      if (i == 20) continue;
      EXPECT_EQ(talk.send(packet), DropReason::transcoded);
    }
    talk.talk(1);
    EXPECT_EQ(talk.transcoder->figures().concealed, 1U);
    EXPECT_EQ(talk.transcoder->figures().redundancy, expected_loss > 0 ? 1U : 0U);
    talk.heard.resize(21);
    return talk.loudness(20);
  };
  EXPECT_GT(loudnessOfOnset(30), 10 * loudnessOfOnset(0));
}

TEST(Transcoder, HostileOpusIsRefusedAndTheStreamGoesOnAsAfterALoss) {
  Conversation talk{VoiceCodec::opus, VoiceCodec::pcma};
  talk.talk(5);
  const std::vector<std::vector<std::uint8_t>> hostile{
      {},            // nothing
      {0x03},        // code 3 without its frame count
      {0x03, 0x3F},  // 63 frames: over 120 ms
      {0x0B, 0x00},  // no frame at all
  };
  for (const auto& payload : hostile) {
    EXPECT_EQ(talk.send({talk.header(kOpus), payload}), DropReason::undecodable) << payload.size();
    talk.timestamp += 960;
    talk.talk(5);
  }
  EXPECT_EQ(talk.heard.size(), 29U);
  expectOneStream(talk.heard);
  EXPECT_EQ(talk.transcoder->figures().concealed, 4U);
}

TEST(Transcoder, OpusWhoseFramesAreLongerThanThePacketIsMadeUpForAtItsLength) {
  Conversation talk{VoiceCodec::opus, VoiceCodec::pcma};
  talk.talk(5);
  const auto header = talk.header(kOpus);
  talk.timestamp += 960 * 2;
  EXPECT_EQ(talk.send({header, {0x0A, 0xFF, 0xFF, 0x00}}), DropReason::transcoded);
  talk.talk(1);
  EXPECT_EQ(talk.heard.size(), 8U);
  EXPECT_EQ(talk.transcoder->figures().concealed, 1U);
}

TEST(Transcoder, AnUndecodablePacketInOrderIsRefused) {
  Conversation talk{VoiceCodec::opus, VoiceCodec::pcma};
  talk.talk(1);
  EXPECT_EQ(talk.send({talk.header(kOpus), {0x03}}), DropReason::undecodable);
  const auto telephone = [](std::uint8_t payload_type, std::vector<std::uint8_t> payload) {
    Conversation alone{VoiceCodec::pcma, VoiceCodec::opus};
    return alone.send({alone.header(payload_type), std::move(payload)});
  };
  EXPECT_EQ(telephone(kPcma, {}), DropReason::undecodable);
  EXPECT_EQ(telephone(kPcma, std::vector<std::uint8_t>(961)), DropReason::undecodable);
  EXPECT_EQ(telephone(kEvents, {1, 2, 3}), DropReason::undecodable);
}

TEST(Transcoder, ALongOpusPacketOf120MillisecondsBecomesSixOfG711) {
  Conversation talk{VoiceCodec::opus, VoiceCodec::pcma};
  auto packets = talk.packets(2, 3 * kFrame);
  // Two frames of 60 ms in one packet, code 1 when they are equally long (RFC 6716 3.2.3): one of them twice.
  auto& [header, payload] = packets[0];
  const std::vector<std::uint8_t> frame(payload.begin() + 1, payload.end());
  payload[0] = static_cast<std::uint8_t>((payload[0] & 0xFC) | 1);
  payload.insert(payload.end(), frame.begin(), frame.end());
  EXPECT_EQ(talk.send(packets[0]), DropReason::transcoded);
  EXPECT_EQ(talk.heard.size(), 6U);
}

TEST(Transcoder, AClockThatJumpsIsFollowedByTheTimeThatHasPassed) {
  Conversation talk{VoiceCodec::opus, VoiceCodec::pcma};
  talk.talk(10);
  talk.timestamp += 0x4000'0000;
  talk.talk(10);
  ASSERT_EQ(talk.heard.size(), 20U);
  expectOneStream(talk.heard);
  EXPECT_LE(talk.heard[10].header.timestamp - talk.heard[9].header.timestamp, 2 * 160U);
}

TEST(Transcoder, AnotherAgreementGoesOnInTheSameStream) {
  Conversation talk{VoiceCodec::pcma, VoiceCodec::opus};
  talk.talk(5);
  auto config = configOf(VoiceCodec::pcma, VoiceCodec::opus, 40ms);
  config.random = 1;
  ASSERT_TRUE(talk.transcoder->configure(config));
  talk.talk(10);
  EXPECT_EQ(talk.heard.size(), 10U);
  expectOneStream(talk.heard);
}

TEST(Transcoder, TheAudioOfTwoCodecsFromOneSideIsTaken) {
  auto config = configOf(VoiceCodec::opus, VoiceCodec::pcmu);
  config.from.push_back({kPcma, VoiceCodec::pcma});
  Conversation talk{VoiceCodec::opus, VoiceCodec::pcmu};
  ASSERT_TRUE(talk.transcoder->configure(config));
  talk.talk(10);
  for (unsigned i = 0; i < 10; ++i) {
    EXPECT_EQ(talk.send({talk.header(kPcma), std::vector<std::uint8_t>(kFrame, 0xD5)}), DropReason::transcoded);
    talk.timestamp += kFrame;
  }
  EXPECT_EQ(talk.heard.size(), 20U);
  expectOneStream(talk.heard);
}

}  // namespace
}  // namespace sallyport::media
