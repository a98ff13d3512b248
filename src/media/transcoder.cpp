// SPDX-License-Identifier: Apache-2.0
#include "media/transcoder.h"

#include <algorithm>
#include <utility>

#include "audio/g711_codec.h"
#include "audio/opus_codec.h"
#include "media/srtp.h"

namespace sallyport::media {
namespace {

using audio::VoiceCodec;

constexpr unsigned kRate = 8'000;
constexpr std::int64_t kSamplesPerMillisecond = kRate / 1'000;
constexpr std::int64_t kOpusStep = kRate / 400;  // 2.5 ms, the grain of its concealment
constexpr int kFurthestBehind = 1'000;           // older sequence numbers are a sender that began anew
constexpr int kFurthestAhead = 1'000;
constexpr unsigned kUsualLoss = 5;    // percent, until reports tell
constexpr std::size_t kRoom = 4'096;  // samples: two packets of 120 ms, concealment and what was left

// A length that the codec has: Opus no 30 and 50 ms (RFC 6716 2.1.4).
std::chrono::milliseconds packetTime(std::chrono::milliseconds wanted, VoiceCodec codec) {
  auto tens = std::clamp<std::int64_t>(wanted.count() / 10, 1, 6);
  if (codec == VoiceCodec::opus && (tens == 3 || tens == 5)) --tens;
  return std::chrono::milliseconds{tens * 10};
}

audio::Companding lawOf(VoiceCodec codec) {
  return codec == VoiceCodec::pcma ? audio::Companding::aLaw : audio::Companding::muLaw;
}

int distance(std::uint16_t from, std::uint16_t to) { return static_cast<std::int16_t>(to - from); }

}  // namespace

Transcoder::Transcoder(std::uint64_t random)
    : ssrc_(static_cast<std::uint32_t>(random)),
      sequence_(static_cast<std::uint16_t>(random >> 49)),  // below 2^15: no wrap soon
      first_timestamp_(static_cast<std::uint32_t>(random >> 17)) {
  pcm_.reserve(kRoom);
  held_payload_.reserve(kLongestPacket);
}

Result<std::unique_ptr<Transcoder>> Transcoder::create(const TranscodingConfig& config) {
  std::unique_ptr<Transcoder> transcoder{new Transcoder(config.random)};
  SP_TRY(transcoder->configure(config));
  return transcoder;
}

Result<Transcoder::Codecs> Transcoder::codecsOf(const TranscodingConfig& config) {
  Codecs codecs;
  constexpr auto kOctets = audio::G711Samples::octets;
  for (const auto& voice : config.from) {
    if (config.repacketises()) {
      codecs.inputs.push_back({voice.payload_type, voice.codec, audio::makeG711Decoder(lawOf(voice.codec), kOctets)});
      continue;
    }
    SP_ASSIGN(auto decoder, audio::VoiceDecoder::create(voice.codec, kRate));
    codecs.inputs.push_back({voice.payload_type, voice.codec, std::move(decoder)});
  }
  if (config.repacketises()) {
    codecs.encoder = audio::makeG711Encoder(lawOf(config.to.codec), kOctets);
    return codecs;
  }
  SP_ASSIGN(codecs.encoder, audio::VoiceEncoder::create(config.to.codec, kRate));
  codecs.encoder->expectLoss(kUsualLoss);
  return codecs;
}

Status Transcoder::configure(const TranscodingConfig& config) {
  const auto same = [](const auto& a, const auto& b) { return a.payload_type == b.payload_type && a.codec == b.codec; };
  const bool kept = codecs_.encoder && same(config.to, config_.to) && config.crossing == config_.crossing &&
                    std::equal(config.from.begin(), config.from.end(), config_.from.begin(), config_.from.end(), same);
  if (!kept) {
    SP_ASSIGN(codecs_, codecsOf(config));
    held_.reset();
    anchored_ = false;
    pcm_.resize(read_);
    payload_type_ = config.to.payload_type;
  }
  config_ = config;
  config_.packet = packetTime(config.packet, config.to.codec);
  figures_.to = config.to.codec;
  figures_.repacketised.reset();
  if (config.repacketises()) figures_.repacketised = {{}, config_.packet};
  return success();
}

Transcoder::Input* Transcoder::inputOf(std::uint8_t payload_type) {
  for (auto& input : codecs_.inputs) {
    if (input.payload_type == payload_type) return &input;
  }
  return nullptr;
}

const TranscodingConfig::Events* Transcoder::eventsOf(std::uint8_t payload_type) const {
  if (!config_.events_to) return nullptr;
  for (const auto& events : config_.events_from) {
    if (events.payload_type == payload_type) return &events;
  }
  return nullptr;
}

std::optional<std::uint8_t> Transcoder::crossingOf(std::uint8_t payload_type) const {
  for (const auto& crossing : config_.crossing) {
    if (crossing.from == payload_type) return crossing.to;
  }
  return std::nullopt;
}

bool Transcoder::isVoice(std::uint8_t payload_type) const {
  return std::any_of(config_.from.begin(), config_.from.end(),
                     [&](const TranscodingConfig::Voice& voice) { return voice.payload_type == payload_type; });
}

bool Transcoder::takes(std::uint8_t payload_type) const {
  return isVoice(payload_type) || eventsOf(payload_type) != nullptr || crossingOf(payload_type);
}

bool Transcoder::claims(std::uint8_t payload_type, std::size_t payload_bytes) const {
  if (!config_.repacketises()) return began_;
  if (began_) return takes(payload_type);
  const auto agreed = static_cast<std::size_t>(config_.packet.count() * kSamplesPerMillisecond);
  return isVoice(payload_type) && payload_bytes != agreed;
}

void Transcoder::expectLoss(unsigned percent) { codecs_.encoder->expectLoss(percent); }

// ------------------------------------------------------------------------------------ what arrives

DropReason Transcoder::push(const RtpHeader& header, Bytes payload, TimePoint now) {
  if (!takes(header.payload_type)) return DropReason::payloadTypeRefused;
  pcm_.erase(pcm_.begin(), pcm_.begin() + static_cast<std::ptrdiff_t>(std::exchange(read_, 0)));

  const int ahead_of_next = distance(next_sequence_, header.sequence);
  const bool another =
      !known_ || header.ssrc != source_ || ahead_of_next < -kFurthestBehind || ahead_of_next > kFurthestAhead;
  if (another) {
    startStream(header);
    return take(header, payload, now);
  }
  if (ahead_of_next < 0 || (held_ && held_->header.sequence == header.sequence)) return DropReason::overtaken;
  if (!held_) return ahead_of_next == 0 ? take(header, payload, now) : hold(header, payload, now);

  // Two at most: the earlier first. The one that was held has waited long enough.
  held_->due = true;
  if (distance(header.sequence, held_->header.sequence) > 0) {
    ++figures_.reordered;
    return take(header, payload, now);
  }
  takeHeld();
  return hold(header, payload, now);
}

void Transcoder::startStream(const RtpHeader& header) {
  known_ = true;
  source_ = header.ssrc;
  next_sequence_ = header.sequence;
  anchored_ = false;
  held_.reset();
  event_timestamp_.reset();
}

DropReason Transcoder::hold(const RtpHeader& header, Bytes payload, TimePoint now) {
  held_ = Held{header, now};
  held_payload_.assign(payload.begin(), payload.end());
  return DropReason::transcoded;
}

void Transcoder::takeHeld() {
  const auto held = *std::exchange(held_, std::nullopt);
  (void)take(held.header, held_payload_, held.arrival);
}

DropReason Transcoder::take(const RtpHeader& header, Bytes payload, TimePoint now) {
  if (auto* input = inputOf(header.payload_type)) return takeVoice(*input, header, payload, now);
  if (const auto* events = eventsOf(header.payload_type)) return takeEvent(*events, header, payload, now);
  return takeNoise(*crossingOf(header.payload_type), header, payload);
}

DropReason Transcoder::takeVoice(Input& input, const RtpHeader& header, Bytes payload, TimePoint now) {
  const auto samples = input.decoder->samplesIn(payload);
  // What cannot be decoded leaves a gap, which the next packet fills like any other.
  if (samples == 0) return DropReason::undecodable;
  turnTo(input);
  follow(input, header, payload, now);
  if (header.marker) marker_ = true;
  if (!input.decoder->decode(payload, pcm_)) {
    input.decoder->conceal(samples, {}, pcm_);
    ++figures_.concealed;
  }
  next_sequence_ = static_cast<std::uint16_t>(header.sequence + 1);
  expected_rate_ = audio::rtpClockRate(input.codec);
  expected_timestamp_ = header.timestamp + static_cast<std::uint32_t>(samples * expected_rate_ / kRate);
  anchored_ = began_ = true;
  last_arrival_ = now;
  last_end_ = end();
  if (figures_.repacketised) figures_.repacketised->from = std::chrono::milliseconds{samples / kSamplesPerMillisecond};
  return DropReason::transcoded;
}

// A sender that goes on in its other codec: octets of one make no packet with those of the other.
void Transcoder::turnTo(const Input& input) {
  const auto as = config_.repacketises() ? *crossingOf(input.payload_type) : config_.to.payload_type;
  if (std::exchange(payload_type_, as) == as) return;
  time_ = end();
  pcm_.resize(read_);
}

// Brings our stream to where this packet begins.
void Transcoder::follow(Input& input, const RtpHeader& header, Bytes payload, TimePoint now) {
  const auto clock_rate = audio::rtpClockRate(input.codec);
  const auto missing = anchored_ ? ahead(header.timestamp, clock_rate) : std::nullopt;
  if (!missing) return leaveOut(std::max<Time>(0, sinceLast(now) - (end() - last_end_)));
  if (*missing <= 0) return;
  if (header.sequence == next_sequence_) return leaveOut(*missing);
  conceal(input, *missing, header, payload);
}

void Transcoder::conceal(Input& input, Time missing, const RtpHeader& header, Bytes next) {
  constexpr Time kMost = kMostConcealed.count() * kSamplesPerMillisecond;
  if (missing > kMost) leaveOut(missing - kMost);
  auto made = std::min(missing, kMost);
  if (input.codec == VoiceCodec::opus) {
    leaveOut(made % kOpusStep);
    made -= made % kOpusStep;
    if (audio::carriesFec(next)) ++figures_.redundancy;
  }
  figures_.concealed += static_cast<std::uint64_t>(distance(next_sequence_, header.sequence));
  if (made > 0) input.decoder->conceal(static_cast<std::size_t>(made), next, pcm_);
}

// Time in which nothing is said. What does not fill a packet before it is too short to be missed.
void Transcoder::leaveOut(Time time) {
  if (time <= 0) return;
  if (time < kSamplesPerMillisecond) return;  // rounding
  time_ = end() + time;
  pcm_.resize(read_);
  marker_ = true;
}

// From what was expected next to this; nothing when the sender's clock has jumped.
std::optional<Transcoder::Time> Transcoder::ahead(std::uint32_t timestamp, std::uint32_t clock_rate) const {
  if (clock_rate != expected_rate_) return std::nullopt;
  const auto units = static_cast<std::int32_t>(timestamp - expected_timestamp_);
  const auto time = Time{units} * kRate / clock_rate;
  constexpr Time kMost = kLongestPause.count() * kSamplesPerMillisecond;
  if (time > kMost || time < -kMost) return std::nullopt;
  return time;
}

Transcoder::Time Transcoder::sinceLast(TimePoint now) const {
  if (!last_arrival_ || now <= *last_arrival_) return 0;
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - *last_arrival_).count() * kSamplesPerMillisecond;
}

