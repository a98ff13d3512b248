// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whom the kernel lets through to the ports of one side: anybody, until packets of one address have verified for a
// while; then that address alone, whatever its port, as long as it is heard. Once it is quiet anybody may come again,
// so that a party that has moved is examined by the rule of user space (media/source_rule.h) as if there were no
// kernel.
//
// Pure. Owned by a pair of ports, on its worker's thread.

#include <chrono>
#include <optional>

#include "core/clock.h"
#include "core/endpoint.h"

namespace sallyport::call {

// From an agreement on, for so long nobody is kept out: the party may be on its way to another address.
inline constexpr std::chrono::milliseconds kSettleTime{2'000};
inline constexpr std::chrono::milliseconds kQuietBeforeReopening{1'000};

class AdmittedSource {
 public:
  struct Change {
    std::optional<IpAddress> source;  // none: anybody
  };

  // Something was agreed. Nothing when it changes nothing.
  std::optional<Change> reopen(TimePoint now);
  // Now and then: where the side's packets verified, and when the last one did.
  std::optional<Change> look(const std::optional<Endpoint>& heard_from, const std::optional<TimePoint>& last_verified,
                             TimePoint now);

 private:
  std::optional<Change> admit(std::optional<IpAddress> source);

  std::optional<IpAddress> source_;
  TimePoint agreed_{};
};

}  // namespace sallyport::call
