// SPDX-License-Identifier: Apache-2.0
#pragma once
// The SIP connections of one worker, accepted and made: of verified peers, and on listeners that take clients
// without a certificate, of those who have yet to prove themselves and have half a minute for it. Peers that are
// configured as unprotected come in without TLS at the listener for them, from their networks and by nothing else, and
// are reached so. Browsers come in by WebSocket (RFC 7118), proven by nothing but what their requests prove. Cuts their
// bytes into messages, answers keep-alives (RFC 5626 3.5.1), hands each message to the worker that owns its call,
// and lends connections to calls by peer: one is used only for the peer it was verified for.
//
// One per worker, used on its thread; other workers reach it through the mesh's loops.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "call/authentication.h"
#include "call/call_directory.h"
#include "call/challenge_answers.h"
#include "call/flow_directory.h"
#include "call/ports.h"
#include "call/turn_credentials.h"
#include "crypto/peer_directory.h"
#include "crypto/tls_context.h"
#include "net/loop.h"
#include "net/tls_connection.h"
#include "net/tls_dialer.h"
#include "net/tls_listener.h"
#include "net/web_listener.h"
#include "sip/stream_framer.h"
#include "telemetry/event.h"
#include "telemetry/metrics.h"

namespace sallyport::call {

class CallServer;
class SignallingPlane;

// What all workers share. Nodes are filled before the workers start, then immutable.
struct PlaneMesh {
  struct Node {
    net::Loop* loop = nullptr;
    SignallingPlane* plane = nullptr;
  };
  std::vector<Node> nodes;
  FlowDirectory flows;
  CallDirectory calls;
  std::atomic<std::size_t> live_calls{0};
};

// Whom we trust and how we present ourselves; immutable, swapped whole on reload.
struct SignallingTrust {
  std::shared_ptr<const crypto::PeerDirectory> peers;
  std::unordered_map<std::string, std::shared_ptr<const crypto::TlsClientContext>> clients;  // by peer name
  std::unordered_map<std::string, std::vector<IpNetwork>> networks;  // by peer name; absent: from anywhere
  std::vector<std::string> known_by_network;    // peers that show no certificate: their networks are their proof
  std::vector<std::string> unprotected;         // peers without TLS: theirs too
  std::vector<PeerAccount> accounts;            // what answers the challenges of peers
  std::shared_ptr<const TurnCredentials> turn;  // null: there is no TURN server

  bool comesFrom(const std::string& peer, const IpAddress& source) const;  // never, for a peer without networks
  bool isUnprotected(std::string_view peer) const;
};

class SignallingPlane final : public Flows {
 public:
  struct Parts {
    unsigned worker = 0;
    net::Loop& loop;
    PlaneMesh& mesh;
    telemetry::EventSink& log;
    telemetry::WorkerMetrics& metrics;
    sip::ParseLimits limits;
    const Clock& clock;
  };

  SignallingPlane(Parts parts, std::shared_ptr<const SignallingTrust> trust);
  ~SignallingPlane() override;

  void setCalls(CallServer& calls) { calls_ = &calls; }
  // Binds; accepts nobody before start(). Without TLS: unprotected peers, and only they.
  Status listen(std::string name, const Endpoint& local, net::ListenerSecurity security,
                const net::TlsListenerLimits& limits);
  // The one for browsers, at most once; as listen().
  Status listenWeb(std::string name, const Endpoint& local, std::shared_ptr<const crypto::TlsServerContext> context,
                   const net::WebListenerLimits& limits, std::shared_ptr<const net::WebRules> rules);
  Status start();
  void stopAccepting();
  void adoptWeb(std::shared_ptr<const net::WebRules> rules);  // where there is a listener for browsers

  // For connections from now on.
  void adopt(std::shared_ptr<const SignallingTrust> trust) { trust_ = std::move(trust); }
  // Ends the connections of those who are no longer trusted ("tls.peer.withdrawn"), with their bindings and calls. To
  // be asked once every worker judges by these rules: a request on another worker may prove who is on a connection.
  void endUntrusted(const AuthenticationRules& rules);
  void watch();  // once a second: keep-alives, and who has not proven itself in time

  // A message that arrived on another worker's connection, for a call of ours.
  void deliver(sip::FlowId flow, sip::Message message);
  void flowLost(sip::FlowId flow);  // a lent connection of another worker is gone

  void send(sip::FlowId flow, std::string_view bytes) override;
  std::shared_ptr<const FlowFacts> facts(sip::FlowId flow) const override;
  void prove(sip::FlowId flow, identity::Principal principal) override;
  void keepUp(sip::FlowId flow) override;
  void acquire(const Target& target, Ready ready) override;

  std::size_t connections() const { return connections_.size(); }
  Endpoint listening(std::size_t index) const;

 private:
  class Connection;
  class StreamConnection;
  class WebConnection;
  class Door;
  class WebDoor;
  using DialKey = std::pair<std::string, Endpoint>;  // a peer, and which of its servers
  struct Dialing {
    HopSecurity hop = HopSecurity::tls;
    std::unique_ptr<net::Dial> dial;
    std::vector<Ready> waiting;
  };

  void onConnection(const std::string& listener, std::unique_ptr<net::TlsConnection> connection);
  void onWebSocket(const std::string& listener, std::unique_ptr<net::TlsConnection> connection, std::string_view input);
  void onRefused(const Endpoint& source, const Error& reason);
  void onHandshakeFailed(const Endpoint& source, const Error& reason);
  void onRequestRefused(const Endpoint& source, const Error& reason);

  // The unprotected peer that may come in from there. Error: "net.source.unknown".
  Result<std::string> unprotectedAt(const IpAddress& source) const;
  std::optional<net::DialSecurity> securityFor(const PeerPolicy& peer) const;
  std::optional<sip::FlowId> openTo(const Target& target) const;
  // Who stands there as far as the connection alone tells. Errors: "tls.peer.network", "net.source.unknown".
  Result<std::optional<identity::Principal>> principalOf(const net::TlsConnection& connection) const;
  Status stillTrusted(const Connection& connection, const AuthenticationRules& rules) const;
  Status connectionStands(const Connection& connection) const;
  sip::FlowId adoptConnection(std::unique_ptr<net::TlsConnection> tls, std::optional<identity::Principal> principal,
                              std::string listener, Transport transport);
  void onDialed(const DialKey& to, Result<std::unique_ptr<net::TlsConnection>> result);
  void onMessage(Connection& connection, std::string frame);
  void onStreamFailed(Connection& connection, const Error& error);
  void onGone(sip::FlowId flow, const Error& reason);
  unsigned ownerOf(const sip::Message& message) const;
  Connection* find(sip::FlowId flow) const;

  Parts parts_;
  std::shared_ptr<const SignallingTrust> trust_;
  CallServer* calls_ = nullptr;
  std::vector<std::unique_ptr<Door>> doors_;
  std::unique_ptr<WebDoor> web_door_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<sip::FlowId> made_;          // those we opened, kept alive by us
  std::unordered_set<std::uint64_t> web_;  // WebSockets, kept alive by us too
  std::set<sip::FlowId> kept_;             // accepted, and somebody is registered over them: likewise
  std::vector<sip::FlowId> unproven_;      // in the order of their coming
  std::map<DialKey, Dialing> dialing_;
  std::uint64_t next_flow_ = 1;
};

}  // namespace sallyport::call
