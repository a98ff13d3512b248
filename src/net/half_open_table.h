// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who may begin a handshake: so many at once in all, so many at once from one source, so many a second
// from one source. Bounded in memory: a source is an IPv4 address or an IPv6 /64, and only sources with
// something to remember are kept. No I/O, no clock. Owned by a TlsListener.

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "core/clock.h"
#include "core/endpoint.h"
#include "core/result.h"

namespace sallyport::net {

struct HalfOpenLimits {
  std::size_t total = 1'000;
  std::size_t per_source = 20;
  double per_source_rate = 20;  // handshakes begun per second
  double per_source_burst = 40;
  std::size_t remembered_sources = 65'536;
};

class HalfOpenTable {
 public:
  explicit HalfOpenTable(HalfOpenLimits limits) : limits_(limits) {}

  // Admitted: leave() is called once the handshake has ended, either way. Errors (overloaded):
  // "net.handshakes.full", "net.handshakes.source", "net.handshakes.rate".
  Status enter(const IpAddress& source, TimePoint now);
  void leave(const IpAddress& source);

  std::size_t halfOpen() const { return half_open_; }
  std::size_t sources() const { return sources_.size(); }

 private:
  struct Source {
    std::size_t half_open = 0;
    double tokens = 0;
    TimePoint refilled;
  };
  void refill(Source& source, TimePoint now) const;
  void sweep(TimePoint now);

  HalfOpenLimits limits_;
  std::size_t half_open_ = 0;
  TimePoint swept_;
  std::unordered_map<IpAddress, Source> sources_;
};

// What counts as one source: the address, or the /64 of an IPv6 address.
IpAddress sourceOf(const IpAddress& address);

}  // namespace sallyport::net
