// SPDX-License-Identifier: Apache-2.0
#include "call/signalling_plane.h"

#include <algorithm>

#include "call/call_server.h"
#include "core/numbers.h"
#include "sip/request_check.h"

namespace sallyport::call {
namespace {

using telemetry::Severity;

constexpr unsigned kWorkerShift = 48;                     // FlowId: worker in the upper 16 bits, a count below
constexpr unsigned kMalformedLimit = 20;                  // unreadable messages before a connection is given up
constexpr auto kMessageLimit = std::chrono::seconds{10};  // from the first byte of a message to its last
constexpr auto kPingInterval = std::chrono::seconds{30};  // RFC 5626 4.4.1 allows up to 120 s
constexpr auto kPongLimit = std::chrono::seconds{10};
constexpr auto kProofLimit = std::chrono::seconds{32};  // a client transaction's whole life, for the last challenge
constexpr std::string_view kBranchCookie = "z9hG4bK";

unsigned workerOf(sip::FlowId flow) { return static_cast<unsigned>(static_cast<std::uint64_t>(flow) >> kWorkerShift); }

// The worker's number that our tags and branches begin with: "3-...".
std::optional<unsigned> leadingWorker(std::string_view token, std::size_t workers) {
  const auto dash = token.find('-');
  if (dash == std::string_view::npos || dash > 4) return std::nullopt;
  const auto number = parseUnsigned(token.substr(0, dash), 0, workers - 1);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

}  // namespace

// One connection and the bytes on it.
class SignallingPlane::Connection final : public net::TlsHandler {
 public:
  Connection(SignallingPlane& plane, sip::FlowId id, std::unique_ptr<net::TlsConnection> tls,
             std::shared_ptr<const FlowFacts> facts)
      : plane_(plane), id_(id), tls_(std::move(tls)), facts_(std::move(facts)), framer_(plane.parts_.limits) {
    since_ = heard_ = plane_.parts_.loop.now();
    tls_->setHandler(*this);
  }

  void onBytes(std::string_view bytes) override {
    heard_ = plane_.parts_.loop.now();
    pinged_ = false;
    framer_.append(bytes);
    while (tls_->open()) {
      auto event = framer_.next();
      if (!event) return plane_.onStreamFailed(*this, event.error());
      if (auto* frame = std::get_if<sip::StreamFramer::Frame>(&*event)) {
        plane_.onMessage(*this, std::move(frame->bytes));
      } else if (std::holds_alternative<sip::StreamFramer::Ping>(*event)) {
        (void)tls_->send("\r\n");
      } else if (std::holds_alternative<sip::StreamFramer::Pong>(*event)) {
        answers_pings_ = true;
      } else if (std::holds_alternative<sip::StreamFramer::NeedMore>(*event)) {
        break;
      }
    }
    if (framer_.inMessage()) {
      tls_->messageBegun(kMessageLimit);
    } else {
      tls_->messageComplete();
    }
  }
  void onClosed(const Error& reason) override { plane_.onGone(id_, reason); }

  // RFC 5626 4.4.1: a connection that answered pings and does so no more is dead, whatever TCP believes. Most trunks
  // never answer one: to them a ping is no more than a sign of life to what stands between.
  void keepAlive(TimePoint now) {
    if (pinged_ && answers_pings_ && now - pinged_at_ > kPongLimit) {
      return tls_->close(Error{ErrorKind::unavailable, "net.keepalive.timeout", "no answer to a ping"});
    }
    if (now - (pinged_ ? pinged_at_ : heard_) < kPingInterval) return;
    pinged_ = true;
    pinged_at_ = now;
    (void)tls_->send("\r\n\r\n");
  }

  sip::FlowId id() const { return id_; }
  net::TlsConnection& tls() { return *tls_; }
  const net::TlsConnection& tls() const { return *tls_; }
  const std::shared_ptr<const FlowFacts>& facts() const { return facts_; }
  void learn(std::shared_ptr<const FlowFacts> facts) { facts_ = std::move(facts); }
  TimePoint since() const { return since_; }
  std::string_view unread() const { return framer_.pending(); }
  bool tooManyMalformed() { return ++malformed_ > kMalformedLimit; }

 private:
  SignallingPlane& plane_;
  const sip::FlowId id_;
  std::unique_ptr<net::TlsConnection> tls_;
  std::shared_ptr<const FlowFacts> facts_;
  sip::StreamFramer framer_;
  TimePoint since_{}, heard_{}, pinged_at_{};
  bool pinged_ = false;         // since it was last heard
  bool answers_pings_ = false;  // has done so before
  unsigned malformed_ = 0;
};

// One listener, by its name.
class SignallingPlane::Door final : private net::TlsListenerObserver {
 public:
  Door(SignallingPlane& plane, std::string name) : plane_(plane), name_(std::move(name)) {}

