// SPDX-License-Identifier: Apache-2.0
#include "net/seats.h"

#include <string>

#include "net/half_open_table.h"

namespace sallyport::net {

Status Seats::admits(const IpAddress& source) const {
  if (taken_ >= total_)
    return Error{ErrorKind::overloaded, "net.connections.full", std::to_string(taken_) + " are open"};
  if (!per_source_) return success();
  const auto found = by_source_.find(sourceOf(source));
  if (found == by_source_.end() || found->second < *per_source_) return success();
  return Error{ErrorKind::overloaded, "net.connections.source",
               std::to_string(found->second) + " are open from this source"};
}

void Seats::take(const IpAddress& source) {
  ++taken_;
  if (per_source_) ++by_source_[sourceOf(source)];
}

void Seats::giveBack(const IpAddress& source) {
  --taken_;
  if (!per_source_) return;
  const auto found = by_source_.find(sourceOf(source));
  SP_CHECK(found != by_source_.end());
  if (--found->second == 0) by_source_.erase(found);
}

}  // namespace sallyport::net
