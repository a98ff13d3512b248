// SPDX-License-Identifier: Apache-2.0
#pragma once
// How we are named on the hop to a peer: in Via, and in the URIs that lead back to us (Contact, Path, Route; RFC 3261
// 18.1.1, RFC 7118 5). The branch begins with the worker's number, so that a response on another worker's connection
// finds its transaction. Values; any thread.

#include <cstdint>
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

// host:port of ours for each kind of connection.
class SentBy {
 public:
  // `plain` stands where there is a listener for unprotected peers, and only they are ever told it; `web` where there
  // is one for browsers.
  SentBy(std::string tls, std::string plain = {}, std::string web = {})
      : tls_(std::move(tls)), plain_(std::move(plain)), web_(std::move(web)) {}

  const std::string& on(Transport transport) const;
  // "SIP/2.0/TLS edge.example:5061;branch=z9hG4bK0-..."
  std::string via(Transport transport, std::string_view branch) const;
  // "sip:user@edge.example:5061;transport=tls"; the host alone when `user` is empty.
  std::string uri(Transport transport, std::string_view user = {}) const;

 private:
  std::string tls_, plain_, web_;
};

}  // namespace sallyport::call
