// SPDX-License-Identifier: Apache-2.0
#include "call/admitted_source.h"

namespace sallyport::call {

std::optional<AdmittedSource::Change> AdmittedSource::reopen(TimePoint now) {
  agreed_ = now;
  return admit(std::nullopt);
}

std::optional<AdmittedSource::Change> AdmittedSource::look(const std::optional<Endpoint>& heard_from,
                                                           const std::optional<TimePoint>& last_verified,
                                                           TimePoint now) {
  const bool alive =
      heard_from && last_verified && *last_verified > agreed_ && now - *last_verified < kQuietBeforeReopening;
  if (!alive) return admit(std::nullopt);
  if (now - agreed_ < kSettleTime) return std::nullopt;
  return admit(heard_from->address);
}

std::optional<AdmittedSource::Change> AdmittedSource::admit(std::optional<IpAddress> source) {
  if (source_ == source) return std::nullopt;
  source_ = source;
  return Change{source};
}

}  // namespace sallyport::call
