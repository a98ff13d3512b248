// SPDX-License-Identifier: Apache-2.0
#pragma once
// What calls need of the world, as small interfaces: connections to send SIP on, and pinholes to
// relay media through. The signalling and media planes supply them; tests supply their own.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "call/target.h"
#include "call/transcoding_slots.h"
#include "call/via.h"
#include "config/config.h"
#include "core/endpoint.h"
#include "core/result.h"
#include "crypto/dtls_certificate.h"
#include "crypto/verified_peer.h"
#include "identity/principal.h"
#include "media/relay.h"
#include "sip/transaction_layer.h"

namespace sallyport::call {

// What is known of a connection. Immutable; replaced whole when a request on it has proven more.
struct FlowFacts {
  std::optional<crypto::VerifiedPeer> certificate;  // none: the other side showed none
  std::optional<identity::Principal> principal;     // nobody yet, where certificates are optional
  std::string listener;                             // its name; empty: we made the connection
  Endpoint remote;
  Endpoint local;
  std::string tls_version;  // empty where there is none
  std::string tls_suite;
  Transport transport = Transport::tls;

  HopSecurity hop() const { return hopOf(transport); }
  // Empty while nobody is proven.
  std::string_view peer() const { return principal ? std::string_view{principal->peer()} : std::string_view{}; }
  std::string_view identity() const { return principal ? std::string_view{principal->identity()} : std::string_view{}; }
};

class Flows {
 public:
  virtual ~Flows() = default;
  virtual void send(sip::FlowId flow, std::string_view bytes) = 0;
  // Nothing once the flow is gone. The pointer is good until the next turn of the loop.
  virtual std::shared_ptr<const FlowFacts> facts(sip::FlowId flow) const = 0;
  // A request on this flow has proven who is there. A flow keeps one identity for its life.
  virtual void prove(sip::FlowId flow, identity::Principal principal) = 0;
  // Somebody has registered over this flow and is called on it: it is kept alive from our side too.
  virtual void keepUp(sip::FlowId) {}
  // The target's own flow when it names one ("call.flow.gone" when that is closed), else a live flow of its peer,
  // at its address when it names one, or a new connection there, verified as that peer. An unprotected peer is reached
  // without TLS, and nobody else ever is ("call.flow.unprotected"). `ready` is called exactly
  // once, possibly before acquire() returns.
  using Ready = std::function<void(Result<sip::FlowId>)>;
  virtual void acquire(const Target& target, Ready ready) = 0;
};

// Where media towards a party is: on an address of ours of that family, which SDP calls by another one where the
// listener that the party comes by says so.
struct MediaPlace {
  MediaPlace(IpAddress::Family of, config::MediaAdvertise instead = {}) : family(of), announced(std::move(instead)) {}
  IpAddress::Family family;
  config::MediaAdvertise announced;
};

// A pair of local ports on one side of a call.
struct Pinhole {
  Endpoint rtp;  // as bound
  Endpoint rtcp;
  IpAddress advertised;  // the address that stands in SDP
};

// Hears what comes to a pair of ports and is neither RTP nor RTCP (RFC 7983).
class PathEvents {
 public:
  enum class Heard : std::uint8_t { taken, dropped };

  virtual ~PathEvents() = default;
  virtual Heard onPathDatagram(unsigned pair, const Endpoint& source, Bytes datagram, TimePoint now) = 0;
};

// A call's open ports; destroying it closes them. A side may have several pairs, one for each place that may come
// to take it (forks, a new party); datagrams go through the relay on the one pair in use on each side, and are
// dropped on the others.
class MediaPorts {
 public:
  using Pair = unsigned;

  virtual ~MediaPorts() = default;
  // An address of this family where we have one. Error: "net.ports.exhausted".
  virtual Result<Pair> open(media::Side side, IpAddress::Family family) = 0;
  virtual const Pinhole& pinhole(Pair pair) const = 0;
  virtual void use(Pair pair) = 0;  // its side's media goes here from now on
  virtual void close(Pair pair) = 0;
  virtual void closeRtcp(Pair pair) = 0;  // rtcp-mux was agreed
  // What the relay has made, not passed on: from the port in use on the verdict's side.
  virtual void send(const media::Verdict& verdict, MutableBytes datagram) = 0;
  // STUN and DTLS, from the RTP port of that pair.
  virtual void send(Pair from, const Endpoint& to, Bytes datagram) = 0;
};

class MediaPortFactory {
 public:
  virtual ~MediaPortFactory() = default;
  // For a call's relay and who hears the rest, which outlive them; no port is open yet.
  virtual std::unique_ptr<MediaPorts> portsFor(media::Relay& relay, PathEvents& path) = 0;
  // What a leg that is keyed by DTLS shows. Errors: as crypto::DtlsCertificate::generate().
  virtual Result<std::shared_ptr<const crypto::DtlsCertificate>> certificate(WallTime wall) = 0;
  // The process's, for calls whose two sides share no codec.
  virtual TranscodingSlots& transcoding() = 0;
};

}  // namespace sallyport::call
