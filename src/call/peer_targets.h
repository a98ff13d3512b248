// SPDX-License-Identifier: Apache-2.0
#pragma once
// The servers of every peer that we call: configured, or located by name (RFC 3263) and refreshed as their
// records expire; which of them are alive, as OPTIONS and calls tell; and in which order a call tries them.
// What they are verified against is the peer's own list of identities: nothing in here widens it.
//
// One per worker, on its thread. Asks the world through Names and Probes; time is an argument.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call/target_health.h"
#include "core/dns.h"
#include "core/result.h"
#include "sip/server_location.h"
#include "telemetry/event.h"

namespace sallyport::call {

// Asks the DNS. `answered` is called once, possibly before ask() returns, unless the Names go first.
class Names {
 public:
  virtual ~Names() = default;
  using Answered = std::function<void(const Result<DnsAnswer>&)>;
  virtual void ask(const DnsQuestion& question, Answered answered) = 0;
};

// What came of an OPTIONS, or of a call's request.
struct TargetOutcome {
  std::optional<TargetFault> fault;                 // nothing: it answered
  std::optional<std::chrono::seconds> retry_after;  // of a 503
};

// Sends an OPTIONS to one server of a peer, over a connection verified as that peer. `done` is called once,
// possibly before probe() returns, unless the Probes go first.
class Probes {
 public:
  virtual ~Probes() = default;
  using Done = std::function<void(TargetOutcome)>;
  virtual void probe(const std::string& peer, const Endpoint& server, Done done) = 0;
};

struct ConfiguredTarget {
  Endpoint address;
  sip::ServerRank rank{1, 1};
};

enum class LastResort : std::uint8_t { refuse, try_ };  // when every server of a peer is down

// One peer that we call. Servers are `targets`, else those that `location` leads to.
struct PeerServers {
  std::string peer;
  std::vector<ConfiguredTarget> targets;
  std::optional<sip::ServerQuery> location;
  std::chrono::seconds options_interval{60};  // 0: never ask
  LastResort last_resort = LastResort::try_;
};

// One server to try.
struct TargetChoice {
  Endpoint address;
  std::string host;  // where the DNS led, empty when configured: for the log, not to be verified against
};

struct TargetSnapshot {
  Endpoint address;
  std::string host;
  sip::ServerRank rank;
  TargetState state = TargetState::healthy;
  std::optional<TargetFault> fault;
  std::optional<std::chrono::milliseconds> round_trip;  // of the last OPTIONS that was answered
};
struct PeerSnapshot {
  std::string peer;
  std::vector<TargetSnapshot> targets;
  std::string location_error;  // why it could not be located, the last time; empty: it was, or has no name
};

class PeerTargets {
 public:
  struct Parts {
    Names& names;
    Probes& probes;
    telemetry::EventSink& log;
    sip::RandomBelow random;
    HealthLimits health{};
  };

  explicit PeerTargets(Parts parts);
  ~PeerTargets();

  // The peers from now on. What is known of servers that remain is kept.
  void adopt(std::vector<PeerServers> peers, TimePoint now);
  // What is due: locations to refresh, OPTIONS to send. Once a second.
  void advance(TimePoint now);

  // The servers a call to `peer` tries, one after the other: by priority, weighted at random within one,
  // suspect ones after healthy ones of their priority, those that are down at the very end, drained ones
  // never. Errors (unavailable): "call.target.none" (the peer has no servers: it connects to us),
  // "call.target.unlocated" (its name has led nowhere yet), "call.target.drained", "call.target.down" (all are,
  // and there is no last resort).
  Result<std::vector<TargetChoice>> order(std::string_view peer, TimePoint now) const;

  // What a call met there. Events: "peer.target.down" with the reason, "peer.target.up".
  void report(std::string_view peer, const Endpoint& server, const TargetOutcome& outcome, TimePoint now);

  // By the operator: one server, or all of the peer's. False when there is no such peer or server.
  bool drain(std::string_view peer, const std::optional<Endpoint>& server);
  bool enable(std::string_view peer, const std::optional<Endpoint>& server);

  std::vector<PeerSnapshot> snapshot(TimePoint now) const;

 private:
  struct Target;
  struct Peer;
  Peer* find(std::string_view peer) const;
  void locate(Peer& peer, TimePoint now);
  void askNext(Peer& peer);
  void located(Peer& peer, TimePoint now);
  void probe(Peer& peer, Target& target, TimePoint now);
  void judge(const Peer& peer, Target& target, const TargetOutcome& outcome, TimePoint now);

  Parts parts_;
  TimePoint now_{};
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace sallyport::call
