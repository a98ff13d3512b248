// SPDX-License-Identifier: Apache-2.0
#pragma once
// The servers of every peer that we call: configured, or located by name (RFC 3263) and refreshed as their
// records expire; which of them are alive, as OPTIONS and calls tell; and in which order a call tries them.
// What they are verified against is the peer's own list of identities: nothing in here widens it.
//
// One per worker, on its thread. Asks the world through Names and Probes.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "call/target.h"
#include "call/target_health.h"
#include "core/clock.h"
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
  std::optional<TargetFault> fault = {};                     // nothing: it answered
  std::optional<std::chrono::seconds> retry_after = {};      // of a 503
  std::optional<std::chrono::milliseconds> round_trip = {};  // of an OPTIONS that was answered
};

// Sends an OPTIONS to one server of a peer, over a connection verified as that peer. `done` is called once,
// possibly before probe() returns, unless the Probes go first.
class Probes {
 public:
  virtual ~Probes() = default;
  using Done = std::function<void(const TargetOutcome&)>;
  virtual void probe(const std::string& peer, const Endpoint& server, Done done) = 0;
};

// One place that is configured: an address, or a name that leads to some.
struct ServerSource {
  std::variant<Endpoint, sip::ServerQuery> where;
  sip::ServerRank rank{1, 1};  // among the sources of its peer; what the DNS ranks, it ranks within its source
};

enum class WhenAllDown : std::uint8_t { refuse, tryAnyway };

// One peer that we call.
struct PeerServers {
  std::string peer;
  std::vector<ServerSource> sources;
  std::chrono::seconds options_interval{0};  // 0: never asked
  WhenAllDown when_all_down = WhenAllDown::tryAnyway;
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
  std::string location_error;  // why a name of it could not be located the last time; empty: it could
};

class PeerTargets final : public TargetObserver {
 public:
  struct Parts {
    Names& names;
    Probes& probes;
    telemetry::EventSink& log;
    const Clock& clock;
    sip::RandomBelow random;
  };

  explicit PeerTargets(Parts parts);
  ~PeerTargets() override;

  // The peers from now on. What is known of servers that remain is kept.
  void adopt(std::vector<PeerServers> peers);
  // Refreshes locations and sends OPTIONS where they are due. Once a second.
  void advance();

  // The servers that a call to `peer` tries, one after the other: by priority, weighted at random within one,
  // suspect ones after healthy ones of their priority; those that are down at the very end unless the peer
  // is not to be tried then; never one that is drained or asked for a pause. Errors (unavailable):
  // "call.target.none" (we know no server: the peer connects to us), "call.target.unlocated" (its name has led
  // nowhere yet), "call.target.drained", "call.target.down" (all are).
  Result<std::vector<TargetChoice>> order(std::string_view peer) const;

  // What a call met there. Events: "peer.target.down" with the reason, "peer.target.up".
  void report(std::string_view peer, const Endpoint& server, const TargetOutcome& outcome);
  void onSuccess(const Target& target) override;
  void onFailure(const Target& target, const Error& reason, std::optional<std::chrono::seconds> retry_after) override;

  // By the operator: one server, or all of the peer's. False when there is no such peer or server.
  bool drain(std::string_view peer, const std::optional<Endpoint>& server);
  bool enable(std::string_view peer, const std::optional<Endpoint>& server);

  std::vector<PeerSnapshot> snapshot() const;

 private:
  struct Server;
  struct Source;
  struct Peer;

  std::shared_ptr<Peer> find(std::string_view peer) const;
  Server serverAt(const PeerServers& settings, const Endpoint& address) const;
  Source sourceOf(const PeerServers& settings, const ServerSource& wanted, Peer* before) const;
  void locate(const std::shared_ptr<Peer>& peer, Source& source);
  void askNext(const std::shared_ptr<Peer>& peer, Source& source);
  void onLocated(Peer& peer, Source& source);
  void onLocationFailed(const Peer& peer, Source& source, const Error& error);
  void probe(const std::shared_ptr<Peer>& peer, Server& server);
  void judge(const Peer& peer, Server& server, const TargetOutcome& outcome);
  std::vector<const Server*> byRank(const Peer& peer) const;

  Parts parts_;
  std::vector<std::shared_ptr<Peer>> peers_;  // held here alone: a callback that finds its peer gone does nothing
};

}  // namespace sallyport::call
