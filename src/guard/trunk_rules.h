// SPDX-License-Identifier: Apache-2.0
#pragma once
// Call admission per trunk and direction: how many calls and how many a second it may send us (judged in the
// admission chain), how many we send it (judged when it is chosen as a call's target), how many both together,
// and whether the operator has taken it out of service. Same tables, counters, shadow mode and decision log as
// every other limit.
//
// A trunk is counted while it has any limit: calls that began before its first limit was set are not known to
// it. Thread-safe; reads no clock.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "guard/admission_chain.h"
#include "guard/limits.h"

namespace sallyport::guard {

struct LimitTables;

struct TrunkFigures {
  struct Direction {
    std::optional<unsigned> calls = {};  // at once
    std::optional<Rate> rate = {};       // new ones
  };
  Direction in = {}, out = {};            // as seen from the edge: `in` are calls it sends us
  std::optional<unsigned> channels = {};  // calls at once, both directions together
};
using Trunks = std::map<std::string, TrunkFigures, std::less<>>;  // by peer name

// Peers that the operator has taken out of service: no new calls to or from them, live ones go on. One per
// process, kept across reloads.
class DrainedPeers {
 public:
  void drain(std::string_view peer);
  void enable(std::string_view peer);
  bool isDrained(std::string_view peer) const;
  std::vector<std::string> list() const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> peers_;
  std::atomic<std::size_t> count_{0};  // almost always 0: then nobody takes the lock
};

struct TrunkPolicy {
  Trunks of_peer;
  std::shared_ptr<const DrainedPeers> drained;  // null: nobody can be
  RuleMode drained_mode = RuleMode::enforce;
  RuleMode cps_in = RuleMode::enforce;
  RuleMode cps_out = RuleMode::enforce;
  RuleMode calls_in = RuleMode::enforce;
  RuleMode calls_out = RuleMode::enforce;
  RuleMode channels = RuleMode::enforce;
};

// "trunk_drained": calls either way. guard.trunk.drained, with Retry-After.
std::unique_ptr<Rule> trunkDrained(std::shared_ptr<const DrainedPeers> drained);
// "trunk_cps_in", "trunk_cps_out": guard.trunk.cps_in, guard.trunk.cps_out, guard.table.full.
std::unique_ptr<Rule> trunkCpsIn(std::shared_ptr<LimitTable> table, const Trunks& trunks);
std::unique_ptr<Rule> trunkCpsOut(std::shared_ptr<LimitTable> table, const Trunks& trunks);
// "trunk_calls_in", "trunk_calls_out": guard.trunk.calls_in, guard.trunk.calls_out, guard.table.full.
std::unique_ptr<Rule> trunkCallsIn(std::shared_ptr<LimitTable> table, const Trunks& trunks);
std::unique_ptr<Rule> trunkCallsOut(std::shared_ptr<LimitTable> table, const Trunks& trunks);
// "trunk_channels": calls either way. guard.trunk.channels, guard.table.full.
std::unique_ptr<Rule> trunkChannels(std::shared_ptr<LimitTable> table, const Trunks& trunks);

// Live calls of a trunk, as far as it is counted: see TrunkFigures.
struct TrunkLoad {
  unsigned in = 0;
  unsigned out = 0;
  unsigned channels = 0;
};
TrunkLoad trunkLoad(const LimitTables& tables, std::string_view peer);

// What a chosen target must pass before a call goes to it.
class TrunkAdmission {
 public:
  // `log` may be absent; when given it outlives this.
  TrunkAdmission(const TrunkPolicy& policy, const LimitTables& tables, DecisionLog* log);

  // `call` are the facts of the caller's request as the admission chain judged it. The permits live as long as
  // the attempt, and then the call. Errors: "guard.trunk.drained", "guard.trunk.cps_out", "guard.trunk.calls_out",
  // "guard.trunk.channels", "guard.table.full": the target is passed over as if it had answered 503.
  Result<CallPermits> admit(const RequestFacts& call, std::string_view target, TimePoint now);

  std::vector<RuleReport> report() const { return chain_.report(); }

 private:
  AdmissionChain chain_;
};

}  // namespace sallyport::guard
