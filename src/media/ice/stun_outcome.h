// SPDX-License-Identifier: Apache-2.0
#pragma once
// What became of a datagram that looked like STUN: one closed list, each with its own counter. The names are stable:
// metrics and call records carry them.

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::media::ice {

enum class StunOutcome : std::uint8_t {
  // Authenticated.
  answered,  // a check, with success
  refused,   // a check, with an error: 400, 420, 487
  taken,     // a response to a check of ours
  // Nothing changed, nothing was said.
  malformed,           // no STUN, or broken
  notACheck,           // neither a binding request with a fingerprint nor a binding response
  forbiddenSource,     // from where a peer may not be
  unknownUser,         // names another session, or none
  throttled,           // more checks than anybody needs
  wrongIntegrity,      // written without the password
  replayed,            // seen before, from somewhere else
  formerSession,       // of a session that a restart ended, and not to keep its pair alive
  unexpectedResponse,  // nobody waits for it, or it did not come from where the request went
};

inline constexpr std::size_t kStunOutcomes = static_cast<std::size_t>(StunOutcome::unexpectedResponse) + 1;

std::string_view toString(StunOutcome outcome);  // "wrong_integrity"

class StunCounters {
 public:
  void count(StunOutcome outcome) { ++counts_[static_cast<std::size_t>(outcome)]; }
  std::uint64_t of(StunOutcome outcome) const { return counts_[static_cast<std::size_t>(outcome)]; }

 private:
  std::array<std::uint64_t, kStunOutcomes> counts_{};
};

}  // namespace sallyport::media::ice
