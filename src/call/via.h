// SPDX-License-Identifier: Apache-2.0
#pragma once
// How we are named on the hop to a peer: in Via, and in the URIs that lead back to us (Contact, Path, Route; RFC 3261
// 18.1.1, RFC 7118 5). The branch begins with the worker's number, so that a response on another worker's connection
// finds its transaction. Values; any thread.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "call/sips.h"

namespace sallyport::call {

std::string newBranch(unsigned worker);

// What SIP goes in on a connection. A WebSocket is always a secure one.
enum class Transport : std::uint8_t { tcp, tls, wss };
inline HopSecurity hopOf(Transport transport) {
  return transport == Transport::tcp ? HopSecurity::plain : HopSecurity::tls;
}
// Of a connection that we would make.
inline Transport streamOver(HopSecurity hop) { return hop == HopSecurity::plain ? Transport::tcp : Transport::tls; }
std::string_view toString(Transport transport);  // "wss"

// host:port of ours for each kind of connection, and for each listener that is known by another name.
class SentBy {
 public:
  // `plain` stands where there is a listener for unprotected peers, and only they are ever told it; `web` where there
  // is one for browsers.
  SentBy(std::string tls, std::string plain = {}, std::string web = {})
      : tls_(std::move(tls)), plain_(std::move(plain)), web_(std::move(web)) {}
  // What is said of a TLS listener to who comes by it.
  void name(std::string listener, std::string host_and_port) {
    listeners_[std::move(listener)] = std::move(host_and_port);
  }

  // `listener` is the one a connection came by: empty for one that we made, and where it is not named apart.
  const std::string& on(Transport transport, std::string_view listener = {}) const;
  // "SIP/2.0/TLS edge.example:5061;branch=z9hG4bK0-..."
  std::string via(Transport transport, std::string_view branch, std::string_view listener = {}) const;
  // "sip:user@edge.example:5061;transport=tls"; the host alone when `user` is empty.
  std::string uri(Transport transport, std::string_view user = {}, std::string_view listener = {}) const;

 private:
  std::string tls_, plain_, web_;
  std::map<std::string, std::string, std::less<>> listeners_;
};

// The URI that leads back to where a request of ours comes from, as the value of its Via says.
std::string uriBack(std::string_view via, std::string_view user);

}  // namespace sallyport::call
