// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whose datagrams a side hears, and where it is answered.
//
//  1. Until something verifies, the side is where its SDP says. That address is heard at once; any other
//     source is a stranger, of whom so many packets a second are examined and no more.
//  2. A source becomes the side's address (is latched) only by a packet whose tag verifies, that was never
//     seen before, and that is the newest of its stream. RTP first: RTCP latches the RTP path only when
//     muxed and nothing has latched yet, and its own port only where RTP is heard from.
//  3. The address moves from one that is alive only after it has been quiet for kQuietBeforeMove, so that
//     whoever copies packets and wins a race by milliseconds gains nothing. Newest packets are heard
//     meanwhile, whatever their source; older ones from a source that is not the side's are stale.
//  4. A re-INVITE with the same address changes nothing here; one with another address is believed for
//     kQuietBeforeMove before a stray packet may move it again.
//  5. Where ICE finds the way, what it has chosen is the side's address, and no packet moves that.
//
// Owned by a relay side, one per channel; same thread.

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "core/endpoint.h"

namespace sallyport::media {

inline constexpr std::chrono::milliseconds kQuietBeforeMove{500};

class TokenBucket {
 public:
  TokenBucket(std::uint32_t per_second, std::uint32_t burst) : per_second_(per_second), burst_(burst), level_(burst) {}
  bool take(TimePoint now);

 private:
  double per_second_, burst_, level_;
  std::optional<TimePoint> last_;
};

class SourceRule {
 public:
  // The SDP's address; unspecified or port 0: listens nowhere for now.
  void negotiate(const Endpoint& endpoint, TimePoint now);
  // What ICE has chosen, instead of what SDP says; nothing: nowhere for now.
  void follow(const std::optional<Endpoint>& chosen);

  bool knows(const Endpoint& source) const {
    if (by_ice_) return chosen_ == source;
    return latched_ ? *latched_ == source : negotiated_ == source;
  }

  enum class Ruling : std::uint8_t { heard, moved, stale };
  enum class Newness : std::uint8_t { newest, older };
  // An authentic packet came from `source`.
  Ruling onVerified(const Endpoint& source, Newness newness, TimePoint now);

  // Where the side is answered; nothing when it listens nowhere.
  std::optional<Endpoint> destination() const;
  const Endpoint& negotiated() const { return negotiated_; }
  const std::optional<Endpoint>& latched() const { return latched_; }
  TimePoint latchedAt() const { return latched_at_; }  // with ICE: when the newest came
  std::uint32_t moves() const { return moves_; }       // from one verified source to another

 private:
  Endpoint negotiated_;
  std::optional<Endpoint> latched_;  // with ICE: where the newest authentic packet came from
  TimePoint latched_at_{};
  bool by_ice_ = false;
  std::optional<Endpoint> chosen_;
  std::optional<TimePoint> move_from_;  // no move before this
  std::uint32_t moves_ = 0;
};

}  // namespace sallyport::media
