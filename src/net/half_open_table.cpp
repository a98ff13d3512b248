// SPDX-License-Identifier: Apache-2.0
#include "net/half_open_table.h"

#include <algorithm>
#include <string>

namespace sallyport::net {
namespace {

constexpr std::size_t kSweepFrom = 1'024;
constexpr auto kSweepEvery = std::chrono::seconds{1};
constexpr std::size_t kNetworkOctets = 8;  // of an IPv6 address: the part its holder did not choose

Error refusal(const char* code, std::string detail) { return {ErrorKind::overloaded, code, std::move(detail)}; }

}  // namespace

IpAddress sourceOf(const IpAddress& address) {
  if (address.isV4()) return address;
  auto octets = address.octets();
  std::fill(octets.begin() + kNetworkOctets, octets.end(), std::uint8_t{0});
  return IpAddress::v6(octets);
}

Status HalfOpenTable::enter(const IpAddress& address, TimePoint now) {
  if (half_open_ >= limits_.total) {
    return refusal("net.handshakes.full", std::to_string(half_open_) + " handshakes under way");
  }
  sweep(now);
  const auto key = sourceOf(address);
  auto found = sources_.find(key);
  if (found == sources_.end()) {
    if (sources_.size() >= limits_.remembered_sources) {
      return refusal("net.handshakes.full", std::to_string(sources_.size()) + " sources within moments");
    }
    found = sources_.emplace(key, Source{0, limits_.per_source_burst, now}).first;
  }
  auto& source = found->second;
  refill(source, now);
  if (source.half_open >= limits_.per_source) {
    return refusal("net.handshakes.source", std::to_string(source.half_open) + " under way from this source");
  }
  if (source.tokens < 1) return refusal("net.handshakes.rate", "too many a second from this source");
  source.tokens -= 1;
  ++source.half_open;
  ++half_open_;
  return success();
}

void HalfOpenTable::leave(const IpAddress& address) {
  const auto found = sources_.find(sourceOf(address));
  SP_CHECK(found != sources_.end() && found->second.half_open > 0);
  --found->second.half_open;
  --half_open_;
}

void HalfOpenTable::refill(Source& source, TimePoint now) const {
  const auto elapsed = std::chrono::duration<double>(now - source.refilled).count();
  source.tokens = std::min(limits_.per_source_burst, source.tokens + elapsed * limits_.per_source_rate);
  source.refilled = now;
}

// Forgets whom a fresh entry would treat alike.
void HalfOpenTable::sweep(TimePoint now) {
  if (sources_.size() < std::min(kSweepFrom, limits_.remembered_sources) || now - swept_ < kSweepEvery) return;
  swept_ = now;
  std::erase_if(sources_, [&](const auto& entry) {
    auto source = entry.second;
    refill(source, now);
    return source.half_open == 0 && source.tokens >= limits_.per_source_burst;
  });
}

}  // namespace sallyport::net
