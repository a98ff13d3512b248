// SPDX-License-Identifier: Apache-2.0
#pragma once
// One direction of a call whose two sides share no voice codec: what one sends is decoded (RFC 7587, RFC 3551) and
// encoded for the other, as a stream of our own whose SSRC, sequence numbers and timestamps go on through losses,
// pauses, holds and other sources. Audio between the two is 8 kHz mono: one end of it is telephony.
//
// There is no jitter buffer; the receiver has one. A packet is decoded when it comes, except that one which has
// overtaken others waits until the next comes, so that two that changed places are put right: it is held for one
// packet interval at most, and only behind a gap. What is missing then is made up for, by the second copy that Opus
// carries (in-band FEC) or by concealment, up to kMostConcealed; what comes later still is dropped. A pause of the
// sender (DTX, hold) stays a pause: the timestamps leave it out and the next packet is marked.
//
// Telephone events cross with the timestamps and durations of the other clock (RFC 4733 2.3); one that lasts longer
// than the other clock's 16 bits is told as that long. Comfort noise (RFC 3389) has no counterpart and is not agreed.
//
// Two sides that share a codec of G.711 and not the packet time are served the same way without a codec: its octets
// are joined and cut into other packets as they are (repacketising), comfort noise between them goes on as it came.
// That begins with the first packet of another length.
//
// Part of a relay side; reads no clock. Beyond the first packets it does not allocate.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "audio/voice_codec.h"
#include "core/bytes.h"
#include "core/clock.h"
#include "core/result.h"
#include "media/drop_reason.h"
#include "media/rtp.h"

namespace sallyport::media {

struct TranscodingConfig {
  struct Voice {
    std::uint8_t payload_type = 0;
    audio::VoiceCodec codec = audio::VoiceCodec::pcmu;
  };
  struct Events {
    std::uint8_t payload_type = 0;
    std::uint32_t clock_rate = 8'000;
  };
  // From one side's number to the other's.
  struct Crossing {
    std::uint8_t from = 0, to = 0;
    friend bool operator==(const Crossing&, const Crossing&) = default;
  };
  std::vector<Voice> from;          // what may arrive
  std::vector<Events> events_from;  // at any of those codecs' rates
  Voice to;
  std::optional<Events> events_to;  // nothing: events go nowhere
  std::chrono::milliseconds packet{20};
  std::uint64_t random = 0;  // where our stream begins; looked at once
  // Not empty: repacketising. All of `from`, which is G.711, keeps its codec and takes these numbers, and so does
  // comfort noise; `to` is the codec that is expected.
  std::vector<Crossing> crossing = {};