  Status listen(const Endpoint& local, std::shared_ptr<const crypto::TlsServerContext> context,
                const net::TlsListenerLimits& limits) {
    SP_ASSIGN(listener_, net::TlsListener::listen(plane_.parts_.loop, local, net::PortSharing::perWorker,
                                                  std::move(context), limits, *this));
    return success();
  }
  net::TlsListener& listener() { return *listener_; }

 private:
  void onConnection(std::unique_ptr<net::TlsConnection> connection) override {
    plane_.onConnection(name_, std::move(connection));
  }
  void onRefused(const Endpoint& source, const Error& reason) override { plane_.onRefused(source, reason); }
  void onHandshakeFailed(const Endpoint& source, const Error& reason) override {
    plane_.onHandshakeFailed(source, reason);
  }

  SignallingPlane& plane_;
  const std::string name_;
  std::unique_ptr<net::TlsListener> listener_;
};

SignallingPlane::SignallingPlane(Parts parts, std::shared_ptr<const SignallingTrust> trust)
    : parts_(std::move(parts)),
      trust_(std::move(trust)),
      next_flow_((std::uint64_t{parts_.worker} << kWorkerShift) + 1) {}

SignallingPlane::~SignallingPlane() = default;

// --- connections come and go --------------------------------------------------------------------------------

Status SignallingPlane::listen(std::string name, const Endpoint& local,
                               std::shared_ptr<const crypto::TlsServerContext> context,
                               const net::TlsListenerLimits& limits) {
  auto door = std::make_unique<Door>(*this, std::move(name));
  SP_TRY(door->listen(local, std::move(context), limits));
  doors_.push_back(std::move(door));
  return success();
}

Status SignallingPlane::start() {
  for (auto& door : doors_) SP_TRY(door->listener().start());
  return success();
}

void SignallingPlane::stopAccepting() {
  for (auto& door : doors_) door->listener().stop();
}

Endpoint SignallingPlane::listening(std::size_t index) const { return doors_[index]->listener().local(); }

void SignallingPlane::onConnection(const std::string& listener, std::unique_ptr<net::TlsConnection> connection) {
  parts_.metrics.tlsHandshakeSucceeded(telemetry::Side::accepted);
  auto principal = principalOf(*connection);
  if (!principal) return onRefused(connection->remote(), principal.error());
  adoptConnection(std::move(connection), *std::move(principal), listener);
}

Result<std::optional<identity::Principal>> SignallingPlane::principalOf(const net::TlsConnection& connection) const {
  const auto& source = connection.remote().address;
  const auto inside = [&](const std::string& peer) {
    const auto allowed = trust_->networks.find(peer);
    return allowed != trust_->networks.end() &&
           std::any_of(allowed->second.begin(), allowed->second.end(),
                       [&](const IpNetwork& network) { return network.contains(source); });
  };
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

sip::FlowId SignallingPlane::adoptConnection(std::unique_ptr<net::TlsConnection> tls,
                                             std::optional<identity::Principal> principal, std::string listener) {
  const auto id = sip::FlowId{next_flow_++};
  const auto negotiated = tls->facts();
  const bool made = listener.empty();
  const auto* certificate = tls->peer();
  auto facts = std::make_shared<const FlowFacts>(FlowFacts{
      certificate == nullptr ? std::nullopt : std::optional{*certificate}, std::move(principal), std::move(listener),
      tls->remote(), tls->local(), std::string{negotiated.version}, std::string{negotiated.suite}});
  parts_.log.event(
      Severity::info, "tls.connection.opened",
      {{"peer", facts->peer()},
       {"identity", facts->identity()},
       {"fingerprint", certificate == nullptr ? std::string_view{} : certificate->certificate().fingerprint},
       {"remote", facts->remote.toString()},
       {"tls", facts->tls_version},
       {"suite", facts->tls_suite},
       {"opened_by", made ? "edge" : "peer"}});
  parts_.mesh.flows.add(id, facts);
  parts_.metrics.connectionsOpen(1);
  if (made) made_.push_back(id);
  if (!facts->principal) unproven_.push_back(id);
  connections_.emplace(static_cast<std::uint64_t>(id),
                       std::make_unique<Connection>(*this, id, std::move(tls), std::move(facts)));
  return id;
}

void SignallingPlane::onGone(sip::FlowId flow, const Error& reason) {
  const auto found = connections_.find(static_cast<std::uint64_t>(flow));
  if (found == connections_.end()) return;
  auto connection = std::move(found->second);
  connections_.erase(found);
  std::erase(made_, flow);
  std::erase(unproven_, flow);
  parts_.metrics.connectionsOpen(-1);
  parts_.log.event(Severity::info, "tls.connection.closed",
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

void SignallingPlane::adopt(std::shared_ptr<const SignallingTrust> trust) {
  trust_ = std::move(trust);
  for (auto& [id, connection] : connections_) {
    const auto still = stillTrusted(*connection);
    if (still) continue;
    parts_.log.event(Severity::warning, "tls.peer.withdrawn",
                     {{"peer", connection->facts()->peer()},
                      {"identity", connection->facts()->identity()},
                      {"reason", still.error().code}});
    connection->tls().close(still.error());
  }
}

// What stood at the beginning still stands. A password's or a token's proof is judged again with every request.
Status SignallingPlane::stillTrusted(const Connection& connection) const {
  const auto& facts = *connection.facts();
  if (facts.certificate) {
    const auto still = trust_->peers->reverify(*facts.certificate, parts_.clock.wall());
    return still ? success() : Status{still.error()};
  }
  if (!facts.principal || !facts.principal->provenBy(identity::Proof::network)) return success();
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
    connection->tls().close(Error{ErrorKind::peerDenied, "tls.peer.unproven", "nobody was proven in time"});
  }
  for (const auto id : made_) {
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
      (void)connection.tls().send(*answer);
    }
    if (connection.tooManyMalformed()) {
      connection.tls().close(
          Error{ErrorKind::peerMisbehaved, "sip.malformed.repeated", "too many unreadable messages"});
    }
    return;
  }
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
    (void)connection.tls().send(*answer);
  }
  connection.tls().close(error);
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
  return parts_.worker;
}

// --- Flows ---------------------------------------------------------------------------------------------------------

SignallingPlane::Connection* SignallingPlane::find(sip::FlowId flow) const {
  const auto found = connections_.find(static_cast<std::uint64_t>(flow));
  return found == connections_.end() ? nullptr : found->second.get();
}

void SignallingPlane::send(sip::FlowId flow, std::string_view bytes) {
  if (auto* connection = find(flow)) {
    (void)connection->tls().send(bytes);  // a refusal ends the connection, which we then hear of
    return;
  }
  const unsigned owner = workerOf(flow);
  if (owner == parts_.worker || owner >= parts_.mesh.nodes.size()) return;  // gone meanwhile
  const auto& node = parts_.mesh.nodes[owner];
  (void)node.loop->post([plane = node.plane, flow, copy = std::string{bytes}] {
    if (auto* connection = plane->find(flow)) (void)connection->tls().send(copy);
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

void SignallingPlane::acquire(const Target& target, Ready ready) {
  const auto& peer = *target.peer;
  if (target.flow) {
    if (facts(*target.flow)) return ready(*target.flow);
    return ready(Error{ErrorKind::unavailable, "call.flow.gone", target.label});
  }
  for (const auto id : made_) {
    auto* connection = find(id);
    if (connection == nullptr || !connection->tls().open() || connection->facts()->peer() != peer.name) continue;
    if (!target.address || connection->facts()->remote == *target.address) return ready(id);
  }
  const auto address = target.address ? target.address : peer.address;
  const auto context = trust_->clients.find(peer.name);
  if (!address || context == trust_->clients.end()) {
    if (const auto flow = parts_.mesh.flows.ofPeer(peer.name)) return ready(*flow);
    return ready(
        Error{ErrorKind::unavailable, "call.peer.not_connected", peer.name + " has no address and is not connected"});
  }
  const DialKey key{peer.name, *address};
  auto& dialing = dialing_[key];
  dialing.waiting.push_back(std::move(ready));
  if (dialing.dial) return;
  dialing.dial = net::Dial::start(
      parts_.loop, {{*address}, context->second}, {},
      [this, key](Result<std::unique_ptr<net::TlsConnection>> result) { onDialed(key, std::move(result)); });
}

void SignallingPlane::onDialed(const DialKey& to, Result<std::unique_ptr<net::TlsConnection>> result) {
  const auto found = dialing_.find(to);
  if (found == dialing_.end()) return;
  auto waiting = std::move(found->second.waiting);
  parts_.loop.retire(std::move(found->second.dial));
  dialing_.erase(found);
  if (!result) {
    parts_.metrics.tlsHandshakeFailed(telemetry::Side::connected, result.error().code);
    parts_.log.event(Severity::warning, "tls.connect.failed",
                     {{"peer", to.first},
                      {"address", to.second.toString()},
                      {"reason", result.error().code},
                      {"detail", result.error().detail}});
    for (auto& ready : waiting) ready(result.error());
    return;
  }
  parts_.metrics.tlsHandshakeSucceeded(telemetry::Side::connected);
  auto principal = identity::Principal::fromCertificate(*(*result)->peer());
  const auto id = adoptConnection(*std::move(result), std::move(principal), {});
  for (auto& ready : waiting) ready(id);
}

}  // namespace sallyport::call
