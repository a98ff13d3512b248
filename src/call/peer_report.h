// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an operator is told of the peers: what is configured, and what all workers know of their servers, as one
// list. Pure.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "call/peer_targets.h"
#include "config/config.h"
#include "telemetry/call_record.h"

namespace sallyport::call {

// Every worker has connections of its own, and finds for itself whether a server answers on them.
struct TargetReport {
  Endpoint address;
  std::string host;  // where the DNS led to it
  sip::ServerRank rank;
  unsigned workers = 0;  // that know it,
  unsigned suspect = 0;  // and find it so
  unsigned down = 0;
  unsigned drained = 0;
  std::string fault;                                    // of a worker that has one
  std::optional<std::chrono::milliseconds> round_trip;  // of the slowest worker

  // "healthy", "suspect", "down" or "drained" when all workers find it so, else "mixed".
  std::string_view state() const;
};

struct PeerReport {
  std::string name;
  std::string tier;
  std::string authentication;  // "certificate", "certificate and digest, or token"
  bool unprotected = false;
  unsigned calls = 0;  // live, with this peer on either side
  std::string location_error;
  std::vector<TargetReport> targets;  // none: it connects to us
};

// `snapshots`: one of each worker.
std::vector<PeerReport> peerReports(const config::Config& config,
                                    const std::vector<std::vector<PeerSnapshot>>& snapshots,
                                    const std::vector<telemetry::CallRecord>& live_calls);

}  // namespace sallyport::call
