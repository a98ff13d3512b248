// SPDX-License-Identifier: Apache-2.0
#include "media/ice/candidate.h"

#include <algorithm>

#include "core/special_purpose.h"

namespace sallyport::media::ice {
namespace {

// RFC 8445 5.1.2.2.
std::uint32_t typePreference(CandidateType type) {
  switch (type) {
    case CandidateType::host: return 126;
    case CandidateType::peerReflexive: return 110;
    case CandidateType::serverReflexive: return 100;
    case CandidateType::relayed: return 0;
  }
  return 0;
}

}  // namespace

std::uint32_t candidatePriority(CandidateType type, std::uint16_t local_preference, Component component) {
  return typePreference(type) << 24 | std::uint32_t{local_preference} << 8 | (256U - component);
}

std::uint32_t reflexivePriority(std::uint32_t priority) {
  return typePreference(CandidateType::peerReflexive) << 24 | (priority & 0x00FF'FFFF);
}

std::uint64_t pairPriority(std::uint32_t controlling, std::uint32_t controlled) {
  const std::uint64_t low = std::min(controlling, controlled), high = std::max(controlling, controlled);
  return low << 32 | (2 * high + (controlling > controlled ? 1 : 0));
}

bool AddressPolicy::permits(const Endpoint& endpoint) const {
  if (endpoint.port == 0) return false;
  switch (specialPurposeOf(endpoint.address)) {
    case SpecialPurpose::none: return true;
    case SpecialPurpose::unspecified:
    case SpecialPurpose::multicast:
    case SpecialPurpose::reserved: return false;
    default: break;
  }
  return std::any_of(special_networks.begin(), special_networks.end(),
                     [&](const auto& network) { return network.contains(endpoint.address); });
}

}  // namespace sallyport::media::ice
