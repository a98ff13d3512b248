// SPDX-License-Identifier: Apache-2.0
#include "media/quality.h"

#include <algorithm>
#include <cmath>

namespace sallyport::media {
namespace {

using Seconds = std::chrono::duration<double>;

// RFC 3550 A.1: a longer jump forward is a sender that starts over, not loss.
constexpr int kMaxDropout = 3'000;
constexpr int kSeenSpan = 64;
constexpr std::uint64_t kFirstCycle = 65'536;  // of sequence numbers, so that none before the first is negative
// Two clocks that disagree by more than this have nothing to do with each other: a new timestamp base.
constexpr double kUnrelatedSeconds = 10;

std::chrono::microseconds micros(double seconds) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Seconds{seconds});
}

// Equipment impairment and packet-loss robustness. G.711: ITU-T G.113 Appendix I, with the concealment that
// every receiver has. For Opus no planning values are published on this scale: taken as unimpaired and a
// little less robust than G.711 with concealment, since one packet often carries more than 20 ms of model
// state. Anything else is rated as G.711 without concealment.
struct Impairment {
  double ie;
  double bpl;
  double packet_ms;
  double look_ahead_ms;
};

constexpr Impairment impairmentOf(AudioCodec codec) {
  switch (codec) {
    case AudioCodec::pcmu:
    case AudioCodec::pcma: return {0, 25.1, 20, 0};
    case AudioCodec::opus: return {0, 20, 20, 6.5};
    case AudioCodec::other: break;
  }
  return {0, 4.3, 20, 0};
}

constexpr double kDefaultRating = 93.2;  // R0 - Is with G.107's default values

double delayImpairment(double one_way_ms) {
  const double beyond = std::max(0.0, one_way_ms - 177.3);
  return 0.024 * one_way_ms + 0.11 * beyond;
}

// G.107 Annex B.
double mosOf(double r) {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return std::clamp(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1.0, 4.5);
}

}  // namespace

double StreamFigures::burstRatio() const {
  if (loss_bursts == 0 || expected == 0) return 1;
  const double mean_burst = static_cast<double>(lost) / static_cast<double>(loss_bursts);
  const double random_mean = 1 / std::max(1e-6, 1 - lossPercent() / 100);
  return std::max(1.0, mean_burst / random_mean);
}

void StreamQuality::onPacket(const RtpHeader& header, const AudioFormat& format, TimePoint now) {
  const int ahead = static_cast<std::int16_t>(header.sequence - static_cast<std::uint16_t>(highest_));
  if (!started_ || header.ssrc != ssrc_ || ahead > kMaxDropout) {
    startStream(header);
  } else {
    followSequence(ahead);
  }
  followTransit(header, format, now);
}

void StreamQuality::startStream(const RtpHeader& header) {
  total_ = figures();
  ++total_.streams;
  started_ = true;
  ssrc_ = header.ssrc;
  base_ = highest_ = kFirstCycle + header.sequence;
  stream_received_ = 1;
  seen_ = 1;
  last_timestamp_.reset();
}

void StreamQuality::followSequence(int ahead) {
  if (ahead > 0) {
    const auto missing = static_cast<std::uint64_t>(ahead) - 1;
    if (missing > 0) {
      ++total_.loss_bursts;
      total_.longest_burst = std::max(total_.longest_burst, missing);
    }
    highest_ += static_cast<std::uint64_t>(ahead);
    seen_ = ahead < kSeenSpan ? seen_ << ahead | 1 : 1;
    ++stream_received_;
    return;
  }
  const auto behind = -ahead;
  const auto bit = behind < kSeenSpan ? std::uint64_t{1} << behind : 0;
  if ((seen_ & bit) != 0) {
    ++total_.duplicated;
    return;
  }
  seen_ |= bit;
  ++total_.reordered;
  ++stream_received_;
}

// RFC 3550 6.4.1 and A.8. Only formats that are rated: telephone events repeat one timestamp (RFC 4733).
void StreamQuality::followTransit(const RtpHeader& header, const AudioFormat& format, TimePoint now) {
  if (format.codec == AudioCodec::other || format.clock_rate == 0) return;
  const bool comparable = last_timestamp_ && clock_rate_ == format.clock_rate;
  if (comparable && *last_timestamp_ != header.timestamp) {
    const double sent = static_cast<double>(static_cast<std::int32_t>(header.timestamp - *last_timestamp_)) /
                        static_cast<double>(clock_rate_);
    const double difference = std::abs(Seconds{now - last_arrival_}.count() - sent);
    if (difference < kUnrelatedSeconds) {
      jitter_seconds_ += (difference - jitter_seconds_) / 16;
      worst_jitter_seconds_ = std::max(worst_jitter_seconds_, jitter_seconds_);
    }
  }
  clock_rate_ = format.clock_rate;
  last_timestamp_ = header.timestamp;
  last_arrival_ = now;
}

StreamFigures StreamQuality::figures() const {
  auto figures = total_;
  if (started_) {
    const auto expected = highest_ - base_ + 1;
    figures.received += stream_received_;
    figures.expected += expected;
    figures.lost += expected > stream_received_ ? expected - stream_received_ : 0;
    figures.ssrc = ssrc_;
    figures.highest = static_cast<std::uint32_t>(highest_ - kFirstCycle);
  }
  figures.jitter = micros(jitter_seconds_);
  figures.worst_jitter = micros(worst_jitter_seconds_);
  return figures;
}

std::optional<Rating> rate(const StreamFigures& figures, AudioCodec codec,
                           std::optional<std::chrono::microseconds> round_trip) {
  if (figures.received == 0) return std::nullopt;
  const auto impairment = impairmentOf(codec);
  const auto ms = [](std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1'000; };
  const double network_ms = round_trip ? ms(*round_trip) / 2 : 0;
  const double delay_ms = network_ms + impairment.packet_ms + impairment.look_ahead_ms + 2 * ms(figures.jitter);
  const double loss = figures.lossPercent();
  const double effective =
      impairment.ie + (95 - impairment.ie) * (loss == 0 ? 0 : loss / (loss / figures.burstRatio() + impairment.bpl));
  const double r = std::clamp(kDefaultRating - delayImpairment(delay_ms) - effective, 0.0, 100.0);
  return Rating{r, mosOf(r)};
}

std::string_view toString(AudioCodec codec) {
  switch (codec) {
    case AudioCodec::pcmu: return "PCMU";
    case AudioCodec::pcma: return "PCMA";
    case AudioCodec::opus: return "opus";
    case AudioCodec::other: break;
  }
  return "other";
}

}  // namespace sallyport::media
