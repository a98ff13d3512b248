// SPDX-License-Identifier: Apache-2.0
// Connections come and go, and what arrives on them. How calls use them: signalling_plane_flows.cpp.
#include "call/signalling_plane.h"

#include <algorithm>

#include "call/call_server.h"
#include "call/refer.h"
#include "call/signalling_connection.h"
#include "core/numbers.h"
#include "sip/received.h"
#include "sip/request_check.h"

namespace sallyport::call {
namespace {

using telemetry::Severity;

constexpr auto kProofLimit = std::chrono::seconds{32};  // a client transaction's whole life, for the last challenge
constexpr std::string_view kBranchCookie = "z9hG4bK";

// The worker's number that our tags and branches begin with: "3-...".
std::optional<unsigned> leadingWorker(std::string_view token, std::size_t workers) {
  const auto dash = token.find('-');
  if (dash == std::string_view::npos || dash > 4) return std::nullopt;
  const auto number = parseUnsigned(token.substr(0, dash), 0, workers - 1);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

// Whose responses will say where it came from. One that is as long as may be stays as it was.
sip::Message withReceived(sip::Message request, const Endpoint& source, const sip::ParseLimits& limits) {
  auto stamped = sip::withReceived(request, source);
  if (!stamped) return request;
  auto again = sip::Message::parse(*std::move(stamped), limits);
  return again ? *std::move(again) : std::move(request);
}

Transport transportOf(const net::TlsConnection& connection) {
  return connection.security() == net::StreamSecurity::tls ? Transport::tls : Transport::tcp;
}

}  // namespace

// One listener, by its name.
class SignallingPlane::Door final : private net::TlsListenerObserver {
 public:
  Door(SignallingPlane& plane, std::string name) : plane_(plane), name_(std::move(name)) {}

  Status listen(const Endpoint& local, net::ListenerSecurity security, const net::TlsListenerLimits& limits) {
    plain_ = std::holds_alternative<net::PlainBytes>(security);
    SP_ASSIGN(listener_, net::TlsListener::listen(plane_.parts_.loop, local, net::PortSharing::perWorker,
                                                  std::move(security), limits, *this));
    return success();
  }
  net::TlsListener& listener() { return *listener_; }

 private:
  Status admits(const Endpoint& source) override {
    if (!plain_) return success();
    const auto peer = plane_.unprotectedAt(source.address);
    return peer ? success() : Status{peer.error()};
  }
  void onConnection(std::unique_ptr<net::TlsConnection> connection) override {
    plane_.onConnection(name_, std::move(connection));
  }
  void onRefused(const Endpoint& source, const Error& reason) override { plane_.onRefused(source, reason); }
  void onHandshakeFailed(const Endpoint& source, const Error& reason) override {
    plane_.onHandshakeFailed(source, reason);
  }

  SignallingPlane& plane_;
  const std::string name_;
  bool plain_ = false;
  std::unique_ptr<net::TlsListener> listener_;
};

// The listener for browsers.
class SignallingPlane::WebDoor final : private net::WebListenerObserver {
 public:
  WebDoor(SignallingPlane& plane, std::string name) : plane_(plane), name_(std::move(name)) {}

  Status listen(const Endpoint& local, std::shared_ptr<const crypto::TlsServerContext> context,
                const net::WebListenerLimits& limits, std::shared_ptr<const net::WebRules> rules) {
    SP_ASSIGN(listener_, net::WebListener::listen(plane_.parts_.loop, local, net::PortSharing::perWorker,
                                                  std::move(context), limits, std::move(rules), *this));
    return success();
  }
  net::WebListener& listener() { return *listener_; }

 private:
  void onWebSocket(std::unique_ptr<net::TlsConnection> connection, std::string input) override {
    plane_.onWebSocket(name_, std::move(connection), input);
  }
  void onRefused(const Endpoint& source, const Error& reason) override { plane_.onRefused(source, reason); }
  void onHandshakeFailed(const Endpoint& source, const Error& reason) override {
    plane_.onHandshakeFailed(source, reason);
  }
  void onRequestRefused(const Endpoint& source, const Error& reason) override {
    plane_.onRequestRefused(source, reason);
  }