// RFC 4733 2.3: event, end bit and volume, duration. All packets of an event carry the timestamp of its beginning.
DropReason Transcoder::takeEvent(const TranscodingConfig::Events& events, const RtpHeader& header, Bytes payload,
                                 TimePoint now) {
  next_sequence_ = static_cast<std::uint16_t>(header.sequence + 1);
  if (payload.size() < 4) return DropReason::undecodable;
  if (!last_arrival_) last_arrival_ = now;
  const bool begins = event_timestamp_ != header.timestamp;
  if (begins) {
    const auto offset = anchored_ ? ahead(header.timestamp, events.clock_rate) : std::nullopt;
    event_timestamp_ = header.timestamp;
    event_started_ = ourTimestamp(offset ? end() + *offset : last_end_ + sinceLast(now), config_.events_to->clock_rate);
  }
  const std::uint64_t duration = std::uint64_t{loadBe16(&payload[2])} * config_.events_to->clock_rate;
  const auto ours = static_cast<std::uint16_t>(std::min<std::uint64_t>(duration / events.clock_rate, 0xFFFF));
  Passed event;
  event.header.payload_type = config_.events_to->payload_type;
  event.header.timestamp = event_started_;
  event.header.marker = begins;
  event.payload = {payload[0], payload[1], static_cast<std::uint8_t>(ours >> 8), static_cast<std::uint8_t>(ours)};
  event.length = 4;
  passed_ = event;
  return DropReason::transcoded;
}

