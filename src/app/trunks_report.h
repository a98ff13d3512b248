// SPDX-License-Identifier: Apache-2.0
#pragma once
// Peers as trunks, for an operator: our registration there, what they carry of what they may, whether they are
// drained. As JSON over the control socket, as lines on a terminal.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call/trunk_registrations.h"
#include "config/config.h"
#include "guard/rules.h"

namespace sallyport::app {

struct TrunkReport {
  std::string peer;
  bool drained = false;
  std::optional<call::TrunkSnapshot> registration = {};  // none: it is not registered with
  guard::TrunkFigures limits = {};
  guard::TrunkLoad load = {};  // as far as it is limited, and so counted
};

// Every peer, in the order of the configuration.
std::vector<TrunkReport> trunkReports(const config::Config& config, const guard::TrunkPolicy& policy,
                                      const guard::LimitTables& tables,
                                      const std::vector<call::TrunkSnapshot>& registrations);

// {"trunks": [...]}
std::string trunksJson(const std::vector<TrunkReport>& trunks, WallTime now);
// Of what trunksJson() made.
std::string trunksTable(std::string_view json);

}  // namespace sallyport::app