  bool repacketises() const { return !crossing.empty(); }
};

struct TranscodingFigures {
  audio::VoiceCodec to = audio::VoiceCodec::pcmu;
  std::uint64_t packets = 0;     // made
  std::uint64_t concealed = 0;   // that never came, or too late
  std::uint64_t redundancy = 0;  // gaps whose next packet had a second copy
  std::uint64_t reordered = 0;   // put right
  // Of repacketised voice: how much the last packet had, and how much the next that leaves has.
  struct PacketTimes {
    std::chrono::milliseconds from{}, to{};
  };
  std::optional<PacketTimes> repacketised = {};
};

class Transcoder {
 public:
  static constexpr std::chrono::milliseconds kMostConcealed{60}, kLongestPause{10'000};
  static constexpr std::size_t kLongestPassed = 32;  // octets of comfort noise: level and 31 coefficients

  // Errors: those of the codecs' create().
  static Result<std::unique_ptr<Transcoder>> create(const TranscodingConfig& config);
  // Another agreement in the same call; our stream goes on. On error nothing has changed.
  Status configure(const TranscodingConfig& config);

  // Whether a packet is push()'s although the other side could have it as it is: one of another length than agreed, and
  // then all, to the other side it is one stream.
  bool claims(std::uint8_t payload_type, std::size_t payload_bytes) const;
  // A packet that arrived, in clear; then next() until it gives nothing. DropReason::transcoded: what comes of it is
  // next()'s; otherwise why it is not taken: payloadTypeRefused, undecodable, overtaken.
  DropReason push(const RtpHeader& header, Bytes payload, TimePoint now);
  // The next packet of our stream, in clear, into a buffer of kLongestPacket; its length, 0 when there is none.
  std::size_t next(MutableBytes buffer);

  // How much of our stream its receiver loses, in percent.
  void expectLoss(unsigned percent);
  bool began() const { return began_; }  // voice was taken
  std::uint32_t ssrc() const { return ssrc_; }
  const TranscodingFigures& figures() const { return figures_; }

 private:
  // Stream time: samples at 8 kHz since our stream began.
  using Time = std::int64_t;
  struct Input {
    std::uint8_t payload_type = 0;
    audio::VoiceCodec codec = audio::VoiceCodec::pcmu;
    std::unique_ptr<audio::VoiceDecoder> decoder;
  };
  struct Codecs {
    std::vector<Input> inputs;
    std::unique_ptr<audio::VoiceEncoder> encoder;
  };
  struct Held {
    RtpHeader header;
    TimePoint arrival{};
    bool due = false;  // has waited for long enough
  };
  // Leaves as it stands here, between voice: an event, comfort noise.
  struct Passed {
    RtpHeader header;
    std::array<std::uint8_t, kLongestPassed> payload{};
    std::size_t length = 0;
  };

  explicit Transcoder(std::uint64_t random);
  static Result<Codecs> codecsOf(const TranscodingConfig& config);
  Input* inputOf(std::uint8_t payload_type);
  const TranscodingConfig::Events* eventsOf(std::uint8_t payload_type) const;
  std::optional<std::uint8_t> crossingOf(std::uint8_t payload_type) const;
  bool isVoice(std::uint8_t payload_type) const;
  bool takes(std::uint8_t payload_type) const;

  DropReason hold(const RtpHeader& header, Bytes payload, TimePoint now);
  void takeHeld();
  bool mayTakeHeld() const { return held_ && (held_->due || held_->header.sequence == next_sequence_); }
  DropReason take(const RtpHeader& header, Bytes payload, TimePoint now);
  DropReason takeVoice(Input& input, const RtpHeader& header, Bytes payload, TimePoint now);
  DropReason takeEvent(const TranscodingConfig::Events& events, const RtpHeader& header, Bytes payload, TimePoint now);
  DropReason takeNoise(std::uint8_t as, const RtpHeader& header, Bytes payload);
  void startStream(const RtpHeader& header);
  void turnTo(const Input& input);
  void follow(Input& input, const RtpHeader& header, Bytes payload, TimePoint now);
  void conceal(Input& input, Time missing, const RtpHeader& header, Bytes next);
  void leaveOut(Time time);
  std::optional<Time> ahead(std::uint32_t timestamp, std::uint32_t clock_rate) const;
  Time sinceLast(TimePoint now) const;
  Time end() const { return time_ + static_cast<Time>(pcm_.size() - read_); }
  std::uint32_t ourTimestamp(Time time, std::uint32_t clock_rate) const;
  std::size_t write(MutableBytes buffer, RtpHeader header, Bytes payload);

  TranscodingConfig config_;
  Codecs codecs_;
  TranscodingFigures figures_;

  // What arrives.
  bool known_ = false;
  bool began_ = false;
  bool anchored_ = false;  // expected_timestamp_ stands for end()
  std::uint32_t source_ = 0;
  std::uint16_t next_sequence_ = 0;
  std::uint32_t expected_timestamp_ = 0, expected_rate_ = 0;
  std::optional<TimePoint> last_arrival_;
  Time last_end_ = 0;  // end() then
  std::optional<Held> held_;
  std::vector<std::uint8_t> held_payload_;
  std::optional<std::uint32_t> event_timestamp_;  // theirs, of the event that is sent
  std::uint32_t event_started_ = 0;               // the same of ours

  // What leaves.
  const std::uint32_t ssrc_;
  std::uint16_t sequence_;
  const std::uint32_t first_timestamp_;
  Time time_ = 0;  // of pcm_[read_]
  std::vector<std::int16_t> pcm_;
  std::size_t read_ = 0;
  bool marker_ = true;
  std::uint8_t payload_type_ = 0;  // of pcm_
  std::optional<Passed> passed_;
};

}  // namespace sallyport::media