// RFC 3389 4: it stands for the time from its timestamp on, until voice comes again.
DropReason Transcoder::takeNoise(std::uint8_t as, const RtpHeader& header, Bytes payload) {
  next_sequence_ = static_cast<std::uint16_t>(header.sequence + 1);
  if (payload.empty() || payload.size() > kLongestPassed) return DropReason::undecodable;
  const auto offset = anchored_ ? ahead(header.timestamp, kRate) : std::nullopt;
  Passed noise;
  noise.header.payload_type = as;
  noise.header.timestamp = ourTimestamp(end() + offset.value_or(0), kRate);
  std::copy(payload.begin(), payload.end(), noise.payload.begin());
  noise.length = payload.size();
  passed_ = noise;
  return DropReason::transcoded;
}

// -------------------------------------------------------------------------------------- what leaves

std::uint32_t Transcoder::ourTimestamp(Time time, std::uint32_t clock_rate) const {
  return first_timestamp_ + static_cast<std::uint32_t>(time * (clock_rate / kRate));
}

std::size_t Transcoder::next(MutableBytes buffer) {
  const auto frame = static_cast<std::size_t>(config_.packet.count() * kSamplesPerMillisecond);
  RtpHeader header;
  if (pcm_.size() - read_ >= frame) {
    const auto payload = codecs_.encoder->encode(audio::Samples{pcm_}.subspan(read_, frame));
    header.payload_type = payload_type_;
    header.timestamp = ourTimestamp(time_, audio::rtpClockRate(config_.to.codec));
    header.marker = std::exchange(marker_, false);
    read_ += frame;
    time_ += static_cast<Time>(frame);
    return payload ? write(buffer, header, *payload) : 0;
  }
  if (passed_) {
    const auto passed = *std::exchange(passed_, std::nullopt);
    return write(buffer, passed.header, Bytes{passed.payload}.first(passed.length));
  }
  if (!mayTakeHeld()) return 0;
  takeHeld();
  return next(buffer);
}

std::size_t Transcoder::write(MutableBytes buffer, RtpHeader header, Bytes payload) {
  const auto length = kRtpFixedHeaderBytes + payload.size();
  if (buffer.size() < length) return 0;
  header.ssrc = ssrc_;
  header.sequence = sequence_++;
  writeRtpHeader(buffer.first<kRtpFixedHeaderBytes>(), header);
  std::copy(payload.begin(), payload.end(), buffer.begin() + kRtpFixedHeaderBytes);
  ++figures_.packets;
  return length;
}

}  // namespace sallyport::media
