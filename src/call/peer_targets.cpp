// SPDX-License-Identifier: Apache-2.0
#include "call/peer_targets.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using telemetry::Severity;

constexpr auto kAskAgain = 30s;      // after a location that failed
constexpr auto kFirstOptions = 10s;  // at the latest, spread over the servers
constexpr unsigned kJitter = 10;     // an interval is up to a tenth shorter: workers and peers do not march in step

// What an attempt that failed says of the server. It is there when it answers at all: only its own 503 (RFC 3261
// 21.5.4) is about itself; 408, 500, 502 and 504 may come from whoever was called behind it, and a caller must
// not be able to take a trunk down by dialling the unreachable.
std::optional<TargetFault> faultOf(const Error& reason) {
  const std::string_view code{reason.code};
  if (code == "call.rejected") return reason.detail == "503" ? std::optional{TargetFault::unavailable} : std::nullopt;
  if (code == "sip.transaction.timeout" || code == "call.attempt.timeout") return TargetFault::timeout;
  return TargetFault::connect;
}

// What the DNS said with authority takes the servers that were known; silence does not.
bool authoritative(const Error& error) { return std::string_view{error.code} != "sip.location.unavailable"; }

}  // namespace

struct PeerTargets::Server {
  Endpoint address;
  std::string host;
  std::size_t group = 0;  // of its source: the addresses of one host share its rank and are tried in their order
  sip::ServerRank rank;   // within its source
  unsigned priority = 0;  // of its source
  TargetHealth health;
  std::optional<std::chrono::milliseconds> round_trip;
  TimePoint options_due{};
  bool asking = false;

  // Takes over what is known of it.
  void inherit(const Server& before) {
    health = before.health.within(health.limits());
    round_trip = before.round_trip;
    options_due = std::min(options_due, before.options_due);
  }
};

struct PeerTargets::Source {
  ServerSource settings;
  std::vector<Server> servers;  // groups stand together
  std::optional<sip::ServerLocation> location;
  std::optional<TimePoint> locate_at;
  std::string error;

  const sip::ServerQuery* query() const { return std::get_if<sip::ServerQuery>(&settings.where); }
};

struct PeerTargets::Peer {
  PeerServers settings;
  std::vector<Source> sources;  // as in the settings, for as long as this lives
  bool drained = false;

  template <typename Visit>
  void each(const Visit& visit) {
    for (auto& source : sources) {
      for (auto& server : source.servers) visit(server);
    }
  }
  Server* at(const Endpoint& address) {
    Server* found = nullptr;
    each([&](Server& server) {
      if (found == nullptr && server.address == address) found = &server;
    });
    return found;
  }
  TargetState stateOf(const Server& server, TimePoint now) const {
    return drained ? TargetState::drained : server.health.state(now);
  }
  std::string locationError() const {
    const auto failed =
        std::find_if(sources.begin(), sources.end(), [](const auto& one) { return !one.error.empty(); });
    return failed == sources.end() ? std::string{} : failed->error;
  }
};

PeerTargets::PeerTargets(Parts parts) : parts_(std::move(parts)) {}
PeerTargets::~PeerTargets() = default;

std::shared_ptr<PeerTargets::Peer> PeerTargets::find(std::string_view peer) const {
  const auto found =
      std::find_if(peers_.begin(), peers_.end(), [&](const auto& one) { return one->settings.peer == peer; });
  return found == peers_.end() ? nullptr : *found;
}

// --- which servers there are -------------------------------------------------------------------------------

PeerTargets::Server PeerTargets::serverAt(const PeerServers& settings, const Endpoint& address) const {
  Server server;
  server.address = address;
  if (settings.options_interval == 0s) return server;
  server.health = TargetHealth{{.retry = std::nullopt}};
  const auto spread = std::min<seconds>(settings.options_interval, kFirstOptions);
  server.options_due = parts_.clock.steady() + seconds{parts_.random(static_cast<std::uint32_t>(spread.count()) + 1)};
  return server;
}

// A name that was located `before` keeps its servers until it is located anew.
PeerTargets::Source PeerTargets::sourceOf(const PeerServers& settings, const ServerSource& wanted, Peer* before) const {
  Source source;
  source.settings = wanted;
  if (const auto* address = std::get_if<Endpoint>(&wanted.where)) {
    source.servers.push_back(serverAt(settings, *address));
  } else {
    source.locate_at = parts_.clock.steady();
  }
  if (before == nullptr) return source;
  for (const auto& known : before->sources) {
    if (source.query() == nullptr || known.query() == nullptr || known.query()->host != source.query()->host) continue;
    for (const auto& server : known.servers) {
      auto& kept = source.servers.emplace_back(serverAt(settings, server.address));
      kept.host = server.host;
      kept.group = server.group;
      kept.rank = server.rank;
    }
  }
  for (auto& server : source.servers) {
    if (const auto* known = before->at(server.address)) server.inherit(*known);
  }
  return source;
}

