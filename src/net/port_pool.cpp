// SPDX-License-Identifier: Apache-2.0
#include "net/port_pool.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "crypto/random.h"

namespace sallyport::net {
namespace {

// Random first, then a walk from a random place: with one port in a hundred free a call still finds one 19
// times in 20, and with none a refusal costs under a millisecond.
constexpr unsigned kRandomDraws = 64;
constexpr unsigned kWalk = 256;

bool isBusy(const Error& error) { return std::string_view{error.code} == "net.bind.busy"; }

Error exhausted(const IpAddress& local, const PortRange& range) {
  return {ErrorKind::overloaded, "net.ports.exhausted",
          "no free media port found on " + local.toString() + " from " + std::to_string(range.first) + " to " +
              std::to_string(range.last) + ": widen the range, or see what else uses it with `ss -lnup`"};
}

}  // namespace

template <typename Take>
auto PortPool::firstFree(const IpAddress& local, const Take& take) const -> decltype(take(Endpoint{})) {
  const auto count = pairs();
  if (count == 0) return exhausted(local, range_);
  const auto even = [&](std::uint64_t index) {
    return Endpoint{local, static_cast<std::uint16_t>(firstEven() + 2 * (index % count))};
  };
  for (unsigned draw = 0; draw < std::min(count, kRandomDraws); ++draw) {
    auto taken = take(even(crypto::randomNumber()));
    if (taken || !isBusy(taken.error())) return taken;
  }
  const auto start = crypto::randomNumber();
  for (unsigned step = 0; step < std::min(count, kWalk); ++step) {
    auto taken = take(even(start % count + step));
    if (taken || !isBusy(taken.error())) return taken;
  }
  return exhausted(local, range_);
}

Result<MediaPortPair> PortPool::takePair(const IpAddress& local) const {
  return firstFree(local, [this](const Endpoint& even) -> Result<MediaPortPair> {
    SP_ASSIGN(auto rtp, UdpSocket::bind(even, options_));
    SP_ASSIGN(auto rtcp, UdpSocket::bind({even.address, static_cast<std::uint16_t>(even.port + 1)}, options_));
    return MediaPortPair{std::move(rtp), std::move(rtcp)};
  });
}

Result<UdpSocket> PortPool::takeOne(const IpAddress& local) const {
  return firstFree(local, [this](const Endpoint& even) { return UdpSocket::bind(even, options_); });
}

}  // namespace sallyport::net
