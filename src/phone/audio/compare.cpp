// SPDX-License-Identifier: Apache-2.0
#include "phone/audio/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "phone/audio/correlate.h"
#include "phone/audio/resampler.h"

namespace sallyport::phone {
namespace {

using Lag = std::ptrdiff_t;

constexpr unsigned kSearchRate = 8'000;
constexpr unsigned kFineRate = 48'000;       // a sixteenth of the shortest period that telephone audio has
constexpr std::chrono::minutes kLongest{8};  // what one transform at kSearchRate holds
constexpr std::size_t kFramesPerSegment = 12;
constexpr std::array kReachesMs{1.0, 10.0, 700.0};  // where a segment's shift is looked for, around the last one's
constexpr double kGoodMatch = 0.9;                  // a match this good ends the search
constexpr double kTrusted = 0.7;                    // a segment this alike shows where to look for the next
constexpr double kAudibleShare = 0.0025;            // of the loudest frame's energy (-26 dB)
constexpr double kAudibleLevel = 30;                // RMS below which nothing counts as sound
constexpr double kHeardShare = 0.05;                // of the energy due, below which a frame is missing
constexpr double kHeardLikeness = 0.3;              // likewise

struct Products {
  double pp = 0, hh = 0, ph = 0;

  double likeness() const { return pp > 0 && hh > 0 ? ph / std::sqrt(pp * hh) : 0; }
  Products& operator+=(const Products& other) {
    pp += other.pp;
    hh += other.hh;
    ph += other.ph;
    return *this;
  }
};

// Both recordings at one rate; indices are those of `played`.
struct Pair {
  unsigned rate;
  std::vector<float> played, heard;

