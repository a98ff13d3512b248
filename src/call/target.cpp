// SPDX-License-Identifier: Apache-2.0
#include "call/target.h"

#include <algorithm>

namespace sallyport::call {

bool TargetPlan::failsOver(int status) const {
  return std::find(failover_statuses.begin(), failover_statuses.end(), status) != failover_statuses.end();
}

}  // namespace sallyport::call
