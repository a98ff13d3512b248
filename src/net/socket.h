// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sockets from Endpoints, and what the system says when that fails as stable codes with the remedy in
// the detail. Every socket made here is non-blocking and close-on-exec; IPv6 sockets are IPv6 only.

#include <sys/socket.h>

#include <chrono>
#include <string_view>
#include <vector>

#include "core/endpoint.h"
#include "core/fd.h"
#include "core/result.h"

namespace sallyport::net {

// An Endpoint in the form the system calls take.
class SocketAddress {
 public:
  explicit SocketAddress(const Endpoint& endpoint);
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// The unspecified endpoint for anything but AF_INET and AF_INET6. A v4-mapped address comes out as IPv4.
Endpoint endpointOf(const sockaddr_storage& storage);

enum class PortSharing : unsigned char {
  exclusive,
  perWorker,  // SO_REUSEPORT: the kernel spreads connections over the workers' sockets
};

struct ListenOptions {
  PortSharing sharing = PortSharing::exclusive;
  int backlog = 1'024;
};

// Errors of both: "net.bind.busy", "net.bind.denied", "net.address.unavailable" (misconfigured: the
// detail says what to do), "net.address.family" (the system has no IPv6), "net.socket.limit" (out of
// descriptors or memory, overloaded), "net.socket" (anything else). Port 0: the system chooses one.
Result<Fd> listenTcp(const Endpoint& local, ListenOptions options = {});
Result<Fd> bindUdp(const Endpoint& local, PortSharing sharing = PortSharing::exclusive);

// The families that this host has, those with a way to the Internet first and IPv6 before IPv4 (RFC 6724); one
// without comes last, for a neighbour may be reached in it. Sends nothing.
std::vector<IpAddress::Family> reachableFamilies();

// For a TCP socket that carries a stream: nothing waits for more (we cork by the turn ourselves), and a peer whose
// system acknowledges nothing for kUnacknowledgedLimit is gone, whether it answers keep-alives of SIP or not.
constexpr std::chrono::milliseconds kUnacknowledgedLimit{30'000};
void prepareStream(const Fd& socket);

Result<Endpoint> localEndpoint(const Fd& socket);

// `what` was being done with `endpoint` when the system said `number`.
Error socketError(int number, std::string_view what, const Endpoint& endpoint);
// The system's words for an errno value.
std::string systemMessage(int number);

}  // namespace sallyport::net