  SignallingPlane& plane_;
  const std::string name_;
  std::unique_ptr<net::WebListener> listener_;
};

bool SignallingTrust::comesFrom(const std::string& peer, const IpAddress& source) const {
  const auto allowed = networks.find(peer);
  return allowed != networks.end() && std::any_of(allowed->second.begin(), allowed->second.end(),
                                                  [&](const IpNetwork& network) { return network.contains(source); });
}

bool SignallingTrust::isUnprotected(std::string_view peer) const {
  return std::find(unprotected.begin(), unprotected.end(), peer) != unprotected.end();
}

SignallingPlane::SignallingPlane(Parts parts, std::shared_ptr<const SignallingTrust> trust)
    : parts_(std::move(parts)),
      trust_(std::move(trust)),
      next_flow_((std::uint64_t{parts_.worker} << kWorkerShift) + 1) {}

SignallingPlane::~SignallingPlane() = default;

// --- connections come and go --------------------------------------------------------------------------------

Status SignallingPlane::listen(std::string name, const Endpoint& local, net::ListenerSecurity security,
                               const net::TlsListenerLimits& limits) {
  auto door = std::make_unique<Door>(*this, std::move(name));
  SP_TRY(door->listen(local, std::move(security), limits));
  doors_.push_back(std::move(door));
  return success();
}

Status SignallingPlane::listenWeb(std::string name, const Endpoint& local,
                                  std::shared_ptr<const crypto::TlsServerContext> context,
                                  const net::WebListenerLimits& limits, std::shared_ptr<const net::WebRules> rules) {
  web_door_ = std::make_unique<WebDoor>(*this, std::move(name));
  return web_door_->listen(local, std::move(context), limits, std::move(rules));
}

void SignallingPlane::adoptWeb(std::shared_ptr<const net::WebRules> rules) {
  if (web_door_) web_door_->listener().adopt(std::move(rules));
}

Status SignallingPlane::start() {
  for (auto& door : doors_) SP_TRY(door->listener().start());
  return web_door_ ? web_door_->listener().start() : success();
}

void SignallingPlane::stopAccepting() {
  for (auto& door : doors_) door->listener().stop();
  if (web_door_) web_door_->listener().stop();
}

Endpoint SignallingPlane::listening(std::size_t index) const { return doors_[index]->listener().local(); }

void SignallingPlane::onConnection(const std::string& listener, std::unique_ptr<net::TlsConnection> connection) {
  const auto transport = transportOf(*connection);
  if (transport == Transport::tls) parts_.metrics.tlsHandshakeSucceeded(telemetry::Side::accepted);
  auto principal = principalOf(*connection);
  if (!principal) return onRefused(connection->remote(), principal.error());
  adoptConnection(std::move(connection), *std::move(principal), listener, transport);
}

// Nobody yet, wherever it comes from: a page in a peer's network is not that peer.
void SignallingPlane::onWebSocket(const std::string& listener, std::unique_ptr<net::TlsConnection> connection,
                                  std::string_view input) {
  parts_.metrics.tlsHandshakeSucceeded(telemetry::Side::accepted);
  const auto id = adoptConnection(std::move(connection), std::nullopt, listener, Transport::wss);
  static_cast<WebConnection&>(*connections_.at(static_cast<std::uint64_t>(id))).begin(input);
}

Result<std::string> SignallingPlane::unprotectedAt(const IpAddress& source) const {
  const auto& all = trust_->unprotected;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const std::string& peer) { return trust_->comesFrom(peer, source); });
  if (found != all.end()) return *found;
  return Error{ErrorKind::peerDenied, "net.source.unknown", "no unprotected peer may connect from here"};
}

Result<std::optional<identity::Principal>> SignallingPlane::principalOf(const net::TlsConnection& connection) const {
  const auto& source = connection.remote().address;
  if (transportOf(connection) == Transport::tcp) {
    SP_ASSIGN(auto peer, unprotectedAt(source));
    return std::optional{identity::Principal::fromSourceNetwork(std::move(peer))};
  }
  const auto inside = [&](const std::string& peer) { return trust_->comesFrom(peer, source); };
  if (const auto* peer = connection.peer()) {
    if (!trust_->networks.contains(peer->name()) || inside(peer->name()))
      return std::optional{identity::Principal::fromCertificate(*peer)};
    return Error{ErrorKind::peerDenied, "tls.peer.network", peer->name() + " may not connect from here"};
  }
  const auto& known = trust_->known_by_network;
  const auto found = std::find_if(known.begin(), known.end(), inside);
  if (found == known.end()) return std::optional<identity::Principal>{};
  return std::optional{identity::Principal::fromSourceNetwork(*found)};
}

void SignallingPlane::onRefused(const Endpoint& source, const Error& reason) {
  parts_.log.event(Severity::warning, "net.connection.refused",
                   {{"reason", reason.code}, {"detail", reason.detail}, {"source", source.toString()}});
}

void SignallingPlane::onHandshakeFailed(const Endpoint& source, const Error& reason) {
  parts_.metrics.tlsHandshakeFailed(telemetry::Side::accepted, reason.code);
  parts_.log.event(Severity::warning, "tls.handshake.refused",
                   {{"reason", reason.code}, {"detail", reason.detail}, {"source", source.toString()}});
}