  // Energies and inner product of played[begin, end) against heard at `lag`; outside `heard` is silence.
  Products products(std::size_t begin, std::size_t end, Lag lag) const {
    Products sum;
    for (std::size_t i = begin; i < end; ++i) {
      const Lag at = static_cast<Lag>(i) + lag;
      const double p = played[i];
      const double h = at >= 0 && at < static_cast<Lag>(heard.size()) ? heard[static_cast<std::size_t>(at)] : 0.0F;
      sum.pp += p * p;
      sum.hh += h * h;
      sum.ph += p * h;
    }
    return sum;
  }
  Lag lagOf(double milliseconds) const { return static_cast<Lag>(milliseconds * rate / 1'000); }
  double millisecondsOf(Lag lag) const { return static_cast<double>(lag) * 1'000 / rate; }
};

// `rate` is how finely shifts are told apart; what only one of the two could carry is left out.
Pair pairAt(const Pcm& played, const Pcm& heard, unsigned rate) {
  const unsigned band = std::min({played.rate, heard.rate, rate});
  const Pcm p = resampled(resampled(played, band), rate), h = resampled(resampled(heard, band), rate);
  return {rate, {p.samples.begin(), p.samples.end()}, {h.samples.begin(), h.samples.end()}};
}

// The shift of [begin, end) within `reach` of `around` at which the two are most alike. Of equals the nearest
// wins, so that a steady tone does not wander by whole periods.
struct Match {
  Lag lag = 0;
  double likeness = -1;
};
Match bestMatch(const Pair& pair, std::size_t begin, std::size_t end, Lag around, Lag reach) {
  Match best;
  double best_score = -2;
  for (Lag lag = around - reach; lag <= around + reach; ++lag) {
    const double likeness = pair.products(begin, end, lag).likeness();
    const double score = likeness - 0.08 * static_cast<double>(std::abs(lag - around)) / static_cast<double>(reach + 1);
    if (score > best_score) best = {lag, likeness}, best_score = score;
  }
  return best;
}

class Comparer {
 public:
  Comparer(Pair full, Pair coarse)
      : full_(std::move(full)), coarse_(std::move(coarse)), frame_(frameSamples(full_.rate)) {}

  Result<AudioComparison> run() {
    coarse_lag_ = likeliestLag(coarse_.played, coarse_.heard);
    const double loudest = loudestFrame();
    audible_ = std::max(kAudibleShare * loudest, kAudibleLevel * kAudibleLevel * static_cast<double>(frame_));
    if (loudest < audible_)
      return Error{ErrorKind::misconfigured, "phone.compare.silent", "nothing audible was played"};
    findOverlap();
    followShifts();
    return measure();
  }

 private:
  struct Segment {
    std::size_t begin, end;
    Match match;
  };

  double loudestFrame() const {
    double loudest = 0;
    for (std::size_t i = 0; i + frame_ <= full_.played.size(); i += frame_) {
      loudest = std::max(loudest, full_.products(i, i + frame_, 0).pp);
    }
    return loudest;
  }

  bool audible(std::size_t begin) const { return full_.products(begin, begin + frame_, 0).pp >= audible_; }

  void findOverlap() {
    const Lag lag = fullLag(coarse_lag_);
    begin_ = static_cast<std::size_t>(std::max<Lag>(0, -lag));
    const Lag end = std::min(static_cast<Lag>(full_.played.size()), static_cast<Lag>(full_.heard.size()) - lag);
    end_ = std::max(begin_, static_cast<std::size_t>(std::max<Lag>(0, end)));
  }

  Lag fullLag(Lag coarse) const { return coarse * static_cast<Lag>(full_.rate) / static_cast<Lag>(coarse_.rate); }

  // Walks the overlap in quarter seconds, each matched around the last trusted shift.
  void followShifts() {
    Lag around = coarse_lag_;
    const std::size_t length = kFramesPerSegment * frame_;
    for (std::size_t begin = begin_; begin + frame_ <= end_; begin += length) {
      const std::size_t end = std::min(begin + length, end_);
      const auto coarse = [&](std::size_t at) { return at * coarse_.rate / full_.rate; };
      const std::size_t coarse_end = std::min(coarse(end), coarse_.played.size());
      Match match;
      for (const double reach : kReachesMs) {
        const Match wider = bestMatch(coarse_, coarse(begin), coarse_end, around, coarse_.lagOf(reach));
        if (wider.likeness > match.likeness + 0.05) match = wider;
        if (match.likeness >= kGoodMatch) break;
      }
      const Lag step = static_cast<Lag>(full_.rate / coarse_.rate) + 1;
      const Match fine = bestMatch(full_, begin, end, fullLag(match.lag), step);
      const bool trusted = fine.likeness >= kTrusted;
      if (trusted) around = match.lag;
      segments_.push_back(
          {begin, end,
           trusted ? fine : Match{segments_.empty() ? fullLag(around) : segments_.back().match.lag, fine.likeness}});
    }
  }

  // A shift in mid-segment leaves frames that fit a neighbour's better.
  Products frameProducts(std::size_t segment, std::size_t begin) const {
    Products best = full_.products(begin, begin + frame_, segments_[segment].match.lag);
    for (const std::size_t other : {segment == 0 ? 0 : segment - 1, std::min(segment + 1, segments_.size() - 1)}) {
      if (segments_[other].match.lag == segments_[segment].match.lag) continue;
      const Products candidate = full_.products(begin, begin + frame_, segments_[other].match.lag);
      if (candidate.ph > best.ph) best = candidate;
    }
    return best;
  }

  Result<AudioComparison> measure() const {
    Products whole;
    std::vector<Products> frames;  // the audible ones
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      for (std::size_t at = segments_[s].begin; at + frame_ <= segments_[s].end; at += frame_) {
        const Products products = frameProducts(s, at);
        whole += products;
        if (audible(at)) frames.push_back(products);
      }
    }
    AudioComparison result;
    result.overlap_ms = full_.millisecondsOf(static_cast<Lag>(end_ - begin_));
    result.coverage = static_cast<double>(end_ - begin_) / static_cast<double>(full_.played.size());
    result.active_ms = static_cast<double>(frames.size()) * static_cast<double>(kFrame.count());
    result.correlation = std::clamp(whole.likeness(), 0.0, 1.0);
    const double gain = whole.pp > 0 ? std::max(0.0, whole.ph / whole.pp) : 0;
    result.gain_db = gain > 0 ? 20 * std::log10(gain) : -100;
    result.snr_db = snr(whole, gain, -20, 60);
    for (const auto& frame : frames) {
      result.segmental_snr_db += snr(frame, gain, -10, 40) / static_cast<double>(frames.size());
      const bool heard =
          frame.hh >= kHeardShare * gain * gain * frame.pp && frame.likeness() >= kHeardLikeness && frame.hh > 0;
      if (!heard) result.missing_ms += static_cast<double>(kFrame.count());
    }
    describeDelay(result);
    return result;
  }

  static double snr(const Products& sum, double gain, double low, double high) {
    const double signal = gain * gain * sum.pp;
    const double noise = sum.hh - 2 * gain * sum.ph + signal;
    if (signal <= 0) return low;
    return std::clamp(10 * std::log10(signal / std::max(noise, signal * 1e-9)), low, high);
  }

  void describeDelay(AudioComparison& result) const {
    result.delay_ms = full_.millisecondsOf(fullLag(coarse_lag_));
    std::vector<Lag> lags;
    for (const auto& segment : segments_) {
      const bool whole = segment.end - segment.begin == kFramesPerSegment * frame_;
      if (whole && segment.match.likeness >= kGoodMatch) lags.push_back(segment.match.lag);
    }
    if (lags.empty()) return;
    std::sort(lags.begin(), lags.end());
    result.delay_ms = full_.millisecondsOf(lags[lags.size() / 2]);
    result.delay_spread_ms = full_.millisecondsOf(lags.back() - lags.front());
  }

  const Pair full_, coarse_;
  const std::size_t frame_;
  Lag coarse_lag_ = 0;
  double audible_ = 0;
  std::size_t begin_ = 0, end_ = 0;
  std::vector<Segment> segments_;
};

Status checkLength(const Pcm& pcm, const char* which) {
  using namespace std::chrono_literals;
  if (pcm.duration() < 500ms) {
    return Error{ErrorKind::misconfigured, "phone.compare.too_short",
                 std::string{which} + " lasts under half a second"};
  }
  if (pcm.duration() > kLongest) {
    return Error{ErrorKind::misconfigured, "phone.compare.too_long", std::string{which} + " lasts over eight minutes"};
  }
  return success();
}

std::string sentence(const char* format, double value, double limit) {
  char text[160];
  std::snprintf(text, sizeof text, format, value, limit);
  return text;
}

}  // namespace

Result<AudioComparison> compareAudio(const Pcm& played, const Pcm& heard) {
  SP_TRY(checkLength(played, "what was played"));
  SP_TRY(checkLength(heard, "what was heard"));
  const auto sounds = [](std::int16_t sample) {
    return std::abs(static_cast<int>(sample)) > static_cast<int>(kAudibleLevel);
  };
  if (std::none_of(heard.samples.begin(), heard.samples.end(), sounds)) {
    return Error{ErrorKind::misconfigured, "phone.compare.nothing_heard", "the recording is silent"};
  }
  return Comparer{pairAt(played, heard, kFineRate), pairAt(played, heard, kSearchRate)}.run();
}

AudioThresholds thresholdsFor(std::optional<sdp::Codec> codec) {
  const bool keeps_waveform = codec == sdp::Codec::pcmu || codec == sdp::Codec::pcma;
  if (!keeps_waveform) return {};
  return {.correlation = 0.97, .segmental_snr_db = 18, .missing_share = 0.05, .coverage = 0.5};
}

AudioVerdict judge(const AudioComparison& comparison, const AudioThresholds& thresholds) {
  AudioVerdict verdict;
  auto& complaints = verdict.complaints;
  if (comparison.coverage < thresholds.coverage) {
    complaints.push_back(sentence("only %.0f%% of what was played is inside the recording; at least %.0f%% are needed",
                                  comparison.coverage * 100, thresholds.coverage * 100));
  }
  if (comparison.correlation < thresholds.correlation) {
    complaints.push_back(sentence("the correlation is %.3f; the same audio has at least %.3f", comparison.correlation,
                                  thresholds.correlation));
  }
  if (thresholds.segmental_snr_db && comparison.segmental_snr_db < *thresholds.segmental_snr_db) {
    complaints.push_back(sentence("the segmental SNR is %.1f dB; this codec keeps at least %.1f dB",
                                  comparison.segmental_snr_db, *thresholds.segmental_snr_db));
  }
  const double share = comparison.active_ms > 0 ? comparison.missing_ms / comparison.active_ms : 1;
  if (share > thresholds.missing_share) {
    complaints.push_back(
        sentence("%.1f%% of the sound is missing; at most %.1f%% may be", share * 100, thresholds.missing_share * 100));
  }
  return verdict;
}

}  // namespace sallyport::phone
