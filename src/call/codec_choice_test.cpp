// SPDX-License-Identifier: Apache-2.0
#include "call/codec_choice.h"

#include <gmock/gmock.h>

#include "call/transcoding_slots.h"

namespace sallyport::call {
namespace {

using sdp::Codec;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const sdp::CodecFormat kOpus{96, Codec::opus, 48'000, 2, ""};
const sdp::CodecFormat kPcmu{0, Codec::pcmu, 8'000, 1, ""};
const sdp::CodecFormat kPcma{8, Codec::pcma, 8'000, 1, ""};
const sdp::CodecFormat kNoise{13, Codec::comfortNoise, 8'000, 1, ""};
const sdp::CodecFormat kEvents{101, Codec::telephoneEvent, 8'000, 1, "0-15"};
const sdp::CodecFormat kWideEvents{102, Codec::telephoneEvent, 48'000, 1, "0-15"};
using Formats = std::vector<sdp::CodecFormat>;

sdp::MediaPolicy having(std::vector<Codec> voice) {
  sdp::MediaPolicy policy;
  policy.codecs = std::move(voice);
  policy.codecs.push_back(Codec::telephoneEvent);
  policy.codecs.push_back(Codec::comfortNoise);
  return policy;
}

std::vector<std::string> namesOf(const Formats& formats) {
  std::vector<std::string> names;
  for (const auto& format : formats) {
    names.push_back(std::to_string(format.payload_type) + " " + std::string{sdp::toString(format.codec)} + "/" +
                    std::to_string(format.clock_rate));
  }
  return names;
}

TEST(CodecChoice, WhatTheCallerHasIsOfferedFirstAndThenWhatCanBeMadeOfIt) {
  const auto offered =
      formatsToOffer(Formats{kPcmu, kEvents}, having({Codec::opus, Codec::pcma, Codec::pcmu}), Transcoding::allowed);
  EXPECT_THAT(namesOf(offered), ElementsAre("0 PCMU/8000", "101 telephone-event/8000", "96 opus/48000", "8 PCMA/8000",
                                            "102 telephone-event/48000"));
}

TEST(CodecChoice, WithoutTranscodingOnlyWhatBothHaveIsOffered) {
  const auto policy = having({Codec::opus, Codec::pcma});
  EXPECT_THAT(namesOf(formatsToOffer(Formats{kPcma, kPcmu}, policy, Transcoding::refused)), ElementsAre("8 PCMA/8000"));
  EXPECT_THAT(formatsToOffer(Formats{kPcmu}, policy, Transcoding::refused), IsEmpty());
}

TEST(CodecChoice, ACallerWithoutEventsBringsNoneIntoTheOffer) {
  const auto offered = formatsToOffer(Formats{kPcmu}, having({Codec::opus}), Transcoding::allowed);
  EXPECT_THAT(namesOf(offered), ElementsAre("96 opus/48000"));
}

TEST(CodecChoice, NumbersThatTheCallerHasTakenAreNotUsedTwice) {
  auto events = kEvents;
  events.payload_type = 96;
  const auto offered = formatsToOffer(Formats{kPcmu, events}, having({Codec::pcmu, Codec::opus}), Transcoding::allowed);
  EXPECT_THAT(namesOf(offered),
              ElementsAre("0 PCMU/8000", "96 telephone-event/8000", "97 opus/48000", "102 telephone-event/48000"));
}

TEST(CodecChoice, AnOpeningOfferBeginsWithWhatBothPoliciesHave) {
  const auto callee = having({Codec::opus, Codec::pcma}), caller = having({Codec::pcma});
  const auto voice = [&](Transcoding transcoding) {
    std::vector<Codec> codecs;
    for (const auto& format : formatsToOpenWith(callee, caller, transcoding)) {
      if (sdp::carriesVoice(format.codec)) codecs.push_back(format.codec);
    }
    return codecs;
  };
  EXPECT_THAT(voice(Transcoding::allowed), ElementsAre(Codec::pcma, Codec::opus));
  EXPECT_THAT(voice(Transcoding::refused), ElementsAre(Codec::pcma));
}

TEST(CodecChoice, AnOfferIsAnsweredWithWhatTheOtherSideTook) {
  const Formats offer{kOpus, kPcmu, kNoise, kEvents};
  const auto answer = formatsToAnswer(offer, Formats{kPcmu, kEvents}, Events::passedOn, Transcoding::allowed);
  EXPECT_THAT(namesOf(answer), ElementsAre("0 PCMU/8000", "101 telephone-event/8000"));
}

TEST(CodecChoice, WhereNothingIsSharedTheOfferIsAnsweredWithItsFirstVoiceAndEventsOfItsClock) {
  const Formats offer{kNoise, kPcmu, kPcma, kEvents, kWideEvents};
  const auto answer = formatsToAnswer(offer, Formats{kOpus, kWideEvents}, Events::passedOn, Transcoding::allowed);
  EXPECT_THAT(namesOf(answer), ElementsAre("0 PCMU/8000", "101 telephone-event/8000"));
  EXPECT_THAT(formatsToAnswer(offer, Formats{kOpus}, Events::passedOn, Transcoding::refused), IsEmpty());
}

TEST(CodecChoice, EventsAreNotAgreedWithOneSideWhenTheOtherHasNoneUnlessTheyAreSignalled) {
  const Formats offer{kPcmu, kEvents};
  EXPECT_THAT(namesOf(formatsToAnswer(offer, Formats{kOpus}, Events::passedOn, Transcoding::allowed)),
              ElementsAre("0 PCMU/8000"));
  EXPECT_EQ(formatsToAnswer(offer, Formats{kOpus}, Events::ours, Transcoding::allowed).size(), 2U);
}

TEST(CodecChoice, NothingIsTranscodedForOneWhoTakesAllThatMayCome) {
  EXPECT_FALSE(transcodingOf(Formats{kPcmu, kEvents, kNoise}, Formats{kPcmu, kOpus}));
}

TEST(CodecChoice, WhatIsTranscodedGoesToTheFirstVoiceOfTheOtherSideWithItsNumbers) {
  const auto config = transcodingOf(Formats{kPcmu, kEvents}, Formats{kOpus, kPcma, kEvents, kWideEvents});
  ASSERT_TRUE(config);
  ASSERT_EQ(config->from.size(), 1U);
  EXPECT_EQ(config->from[0].codec, audio::VoiceCodec::pcmu);
  EXPECT_EQ(config->to.codec, audio::VoiceCodec::opus);
  EXPECT_EQ(config->to.payload_type, 96);
  ASSERT_TRUE(config->events_to);
  EXPECT_EQ(config->events_to->payload_type, 102);
}

TEST(CodecChoice, OtherPacketsAreMadeOfTheG711ThatBothHaveUnderTheNumbersOfTheOtherSide) {
  auto their_noise = kNoise, their_events = kEvents;
  their_events.payload_type = 96;
  const auto config =
      repacketisingOf(Formats{kOpus, kPcma, kPcmu, kNoise, kEvents}, Formats{kPcma, kOpus, their_noise, their_events});
  ASSERT_TRUE(config);
  ASSERT_EQ(config->from.size(), 1U);
  EXPECT_EQ(config->from[0].codec, audio::VoiceCodec::pcma);
  EXPECT_EQ(config->to.codec, audio::VoiceCodec::pcma);
  using Crossing = media::TranscodingConfig::Crossing;
  EXPECT_THAT(config->crossing, ElementsAre(Crossing{8, 8}, Crossing{13, 13}));
  ASSERT_EQ(config->events_from.size(), 1U);
  EXPECT_EQ(config->events_from[0].payload_type, 101);
  EXPECT_EQ(config->events_to->payload_type, 96);
}

TEST(CodecChoice, OfOpusNoOtherPacketsAreMade) {
  EXPECT_FALSE(repacketisingOf(Formats{kOpus, kWideEvents}, Formats{kOpus, kWideEvents}));
  EXPECT_FALSE(repacketisingOf(Formats{kPcmu, kNoise}, Formats{kPcma, kNoise}));
}

TEST(CodecChoice, WhatASideSendsHasOurNumbersAndWhatItHearsItsOwn) {
  sdp::LocalAudio local;
  local.formats = {kPcmu, kOpus};
  sdp::AudioDescription remote;
  remote.formats = {kOpus, kPcma};
  remote.formats[0].payload_type = 111;
  EXPECT_THAT(namesOf(formatsSent(local, remote)), ElementsAre("96 opus/48000"));
  EXPECT_THAT(namesOf(formatsHeard(local, remote)), ElementsAre("111 opus/48000"));
}

TEST(TranscodingSlots, BeyondTheBoundACallIsRefusedAndCounted) {
  TranscodingSlots slots;
  auto first = slots.take(1);
  ASSERT_TRUE(first);
  EXPECT_FALSE(slots.isFree(1));
  const auto second = slots.take(1);
  ASSERT_FALSE(second);
  EXPECT_STREQ(second.error().code, "media.transcoding.exhausted");
  EXPECT_EQ(slots.inUse(), 1U);
  EXPECT_EQ(slots.counters().refused, 1U);
  *first = {};
  EXPECT_EQ(slots.inUse(), 0U);
  EXPECT_TRUE(slots.take(1));
  EXPECT_EQ(slots.counters().calls, 2U);
}

}  // namespace
}  // namespace sallyport::call
