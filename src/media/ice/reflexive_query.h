// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asks a STUN server at which address it sees a socket of ours (RFC 8445 5.1.1.2, RFC 8489): behind a NAT that is the
// server-reflexive candidate. Once found it is kept alive until nobody needs it any more (RFC 8445 5.1.1.4).
//
// The server is whom the owner of the phone has named, and nothing proves that it tells the truth: what it says is an
// address to be told to the peer, never one that we send to. It is asked without credentials; an error of any kind is
// no candidate, and no other server is asked in its place.
//
// One per socket, its owner's. No I/O, no clock: datagrams and time come in, requests go out.

#include <chrono>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "media/ice/own_checks.h"

namespace sallyport::media::ice {

class ReflexiveQuery {
 public:
  struct Settings {
    Endpoint server;
    Endpoint base;            // the socket's own address
    AddressPolicy addresses;  // which the server may say
  };

  // The schedule of RFC 8489 6.2.1, shortened, for a call waits: requests at 0, 0.5 and 1.5 s, given up after 2.5 s.
  static constexpr unsigned kTransmissions = 3;  // Rc
  static constexpr unsigned kLastWait = 2;       // Rm
  static constexpr std::chrono::seconds kKeepAlive{15};

  ReflexiveQuery(Settings settings, TimePoint now);

  bool isAsking() const { return asking_; }  // else there is a candidate, or there will be none
  // Nothing, too, where it is the socket's own address (RFC 8445 5.1.3).
  const std::optional<Endpoint>& found() const { return found_; }

  // Whether it was the server's answer; what is not changes nothing.
  bool onStun(const Endpoint& source, Bytes datagram, TimePoint now);
  void advance(TimePoint now);
  std::optional<TimePoint> deadline() const;
  std::vector<Transmission> takeTransmissions() { return std::exchange(outbox_, {}); }

 private:
  void ask(TimePoint now);
  bool isUsable(const Endpoint& mapped) const;

  const Settings settings_;
  OwnChecks requests_;
  std::vector<Transmission> outbox_;
  bool asking_ = true;
  std::optional<Endpoint> found_;
  std::optional<TimePoint> again_;  // to keep it alive
};

}  // namespace sallyport::media::ice