void PeerTargets::adopt(std::vector<PeerServers> peers) {
  std::vector<std::shared_ptr<Peer>> adopted;
  for (auto& settings : peers) {
    const auto known = find(settings.peer);
    auto peer = std::make_shared<Peer>();
    peer->drained = known && known->drained;
    for (const auto& source : settings.sources) peer->sources.push_back(sourceOf(settings, source, known.get()));
    for (auto& source : peer->sources) {
      for (auto& server : source.servers) server.priority = source.settings.rank.priority;
    }
    peer->settings = std::move(settings);
    adopted.push_back(std::move(peer));
  }
  peers_ = std::move(adopted);
  advance();
}

void PeerTargets::locate(const std::shared_ptr<Peer>& peer, Source& source) {
  source.locate_at.reset();
  if (source.location) return;
  auto location = sip::ServerLocation::begin(*source.query());
  if (!location) return onLocationFailed(*peer, source, location.error());
  source.location = *std::move(location);
  askNext(peer, source);
}

// An answer may come before ask() returns, and the last of them ends the location.
void PeerTargets::askNext(const std::shared_ptr<Peer>& peer, Source& source) {
  if (source.location->done()) return onLocated(*peer, source);
  for (const auto& question : source.location->takeQuestions()) {
    parts_.names.ask(question, [this, weak = std::weak_ptr{peer}, &source, question](const Result<DnsAnswer>& answer) {
      const auto asker = weak.lock();
      if (!asker || !source.location) return;
      source.location->answered(question, answer);
      askNext(asker, source);
    });
  }
}

void PeerTargets::onLocated(Peer& peer, Source& source) {
  const auto outcome = source.location->outcome();
  source.location.reset();
  if (!outcome) {
    source.locate_at = parts_.clock.steady() + kAskAgain;
    if (authoritative(outcome.error())) source.servers.clear();
    return onLocationFailed(peer, source, outcome.error());
  }
  source.error.clear();
  if (outcome->ttl() > 0s) source.locate_at = parts_.clock.steady() + outcome->ttl();
  if (outcome->refused() > 0) {
    parts_.log.event(Severity::warning, "peer.location.special_purpose",
                     {{"peer", peer.settings.peer}, {"addresses", outcome->refused()}});
  }
  const auto before = std::exchange(source.servers, {});
  std::size_t group = 0;
  for (const auto& located : outcome->servers()) {
    for (const auto& address : located.addresses) {
      if (peer.at(address) != nullptr) continue;  // two names for one server
      auto server = serverAt(peer.settings, address);
      server.host = located.host;
      server.rank = located.rank;
      server.group = group;
      server.priority = source.settings.rank.priority;
      for (const auto& known : before) {
        if (known.address != address) continue;
        server.inherit(known);
        server.asking = known.asking;
      }
      source.servers.push_back(std::move(server));
    }
    if (!source.servers.empty()) group = source.servers.back().group + 1;
  }
}

void PeerTargets::onLocationFailed(const Peer& peer, Source& source, const Error& error) {
  source.error = describe(error);
  parts_.log.event(
      Severity::warning, "peer.location.failed",
      {{"peer", peer.settings.peer}, {"host", source.query()->host}, {"reason", error.code}, {"detail", error.detail}});
}

// --- which of them are alive ---------------------------------------------------------------------------------

void PeerTargets::advance() {
  const auto now = parts_.clock.steady();
  const auto peers = peers_;
  for (const auto& peer : peers) {
    for (auto& source : peer->sources) {
      if (source.locate_at && *source.locate_at <= now) locate(peer, source);
    }
    if (peer->settings.options_interval == 0s || peer->drained) continue;
    std::vector<Endpoint> due;
    peer->each([&](const Server& server) {
      const bool left_alone = server.health.state(now) == TargetState::drained || server.health.paused(now);
      if (!server.asking && !left_alone && server.options_due <= now) due.push_back(server.address);
    });
    for (const auto& address : due) {
      if (auto* server = peer->at(address)) probe(peer, *server);
    }
  }
}

void PeerTargets::probe(const std::shared_ptr<Peer>& peer, Server& server) {
  const auto interval = std::chrono::duration_cast<std::chrono::milliseconds>(peer->settings.options_interval);
  const auto jitter = parts_.random(static_cast<std::uint32_t>(interval.count()) / kJitter + 1);
  server.options_due = parts_.clock.steady() + interval - std::chrono::milliseconds{jitter};
  server.asking = true;
  const auto address = server.address;
  parts_.probes.probe(peer->settings.peer, address,
                      [this, weak = std::weak_ptr{peer}, address](const TargetOutcome& outcome) {
                        const auto asker = weak.lock();
                        auto* asked = asker ? asker->at(address) : nullptr;
                        if (asked == nullptr) return;
                        asked->asking = false;
                        judge(*asker, *asked, outcome);
                      });
}