void SignallingPlane::onRequestRefused(const Endpoint& source, const Error& reason) {
  parts_.metrics.webRequestRefused(reason.code);
  parts_.log.event(Severity::warning, "web.request.refused",
                   {{"reason", reason.code}, {"detail", reason.detail}, {"source", source.toString()}});
}

sip::FlowId SignallingPlane::adoptConnection(std::unique_ptr<net::TlsConnection> tls,
                                             std::optional<identity::Principal> principal, std::string listener,
                                             Transport transport) {
  const auto id = sip::FlowId{next_flow_++};
  const auto negotiated = tls->facts();
  const bool made = listener.empty();
  const auto* certificate = tls->peer();
  auto facts = std::make_shared<const FlowFacts>(FlowFacts{
      certificate == nullptr ? std::nullopt : std::optional{*certificate}, std::move(principal), std::move(listener),
      tls->remote(), tls->local(), std::string{negotiated.version}, std::string{negotiated.suite}, transport});
  parts_.log.event(
      Severity::info, facts->hop() == HopSecurity::tls ? "tls.connection.opened" : "plain.connection.opened",
      {{"peer", facts->peer()},
       {"identity", facts->identity()},
       {"fingerprint", certificate == nullptr ? std::string_view{} : certificate->certificate().fingerprint},
       {"remote", facts->remote.toString()},
       {"tls", facts->tls_version},
       {"suite", facts->tls_suite},
       {"transport", toString(transport)},
       {"opened_by", made ? "edge" : "peer"}});
  parts_.mesh.flows.add(id, facts);
  parts_.metrics.connectionsOpen(1);
  if (transport == Transport::wss) parts_.metrics.webSocketsOpen(1);
  if (made) made_.push_back(id);
  if (!facts->principal) unproven_.push_back(id);
  const auto key = static_cast<std::uint64_t>(id);
  if (transport == Transport::wss) {
    web_.insert(key);
    connections_.emplace(key, std::make_unique<WebConnection>(*this, id, std::move(tls), std::move(facts)));
  } else {
    connections_.emplace(key, std::make_unique<StreamConnection>(*this, id, std::move(tls), std::move(facts)));
  }
  return id;
}

void SignallingPlane::onGone(sip::FlowId flow, const Error& reason) {
  const auto found = connections_.find(static_cast<std::uint64_t>(flow));
  if (found == connections_.end()) return;
  auto connection = std::move(found->second);
  connections_.erase(found);
  std::erase(made_, flow);
  std::erase(unproven_, flow);
  kept_.erase(flow);
  if (web_.erase(static_cast<std::uint64_t>(flow)) > 0) parts_.metrics.webSocketsOpen(-1);
  parts_.metrics.connectionsOpen(-1);
  const bool secured = connection->facts()->hop() == HopSecurity::tls;
  parts_.log.event(Severity::info, secured ? "tls.connection.closed" : "plain.connection.closed",
                   {{"peer", connection->facts()->peer()},
                    {"identity", connection->facts()->identity()},
                    {"remote", connection->facts()->remote.toString()},
                    {"reason", reason.code}});
  const bool lent = parts_.mesh.flows.remove(flow);
  parts_.loop.retire(std::move(connection));
  if (calls_ != nullptr) calls_->flowClosed(flow);
  if (!lent) return;
  for (const auto& node : parts_.mesh.nodes) {
    if (node.plane == this || node.loop == nullptr) continue;
    (void)node.loop->post([plane = node.plane, flow] { plane->flowLost(flow); });
  }
}

void SignallingPlane::flowLost(sip::FlowId flow) { calls_->flowClosed(flow); }

void SignallingPlane::endUntrusted(const AuthenticationRules& rules) {
  for (auto& [id, connection] : connections_) {
    const auto still = stillTrusted(*connection, rules);
    if (still) continue;
    parts_.log.event(Severity::warning, "tls.peer.withdrawn",
                     {{"peer", connection->facts()->peer()},
                      {"identity", connection->facts()->identity()},
                      {"reason", still.error().code}});
    // Before the connection ends, so that its calls can say so. They may be on any worker.
    for (const auto& node : parts_.mesh.nodes) {
      if (node.plane == this || node.loop == nullptr) continue;
      (void)node.loop->post([plane = node.plane, flow = connection->id()] { plane->calls_->trustWithdrawn(flow); });
    }
    calls_->trustWithdrawn(connection->id());
    connection->close(still.error());
  }
}

Status SignallingPlane::stillTrusted(const Connection& connection, const AuthenticationRules& rules) const {
  SP_TRY(connectionStands(connection));
  const auto& facts = *connection.facts();
  return facts.principal ? rules.stillStands(facts.listener, *facts.principal) : success();
}

