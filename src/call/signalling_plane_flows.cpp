// SPDX-License-Identifier: Apache-2.0
// The plane as calls see it: what is sent on which connection, and where a new one is made.
#include "call/signalling_connection.h"
#include "call/signalling_plane.h"

namespace sallyport::call {

using telemetry::Severity;

SignallingPlane::Connection* SignallingPlane::find(sip::FlowId flow) const {
  const auto found = connections_.find(static_cast<std::uint64_t>(flow));
  return found == connections_.end() ? nullptr : found->second.get();
}

void SignallingPlane::send(sip::FlowId flow, std::string_view bytes) {
  if (auto* connection = find(flow)) {
    connection->send(bytes);
    return;
  }
  const unsigned owner = workerOf(flow);
  if (owner == parts_.worker || owner >= parts_.mesh.nodes.size()) return;  // gone meanwhile
  const auto& node = parts_.mesh.nodes[owner];
  (void)node.loop->post([plane = node.plane, flow, copy = std::string{bytes}] {
    if (auto* connection = plane->find(flow)) connection->send(copy);
  });
}

std::shared_ptr<const FlowFacts> SignallingPlane::facts(sip::FlowId flow) const {
  if (const auto* connection = find(flow)) return connection->facts();
  return workerOf(flow) == parts_.worker ? nullptr : parts_.mesh.flows.facts(flow);
}

void SignallingPlane::prove(sip::FlowId flow, identity::Principal principal) {
  auto* connection = find(flow);
  if (connection == nullptr) {
    const unsigned owner = workerOf(flow);
    if (owner == parts_.worker || owner >= parts_.mesh.nodes.size()) return;  // gone meanwhile
    const auto& node = parts_.mesh.nodes[owner];
    (void)node.loop->post(
        [plane = node.plane, flow, principal = std::move(principal)] { plane->prove(flow, principal); });
    return;
  }
  auto facts = *connection->facts();
  facts.principal = std::move(principal);
  auto shared = std::make_shared<const FlowFacts>(std::move(facts));
  std::erase(unproven_, flow);
  parts_.mesh.flows.replace(flow, shared);
  connection->learn(std::move(shared));
}

// Not every phone keeps its connection alive (RFC 5626 4.4), and behind a NAT a silent one leads nowhere after a while.
void SignallingPlane::keepUp(sip::FlowId flow) {
  auto* connection = find(flow);
  if (connection == nullptr || connection->facts()->listener.empty()) return;
  if (web_.contains(static_cast<std::uint64_t>(flow)) || !kept_.insert(flow).second) return;
  connection->keepOpen();
}

void SignallingPlane::acquire(const Target& target, Ready ready) {
  const auto& peer = *target.peer;
  if (target.flow) {
    const auto known = facts(*target.flow);
    if (!known) return ready(Error{ErrorKind::unavailable, "call.flow.gone", target.label});
    if (known->hop() == peer.hop) return ready(*target.flow);
    return ready(Error{ErrorKind::unavailable, "call.flow.unprotected", target.label});
  }
  if (const auto flow = openTo(target)) return ready(*flow);
  const auto address = target.address ? target.address : peer.address;
  const auto security = securityFor(peer);
  if (!address || !security) {
    const auto flow = parts_.mesh.flows.ofPeer(peer.name);
    const auto known = flow ? facts(*flow) : nullptr;
    if (known && known->hop() == peer.hop) return ready(*flow);
    return ready(
        Error{ErrorKind::unavailable, "call.peer.not_connected", peer.name + " has no address and is not connected"});
  }
  const DialKey key{peer.name, *address};
  auto& dialing = dialing_[key];
  dialing.waiting.push_back(std::move(ready));
  if (dialing.dial) return;
  dialing.hop = peer.hop;
  dialing.dial = net::Dial::start(
      parts_.loop, {{*address}, *security}, {},
      [this, key](Result<std::unique_ptr<net::TlsConnection>> result) { onDialed(key, std::move(result)); });
}

// One we made, and so of the peer it was made for.
std::optional<sip::FlowId> SignallingPlane::openTo(const Target& target) const {
  for (const auto id : made_) {
    auto* connection = find(id);
    if (connection == nullptr || !connection->open()) continue;
    const auto& facts = *connection->facts();
    if (facts.peer() != target.peer->name || facts.hop() != target.peer->hop) continue;
    if (!target.address || facts.remote == *target.address) return id;
  }
  return std::nullopt;
}

// Nothing for a peer that we cannot connect to, or that has become what it was not when the call began.
std::optional<net::DialSecurity> SignallingPlane::securityFor(const PeerPolicy& peer) const {
  if (peer.hop == HopSecurity::plain) {
    if (!trust_->isUnprotected(peer.name)) return std::nullopt;
    return net::DialSecurity{net::PlainBytes{}};
  }
  const auto context = trust_->clients.find(peer.name);
  if (context == trust_->clients.end()) return std::nullopt;
  return net::DialSecurity{context->second};
}

void SignallingPlane::onDialed(const DialKey& to, Result<std::unique_ptr<net::TlsConnection>> result) {
  const auto found = dialing_.find(to);
  if (found == dialing_.end()) return;
  auto waiting = std::move(found->second.waiting);
  const auto hop = found->second.hop;
  const bool secured = hop == HopSecurity::tls;
  parts_.loop.retire(std::move(found->second.dial));
  dialing_.erase(found);
  if (!result) {
    if (secured) parts_.metrics.tlsHandshakeFailed(telemetry::Side::connected, result.error().code);
    parts_.log.event(Severity::warning, secured ? "tls.connect.failed" : "plain.connect.failed",
                     {{"peer", to.first},
                      {"address", to.second.toString()},
                      {"reason", result.error().code},
                      {"detail", result.error().detail}});
    for (auto& ready : waiting) ready(result.error());
    return;
  }
  if (secured) parts_.metrics.tlsHandshakeSucceeded(telemetry::Side::connected);
  auto principal = secured ? identity::Principal::fromCertificate(*(*result)->peer())
                           : identity::Principal::fromSourceNetwork(to.first);
  const auto id = adoptConnection(*std::move(result), std::move(principal), {}, streamOver(hop));
  for (auto& ready : waiting) ready(id);
}

}  // namespace sallyport::call