void PeerTargets::judge(const Peer& peer, Server& server, const TargetOutcome& outcome) {
  const auto now = parts_.clock.steady();
  if (outcome.round_trip) server.round_trip = outcome.round_trip;
  const auto change =
      outcome.fault ? server.health.failed(*outcome.fault, now, outcome.retry_after) : server.health.succeeded(now);
  if (change == TargetHealth::Change::none) return;
  const auto address = server.address.toString();
  if (change == TargetHealth::Change::cameUp) {
    parts_.log.event(Severity::notice, "peer.target.up",
                     {{"peer", peer.settings.peer}, {"target", address}, {"host", server.host}});
    return;
  }
  parts_.log.event(Severity::warning, "peer.target.down",
                   {{"peer", peer.settings.peer},
                    {"target", address},
                    {"host", server.host},
                    {"reason", toString(*outcome.fault)},
                    {"retry_after", outcome.retry_after.value_or(0s).count()}});
}

void PeerTargets::report(std::string_view name, const Endpoint& address, const TargetOutcome& outcome) {
  const auto peer = find(name);
  auto* server = peer ? peer->at(address) : nullptr;
  if (server != nullptr) judge(*peer, *server, outcome);
}

void PeerTargets::onSuccess(const Target& target) {
  if (target.address) report(target.peer->name, *target.address, {});
}

void PeerTargets::onFailure(const Target& target, const Error& reason, std::optional<seconds> retry_after) {
  if (target.address) report(target.peer->name, *target.address, {faultOf(reason), retry_after, {}});
}

// --- which of them a call tries ---------------------------------------------------------------------------------

Result<std::vector<TargetChoice>> PeerTargets::order(std::string_view name) const {
  const auto refuse = [](const char* code, std::string detail) {
    return Error{ErrorKind::unavailable, code, std::move(detail)};
  };
  const std::string who{name};
  const auto peer = find(name);
  if (!peer || peer->sources.empty()) return refuse("call.target.none", who + " has no server that we could call");
  const auto servers = byRank(*peer);
  if (servers.empty()) return refuse("call.target.unlocated", who + " is not located: " + peer->locationError());

  const auto now = parts_.clock.steady();
  std::vector<const Server*> up, down;
  bool all_drained = true;
  for (const auto* server : servers) {
    const auto state = peer->stateOf(*server, now);
    all_drained = all_drained && state == TargetState::drained;
    if (state == TargetState::healthy || state == TargetState::suspect) up.push_back(server);
    if (state == TargetState::down && !server->health.paused(now)) down.push_back(server);
  }
  if (all_drained) return refuse("call.target.drained", who + " is drained");
  std::stable_sort(up.begin(), up.end(), [&](const Server* a, const Server* b) {
    const auto suspect = [&](const Server* one) { return one->health.state(now) == TargetState::suspect; };
    return std::tuple{a->priority, a->rank.priority, suspect(a)} <
           std::tuple{b->priority, b->rank.priority, suspect(b)};
  });
  if (peer->settings.when_all_down == WhenAllDown::tryAnyway) up.insert(up.end(), down.begin(), down.end());
  if (up.empty()) return refuse("call.target.down", who + " has no server that is up");
  std::vector<TargetChoice> choices;
  for (const auto* server : up) choices.push_back({server->address, server->host});
  return choices;
}

// The sources by their rank, and the servers of each by theirs.
std::vector<const PeerTargets::Server*> PeerTargets::byRank(const Peer& peer) const {
  std::vector<sip::ServerRank> of_sources;
  for (const auto& source : peer.sources) of_sources.push_back(source.settings.rank);
  std::vector<const Server*> ordered;
  for (const auto index : sip::orderByRank(of_sources, parts_.random)) {
    const auto& servers = peer.sources[index].servers;
    std::vector<sip::ServerRank> of_groups;
    for (const auto& server : servers) {
      if (server.group == of_groups.size()) of_groups.push_back(server.rank);
    }
    for (const auto group : sip::orderByRank(of_groups, parts_.random)) {
      for (const auto& server : servers) {
        if (server.group == group) ordered.push_back(&server);
      }
    }
  }
  return ordered;
}

// --- the operator -----------------------------------------------------------------------------------------------

bool PeerTargets::drain(std::string_view name, const std::optional<Endpoint>& address) {
  const auto peer = find(name);
  if (!peer) return false;
  if (!address) return peer->drained = true;
  auto* server = peer->at(*address);
  if (server != nullptr) server->health.drain();
  return server != nullptr;
}

bool PeerTargets::enable(std::string_view name, const std::optional<Endpoint>& address) {
  const auto peer = find(name);
  if (!peer) return false;
  auto* server = address ? peer->at(*address) : nullptr;
  if (address && server == nullptr) return false;
  peer->drained = false;
  peer->each([&](Server& one) {
    if (!address || &one == server) one.health.enable();
  });
  return true;
}

std::vector<PeerSnapshot> PeerTargets::snapshot() const {
  const auto now = parts_.clock.steady();
  std::vector<PeerSnapshot> all;
  for (const auto& peer : peers_) {
    PeerSnapshot snapshot{peer->settings.peer, {}, peer->locationError()};
    for (const auto& source : peer->sources) {
      for (const auto& server : source.servers) {
        const auto rank = source.query() == nullptr ? source.settings.rank : server.rank;
        snapshot.targets.push_back(
            {server.address, server.host, rank, peer->stateOf(server, now), server.health.fault(), server.round_trip});
      }
    }
    all.push_back(std::move(snapshot));
  }
  return all;
}

}  // namespace sallyport::call
