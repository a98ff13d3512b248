// SPDX-License-Identifier: Apache-2.0
#pragma once
// What calls need of the world, as small interfaces: connections to send SIP on, and pinholes to
// relay media through. The signalling and media planes supply them; tests supply their own.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "call/target.h"
#include "core/endpoint.h"
#include "core/result.h"
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
  std::string tls_version;
  std::string tls_suite;

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
  // The target's own flow when it names one ("call.flow.gone" when that is closed), else a live flow of its peer,
  // at its address when it names one, or a new connection there, verified as that peer. `ready` is called exactly
  // once, possibly before acquire() returns.
  using Ready = std::function<void(Result<sip::FlowId>)>;
  virtual void acquire(const Target& target, Ready ready) = 0;
};

// The local ports of one side of a call, closed when this goes.
struct Pinhole {
  Endpoint rtp;  // as bound
  Endpoint rtcp;
  IpAddress advertised;  // the address that stands in SDP
};

// A call's open ports on both sides; destroying it closes them. While it lives, datagrams go through
// the relay it was opened for.
class MediaPorts {
 public:
  virtual ~MediaPorts() = default;
  virtual const Pinhole& pinhole(media::Side side) const = 0;
  virtual void closeRtcp(media::Side side) = 0;  // rtcp-mux was agreed
};

class MediaPortFactory {
 public:
  virtual ~MediaPortFactory() = default;
  // Addresses of these families where we have them. Error: "net.ports.exhausted". `relay` outlives the ports.
  virtual Result<std::unique_ptr<MediaPorts>> open(media::Relay& relay, IpAddress::Family a, IpAddress::Family b) = 0;
};

}  // namespace sallyport::call
