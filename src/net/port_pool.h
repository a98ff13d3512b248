// SPDX-License-Identifier: Apache-2.0
#pragma once
// Media ports: a random free one of the configured range for each call side, so that a stranger cannot
// guess which will be open next. Shared by the workers (the kernel is the judge of what is free), and
// immutable. Any thread.

#include <cstdint>
#include <optional>

#include "core/endpoint.h"
#include "core/result.h"
#include "net/udp_socket.h"

namespace sallyport::net {

struct PortRange {
  std::uint16_t first = 20'000;  // inclusive
  std::uint16_t last = 29'999;   // inclusive
};

// RTP on an even port, RTCP on the next one (RFC 3550 11).
struct MediaPortPair {
  UdpSocket rtp;
  UdpSocket rtcp;
};

class PortPool {
 public:
  explicit PortPool(PortRange range, MediaSocketOptions options = {}) : range_(range), options_(options) {}

  // Errors: "net.ports.exhausted" (overloaded) after a bounded search; others as bindUdp's.
  Result<MediaPortPair> takePair(const IpAddress& local) const;
  Result<UdpSocket> takeOne(const IpAddress& local) const;  // RTP and RTCP on one port (RFC 5761), even

  unsigned pairs() const { return range_.last > range_.first ? (range_.last - firstEven() + 1u) / 2 : 0; }

 private:
  template <typename Take>
  auto firstFree(const IpAddress& local, const Take& take) const -> decltype(take(Endpoint{}));
  unsigned firstEven() const { return (range_.first + 1u) & ~1u; }

  PortRange range_;
  MediaSocketOptions options_;
};

}  // namespace sallyport::net