// What a connection has shown at its beginning.
Status SignallingPlane::connectionStands(const Connection& connection) const {
  const auto& facts = *connection.facts();
  if (facts.certificate) {
    const auto still = trust_->peers->reverify(*facts.certificate, parts_.clock.wall());
    return still ? success() : Status{still.error()};
  }
  if (!facts.principal || !facts.principal->provenBy(identity::Proof::network)) return success();
  if (facts.hop() == HopSecurity::plain && facts.listener.empty()) {
    if (trust_->isUnprotected(facts.peer())) return success();
    return Error{ErrorKind::peerDenied, "net.peer.protected",
                 std::string{facts.peer()} + " is not unprotected any more"};
  }
  const auto now = principalOf(connection.tls());
  if (now && *now && (*now)->identity() == facts.identity()) return success();
  return Error{ErrorKind::peerDenied, "tls.peer.network", std::string{facts.peer()} + " may not connect from here"};
}

void SignallingPlane::watch() {
  const auto now = parts_.loop.now();
  while (!unproven_.empty()) {
    auto* connection = find(unproven_.front());
    if (connection != nullptr && now - connection->since() < kProofLimit) break;
    unproven_.erase(unproven_.begin());
    if (connection == nullptr) continue;
    connection->close(Error{ErrorKind::peerDenied, "tls.peer.unproven", "nobody was proven in time"});
  }
  for (const auto id : made_) {
    if (auto* connection = find(id)) connection->keepAlive(now);
  }
  for (const auto id : web_) connections_.at(id)->keepAlive(now);
  for (const auto id : kept_) {
    if (auto* connection = find(id)) connection->keepAlive(now);
  }
}

// --- messages -------------------------------------------------------------------------------------------------

void SignallingPlane::onMessage(Connection& connection, std::string frame) {
  auto message = sip::Message::parse(frame, parts_.limits);
  if (!message) {
    const auto& error = message.error();
    parts_.log.event(Severity::warning, "sip.message.refused",
                     {{"reason", error.code},
                      {"detail", error.detail},
                      {"peer", connection.facts()->peer()},
                      {"identity", connection.facts()->identity()}});
    const int status = sip::statusFor(error);
    if (const auto answer = sip::salvageResponse(frame, status, sip::reasonPhrase(status))) {
      connection.send(*answer);
    }
    if (connection.tooManyMalformed()) {
      connection.close(Error{ErrorKind::peerMisbehaved, "sip.malformed.repeated", "too many unreadable messages"});
    }
    return;
  }
  if (message->isRequest()) message = withReceived(*std::move(message), connection.facts()->remote, parts_.limits);
  const unsigned owner = ownerOf(*message);
  if (owner == parts_.worker) return calls_->receive(connection.id(), *std::move(message));
  const auto& node = parts_.mesh.nodes[owner];
  parts_.mesh.flows.lend(connection.id());
  (void)node.loop->post([plane = node.plane, flow = connection.id(), moved = *std::move(message)]() mutable {
    plane->deliver(flow, std::move(moved));
  });
}

void SignallingPlane::deliver(sip::FlowId flow, sip::Message message) { calls_->receive(flow, std::move(message)); }

// Framing is in doubt: what follows cannot be told from what was meant (threats: a hidden second message).
void SignallingPlane::onStreamFailed(Connection& connection, const Error& error) {
  parts_.log.event(Severity::warning, "sip.stream.refused",
                   {{"reason", error.code},
                    {"detail", error.detail},
                    {"peer", connection.facts()->peer()},
                    {"identity", connection.facts()->identity()}});
  const int status = sip::statusFor(error);
  if (const auto answer = sip::salvageResponse(connection.unread(), status, sip::reasonPhrase(status))) {
    connection.send(*answer);
  }
  connection.close(error);
}

unsigned SignallingPlane::ownerOf(const sip::Message& message) const {
  const auto workers = parts_.mesh.nodes.size();
  if (!message.isRequest()) {
    auto branch = message.topmostVia().branch();
    if (branch.starts_with(kBranchCookie)) branch.remove_prefix(kBranchCookie.size());
    return leadingWorker(branch, workers).value_or(parts_.worker);
  }
  if (!message.toTag().empty()) return leadingWorker(message.toTag(), workers).value_or(parts_.worker);
  if (message.method() == sip::Method::cancel)
    return parts_.mesh.calls.ownerOf(message.callId()).value_or(parts_.worker);
  // Who takes a dialog over (RFC 3891) asks the worker that has it.
  if (const auto named = message.header(sip::HeaderId::replaces)) {
    if (const auto replaces = Replaces::parse(*named)) {
      return leadingWorker(replaces->to_tag, workers).value_or(parts_.worker);
    }
  }
  return parts_.worker;
}

}  // namespace sallyport::call
