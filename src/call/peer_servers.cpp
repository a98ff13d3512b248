// SPDX-License-Identifier: Apache-2.0
#include "call/peer_servers.h"

namespace sallyport::call {
namespace {

sip::ServerQuery queryOf(const config::Peer& peer, const config::HostPort& host,
                         const std::vector<IpAddress::Family>& families) {
  sip::ServerQuery query;
  query.host = host.host;
  query.port = host.port;
  if (peer.unprotected) query.transport = sip::ServerQuery::Transport::unprotected;
  query.families = families;
  query.networks = peer.networks;
  return query;
}

std::vector<ServerSource> sourcesOf(const config::Peer& peer, const std::vector<IpAddress::Family>& families) {
  std::vector<ServerSource> sources;
  for (const auto& target : peer.targets) {
    const sip::ServerRank rank{static_cast<std::uint16_t>(target.priority), static_cast<std::uint16_t>(target.weight)};
    if (target.host) {
      sources.push_back({queryOf(peer, *target.host, families), rank});
    } else {
      sources.push_back({target.address, rank});
    }
  }
  if (sources.empty() && peer.address) sources.push_back({*peer.address});
  if (sources.empty() && peer.host) sources.push_back({queryOf(peer, *peer.host, families)});
  return sources;
}

}  // namespace

std::vector<PeerServers> serversOf(const config::Config& config, const std::vector<IpAddress::Family>& families) {
  std::vector<PeerServers> all;
  for (const auto& peer : config.peers) {
    PeerServers servers;
    servers.peer = peer.name;
    servers.sources = sourcesOf(peer, families);
    if (servers.sources.empty()) continue;
    servers.options_interval = peer.options_interval.value_or(std::chrono::seconds{0});
    servers.when_all_down = peer.last_resort ? WhenAllDown::tryAnyway : WhenAllDown::refuse;
    all.push_back(std::move(servers));
  }
  return all;
}

}  // namespace sallyport::call
