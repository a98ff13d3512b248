// SPDX-License-Identifier: Apache-2.0
// A transcoder that changes the packets of G.711 and nothing else.
#include <gtest/gtest.h>

#include <algorithm>

#include "media/srtp.h"
#include "media/transcoder.h"

namespace sallyport::media {
namespace {

using namespace std::chrono_literals;
using audio::VoiceCodec;

constexpr std::uint8_t kPcmu = 0, kPcma = 8, kNoise = 13, kEvents = 101, kTheirEvents = 96;
constexpr std::size_t kMillisecond = 8;  // octets
using Octets = std::vector<std::uint8_t>;

TranscodingConfig configOf(std::chrono::milliseconds packet) {
  TranscodingConfig config;
  config.from = {{kPcmu, VoiceCodec::pcmu}, {kPcma, VoiceCodec::pcma}};
  config.events_from = {{kEvents, 8'000}};
  config.to = {kPcmu, VoiceCodec::pcmu};
  config.events_to = TranscodingConfig::Events{kTheirEvents, 8'000};
  config.packet = packet;
  config.random = 0x123456789ABCDEF0;
  config.crossing = {{kPcmu, kPcmu}, {kPcma, kPcma}, {kNoise, kNoise}};
  return config;
}

// What is said is every octet there is, 0x7F of the two zeros of mu-law among them, so that each has its place.
class Repacketising : public testing::Test {
 protected:
  struct Packet {
    RtpHeader header;
    Octets payload;
  };

  void open(std::chrono::milliseconds packet) { transcoder_ = *Transcoder::create(configOf(packet)); }
  Packet voice(std::chrono::milliseconds length, std::uint8_t payload_type = kPcmu) {
    Packet packet{headerOf(payload_type), {}};
    for (std::size_t i = 0; i < static_cast<std::size_t>(length.count()) * kMillisecond; ++i)
      packet.payload.push_back(static_cast<std::uint8_t>(position_++ * 37));
    timestamp_ += static_cast<std::uint32_t>(packet.payload.size());
    return packet;
  }
  RtpHeader headerOf(std::uint8_t payload_type) {
    RtpHeader header;
    header.payload_type = payload_type;
    header.sequence = sequence_++;
    header.timestamp = timestamp_;
    header.ssrc = 7;
    return header;
  }
  void pause(std::chrono::milliseconds time) {
    timestamp_ += static_cast<std::uint32_t>(static_cast<std::size_t>(time.count()) * kMillisecond);
    now_ += time;
  }
  DropReason send(const Packet& packet) {
    const auto reason = transcoder_->push(packet.header, packet.payload, now_);
    now_ += 20ms;
    std::array<std::uint8_t, kLongestPacket> buffer{};
    while (const auto length = transcoder_->next(buffer)) {
      const auto bytes = Bytes{buffer}.first(length);
      const auto header = *parseRtpHeader(bytes);
      const auto payload = *payloadOf(bytes, header);
      heard_.push_back({header, {payload.begin(), payload.end()}});
    }
    return reason;
  }
  // Says so many packets and keeps what was said.
  void say(std::size_t count, std::chrono::milliseconds length) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto packet = voice(length);
      said_.insert(said_.end(), packet.payload.begin(), packet.payload.end());
      ASSERT_EQ(send(packet), DropReason::transcoded);
    }
  }
  Octets heardInAll() const {
    Octets all;
    for (const auto& packet : heard_) all.insert(all.end(), packet.payload.begin(), packet.payload.end());
    return all;
  }
  void expectOneStreamOf(std::chrono::milliseconds length) const {
    const auto octets = static_cast<std::uint32_t>(length.count()) * kMillisecond;
    for (std::size_t i = 0; i < heard_.size(); ++i) {
      EXPECT_EQ(heard_[i].payload.size(), octets);
      EXPECT_EQ(heard_[i].header.ssrc, transcoder_->ssrc());
      EXPECT_EQ(heard_[i].header.marker, i == 0);
      if (i == 0) continue;
      EXPECT_EQ(heard_[i].header.sequence, static_cast<std::uint16_t>(heard_[i - 1].header.sequence + 1));
      EXPECT_EQ(heard_[i].header.timestamp, heard_[i - 1].header.timestamp + octets);
    }
  }

  std::unique_ptr<Transcoder> transcoder_;
  std::vector<Packet> heard_;
  Octets said_;
  std::uint16_t sequence_ = 65'530;
  std::uint32_t timestamp_ = 0xFFFF'FE00;
  TimePoint now_{1h};

 private:
  std::size_t position_ = 0;
};

TEST_F(Repacketising, JoinsAndCutsWithoutChangingAnOctet) {
  for (const auto& [from, to] : std::vector<std::pair<std::chrono::milliseconds, std::chrono::milliseconds>>{
           {20ms, 30ms}, {30ms, 20ms}, {20ms, 60ms}, {60ms, 20ms}, {10ms, 20ms}, {20ms, 10ms}, {120ms, 50ms}}) {
    open(to);
    heard_.clear();
    said_.clear();
    say(300ms / from * 2, from);
    const auto whole = said_.size() / (static_cast<std::size_t>(to.count()) * kMillisecond);
    ASSERT_EQ(heard_.size(), whole) << from.count() << " to " << to.count();
    said_.resize(whole * static_cast<std::size_t>(to.count()) * kMillisecond);
    EXPECT_EQ(heardInAll(), said_) << from.count() << " to " << to.count();
    expectOneStreamOf(to);
    ASSERT_TRUE(transcoder_->figures().repacketised);
    EXPECT_EQ(transcoder_->figures().repacketised->from, from);
    EXPECT_EQ(transcoder_->figures().repacketised->to, to);
    EXPECT_EQ(transcoder_->figures().packets, whole);
  }
}

TEST_F(Repacketising, BeginsWithTheFirstVoiceOfAnotherLengthAndThenTakesAll) {
  open(20ms);
  EXPECT_FALSE(transcoder_->claims(kPcmu, 160));
  EXPECT_FALSE(transcoder_->claims(kEvents, 4));
  EXPECT_FALSE(transcoder_->claims(kNoise, 1));
  EXPECT_TRUE(transcoder_->claims(kPcmu, 240));
  EXPECT_FALSE(transcoder_->began());
  say(1, 30ms);
  EXPECT_TRUE(transcoder_->began());
  EXPECT_TRUE(transcoder_->claims(kPcmu, 160) && transcoder_->claims(kEvents, 4) && transcoder_->claims(kNoise, 1));
  EXPECT_FALSE(transcoder_->claims(111, 40)) << "what it cannot change goes on as it came";
}

TEST_F(Repacketising, TwoPacketsThatChangedPlacesArePutRight) {
  open(40ms);
  say(4, 20ms);
  const auto first = voice(20ms), second = voice(20ms);
  for (const auto* packet : {&first, &second})
    said_.insert(said_.end(), packet->payload.begin(), packet->payload.end());
  EXPECT_EQ(send(second), DropReason::transcoded);
  EXPECT_EQ(send(first), DropReason::transcoded);
  say(2, 20ms);
  EXPECT_EQ(heardInAll(), said_);
  EXPECT_EQ(transcoder_->figures().reordered, 1U);
  EXPECT_EQ(transcoder_->figures().concealed, 0U);
}

TEST_F(Repacketising, ALossKeepsItsPlaceAndWhatComesBehindItIsExact) {
  open(30ms);
  say(3, 20ms);
  (void)voice(20ms);
  const auto behind = voice(20ms);
  EXPECT_EQ(send(behind), DropReason::transcoded);
  const auto next = voice(20ms);
  EXPECT_EQ(send(next), DropReason::transcoded);
  ASSERT_EQ(heard_.size(), 4U);
  expectOneStreamOf(30ms);
  EXPECT_EQ(transcoder_->figures().concealed, 1U);
  const auto all = heardInAll();
  EXPECT_TRUE(std::equal(said_.begin(), said_.end(), all.begin()));
  EXPECT_TRUE(std::equal(behind.payload.begin(), behind.payload.end(), all.begin() + 80 * kMillisecond));
}

TEST_F(Repacketising, NoMoreThanTheUsualTimeIsMadeUp) {
  open(40ms);
  say(2, 20ms);
  for (int i = 0; i < 10; ++i) (void)voice(20ms);
  for (int i = 0; i < 3; ++i) (void)send(voice(20ms));
  ASSERT_EQ(heard_.size(), 4U);  // 40 ms, then 60 ms and 60 ms behind what is left out
  EXPECT_EQ(heard_[1].header.timestamp, heard_[0].header.timestamp + (40 + 140) * kMillisecond);
  EXPECT_TRUE(heard_[1].header.marker);
}

TEST_F(Repacketising, ATalkSpurtBeginsWithItsMarkerAtItsTime) {
  open(40ms);
  say(2, 20ms);
  pause(500ms);
  auto spurt = voice(20ms);
  spurt.header.marker = true;
  EXPECT_EQ(send(spurt), DropReason::transcoded);
  const auto rest = voice(20ms);
  EXPECT_EQ(send(rest), DropReason::transcoded);
  ASSERT_EQ(heard_.size(), 2U);
  EXPECT_EQ(heard_[1].header.timestamp, heard_[0].header.timestamp + 540 * kMillisecond);
  EXPECT_TRUE(heard_[1].header.marker);
  EXPECT_TRUE(std::equal(spurt.payload.begin(), spurt.payload.end(), heard_[1].payload.begin()));
}

TEST_F(Repacketising, AnEventCrossesInTheSameStream) {
  open(40ms);
  say(2, 20ms);
  auto event = Packet{headerOf(kEvents), {5, 0x0A, 0, 160}};
  event.header.marker = true;
  EXPECT_EQ(send(event), DropReason::transcoded);
  event.header.sequence = sequence_++;
  event.payload = {5, 0x8A, 1, 64};
  EXPECT_EQ(send(event), DropReason::transcoded);
  ASSERT_EQ(heard_.size(), 3U);
  for (const std::size_t i : {1, 2}) {
    EXPECT_EQ(heard_[i].header.payload_type, kTheirEvents);
    EXPECT_EQ(heard_[i].header.timestamp, heard_[0].header.timestamp + 40 * kMillisecond);
    EXPECT_EQ(heard_[i].header.marker, i == 1);
    EXPECT_EQ(heard_[i].header.sequence, static_cast<std::uint16_t>(heard_[0].header.sequence + i));
  }
  EXPECT_EQ(heard_[2].payload, event.payload);
}

TEST_F(Repacketising, ComfortNoiseGoesOnAsItCameAtItsTime) {
  open(40ms);
  say(2, 20ms);
  pause(100ms);
  const Packet noise{headerOf(kNoise), {0x40, 0x10, 0x20}};
  EXPECT_EQ(send(noise), DropReason::transcoded);
  ASSERT_EQ(heard_.size(), 2U);
  EXPECT_EQ(heard_[1].header.payload_type, kNoise);
  EXPECT_EQ(heard_[1].payload, noise.payload);
  EXPECT_EQ(heard_[1].header.timestamp, heard_[0].header.timestamp + 140 * kMillisecond);
  EXPECT_EQ(send({headerOf(kNoise), {}}), DropReason::undecodable);
  EXPECT_EQ(send({headerOf(kNoise), Octets(33)}), DropReason::undecodable);
}

TEST_F(Repacketising, ASenderThatGoesOnInItsOtherCodecIsHeardInThat) {
  open(40ms);
  say(3, 20ms);
  const auto first = voice(20ms, kPcma), second = voice(20ms, kPcma);
  EXPECT_EQ(send(first), DropReason::transcoded);
  EXPECT_EQ(send(second), DropReason::transcoded);
  ASSERT_EQ(heard_.size(), 2U);
  EXPECT_EQ(heard_[0].header.payload_type, kPcmu);
  EXPECT_EQ(heard_[1].header.payload_type, kPcma);
  EXPECT_EQ(heard_[1].header.timestamp, heard_[0].header.timestamp + 60 * kMillisecond);
  auto both = first.payload;
  both.insert(both.end(), second.payload.begin(), second.payload.end());
  EXPECT_EQ(heard_[1].payload, both);
}

TEST_F(Repacketising, APayloadThatIsNoneIsRefused) {
  open(20ms);
  say(1, 30ms);
  EXPECT_EQ(send({headerOf(111), Octets(40)}), DropReason::payloadTypeRefused);
  open(20ms);
  EXPECT_EQ(send({headerOf(kPcmu), {}}), DropReason::undecodable);
  open(20ms);
  EXPECT_EQ(send({headerOf(kPcmu), Octets(961)}), DropReason::undecodable);
}

TEST_F(Repacketising, AnotherAgreementOnTheSameCodecsLosesNothing) {
  open(40ms);
  say(3, 20ms);
  ASSERT_TRUE(transcoder_->configure(configOf(30ms)));
  say(3, 20ms);
  EXPECT_EQ(heard_.back().payload.size(), 30 * kMillisecond);
  EXPECT_EQ(heardInAll(), Octets(said_.begin(), said_.begin() + 100 * kMillisecond));
}

TEST_F(Repacketising, WhatTurnsIntoTranscodingGoesOnInTheSameStream) {
  open(40ms);
  say(3, 20ms);
  auto config = configOf(20ms);
  config.crossing.clear();
  config.from = {{kPcmu, VoiceCodec::pcmu}};
  config.to = {kPcma, VoiceCodec::pcma};
  ASSERT_TRUE(transcoder_->configure(config));
  EXPECT_FALSE(transcoder_->figures().repacketised);
  say(1, 20ms);
  ASSERT_EQ(heard_.size(), 2U);
  EXPECT_EQ(heard_[1].header.payload_type, kPcma);
  EXPECT_EQ(heard_[1].header.ssrc, heard_[0].header.ssrc);
  EXPECT_EQ(heard_[1].header.sequence, static_cast<std::uint16_t>(heard_[0].header.sequence + 1));
}

}  // namespace
}  // namespace sallyport::media
