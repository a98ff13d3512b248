// SPDX-License-Identifier: Apache-2.0
#pragma once
// Candidates (RFC 8445 5.1): the addresses at which an agent may be reached, and in what order they are tried. Values.

#include <cstdint>
#include <string>
#include <vector>

#include "core/endpoint.h"

namespace sallyport::media::ice {

enum class CandidateType : std::uint8_t { host, peerReflexive, serverReflexive, relayed };

using Component = std::uint8_t;
inline constexpr Component kRtp = 1;   // and RTCP, where both share a port
inline constexpr Component kRtcp = 2;  // else
inline constexpr std::size_t kComponents = 2;

// A socket of ours, by its place among the candidates that an agent was given.
using LocalIndex = std::uint8_t;

struct Candidate {
  CandidateType type = CandidateType::host;
  Component component = kRtp;
  Endpoint endpoint;
  std::uint32_t priority = 0;
  std::string foundation;  // the same for what fails together

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// RFC 8445 5.1.2.1. `local_preference` tells addresses of one type apart: 65535 where there is only one.
std::uint32_t candidatePriority(CandidateType type, std::uint16_t local_preference, Component component);
// What a peer-reflexive candidate has that is found from one of this priority (RFC 8445 7.1.1).
std::uint32_t reflexivePriority(std::uint32_t priority);

// RFC 8445 6.1.2.3.
std::uint64_t pairPriority(std::uint32_t controlling, std::uint32_t controlled);

// Which addresses a peer may be at. A description is a stranger's wish that we send packets somewhere: addresses of
// special purpose (core/special_purpose.h) are refused unless a network named here holds them; multicast, broadcast,
// the unspecified address and port 0 always.
struct AddressPolicy {
  std::vector<IpNetwork> special_networks;

  bool permits(const Endpoint& endpoint) const;
};

}  // namespace sallyport::media::ice
