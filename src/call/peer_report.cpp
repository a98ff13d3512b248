// SPDX-License-Identifier: Apache-2.0
#include "call/peer_report.h"

#include <algorithm>

namespace sallyport::call {
namespace {

std::string authenticationOf(const config::Policy& policy) {
  std::string text;
  for (const auto& all_of : policy.authentication) {
    if (!text.empty()) text += ", or ";
    for (std::size_t i = 0; i < all_of.size(); ++i) {
      if (i > 0) text += " and ";
      text += toString(all_of[i]);
    }
  }
  return text;
}

void add(std::vector<TargetReport>& reports, const TargetSnapshot& snapshot) {
  auto found = std::find_if(reports.begin(), reports.end(),
                            [&](const TargetReport& report) { return report.address == snapshot.address; });
  if (found == reports.end()) {
    found = reports.insert(found, TargetReport{});
    found->address = snapshot.address;
    found->host = snapshot.host;
    found->rank = snapshot.rank;
  }
  ++found->workers;
  found->suspect += snapshot.state == TargetState::suspect;
  found->down += snapshot.state == TargetState::down;
  found->drained += snapshot.state == TargetState::drained;
  if (snapshot.fault) found->fault = toString(*snapshot.fault);
  if (snapshot.round_trip)
    found->round_trip = std::max(found->round_trip.value_or(*snapshot.round_trip), *snapshot.round_trip);
}

bool concerns(const telemetry::CallRecord& call, const std::string& peer) {
  return std::any_of(std::begin(call.legs), std::end(call.legs),
                     [&](const telemetry::LegRecord& leg) { return leg.peer == peer; });
}

}  // namespace

std::string_view TargetReport::state() const {
  if (suspect + down + drained == 0) return toString(TargetState::healthy);
  if (suspect == workers) return toString(TargetState::suspect);
  if (down == workers) return toString(TargetState::down);
  if (drained == workers) return toString(TargetState::drained);
  return "mixed";
}

std::vector<PeerReport> peerReports(const config::Config& config,
                                    const std::vector<std::vector<PeerSnapshot>>& snapshots,
                                    const std::vector<telemetry::CallRecord>& live_calls) {
  std::vector<PeerReport> reports;
  for (const auto& peer : config.peers) {
    PeerReport report;
    report.name = peer.name;
    report.tier = toString(peer.policy.tier);
    report.authentication = authenticationOf(peer.policy);
    report.unprotected = peer.unprotected;
    report.calls = static_cast<unsigned>(std::count_if(live_calls.begin(), live_calls.end(),
                                                       [&](const auto& call) { return concerns(call, peer.name); }));
    for (const auto& of_worker : snapshots) {
      for (const auto& snapshot : of_worker) {
        if (snapshot.peer != peer.name) continue;
        if (!snapshot.location_error.empty()) report.location_error = snapshot.location_error;
        for (const auto& target : snapshot.targets) add(report.targets, target);
      }
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace sallyport::call
