// SPDX-License-Identifier: Apache-2.0
#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace sallyport::net {
namespace {

int familyOf(const Endpoint& endpoint) { return endpoint.address.isV4() ? AF_INET : AF_INET6; }

bool enable(const Fd& socket, int level, int option) {
  const int on = 1;
  return setsockopt(socket.raw(), level, option, &on, sizeof on) == 0;
}

Result<Fd> bound(const Endpoint& local, int type, PortSharing sharing) {
  Fd socket{::socket(familyOf(local), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return socketError(errno, "open a socket for", local);
  if (!local.address.isV4() && !enable(socket, IPPROTO_IPV6, IPV6_V6ONLY)) return socketError(errno, "set up", local);
  // A listener may take its port while connections of its predecessor still linger in TIME_WAIT.
  if (type == SOCK_STREAM && !enable(socket, SOL_SOCKET, SO_REUSEADDR)) return socketError(errno, "set up", local);
  if (sharing == PortSharing::perWorker && !enable(socket, SOL_SOCKET, SO_REUSEPORT)) {
    return socketError(errno, "set up", local);
  }
  const SocketAddress address{local};
  if (::bind(socket.raw(), address.raw(), address.size()) != 0) return socketError(errno, "bind", local);
  return socket;
}

std::string busyAdvice(const Endpoint& endpoint) {
  return "another process already uses this port, or an earlier one of ours still runs: `ss -lntup 'sport = :" +
         std::to_string(endpoint.port) + "'` names it; stop it or configure another port";
}

}  // namespace

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  const auto& octets = endpoint.address.octets();
  if (endpoint.address.isV4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(storage_);
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, octets.data(), sizeof in.sin_addr);
    size_ = sizeof in;
  } else {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(storage_);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(endpoint.port);
    std::memcpy(&in6.sin6_addr, octets.data(), sizeof in6.sin6_addr);
    size_ = sizeof in6;
  }
}

Endpoint endpointOf(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &in.sin_addr, octets.size());
    return {IpAddress::v4(octets), ntohs(in.sin_port)};
  }
  if (storage.ss_family != AF_INET6) return {};
  const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &in6.sin6_addr, octets.size());
  if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
    return {IpAddress::v4({octets[12], octets[13], octets[14], octets[15]}), ntohs(in6.sin6_port)};
  }
  return {IpAddress::v6(octets), ntohs(in6.sin6_port)};
}

std::string systemMessage(int number) { return std::generic_category().message(number); }

Error socketError(int number, std::string_view what, const Endpoint& endpoint) {
  const auto said = "cannot " + std::string{what} + " " + endpoint.toString() + ": ";
  switch (number) {
    case EADDRINUSE: return {ErrorKind::misconfigured, "net.bind.busy", said + busyAdvice(endpoint)};
    case EACCES:
    case EPERM:
      return {ErrorKind::misconfigured, "net.bind.denied",
              said + "ports below 1024 need CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)"};
    case EADDRNOTAVAIL:
      return {ErrorKind::misconfigured, "net.address.unavailable",
              said + "no interface of this machine has the address: `ip address` lists those there are"};
    case EAFNOSUPPORT:
      return {ErrorKind::misconfigured, "net.address.family", said + "this system has the address family switched off"};
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return {ErrorKind::overloaded, "net.socket.limit",
              said + systemMessage(number) + " (raise LimitNOFILE or `ulimit -n`)"};
    default: return {ErrorKind::unavailable, "net.socket", said + systemMessage(number)};
  }
}

Result<Fd> listenTcp(const Endpoint& local, ListenOptions options) {
  SP_ASSIGN(Fd socket, bound(local, SOCK_STREAM, options.sharing));
  if (::listen(socket.raw(), options.backlog) != 0) return socketError(errno, "listen on", local);
  return socket;
}

Result<Fd> bindUdp(const Endpoint& local, PortSharing sharing) { return bound(local, SOCK_DGRAM, sharing); }

std::vector<IpAddress::Family> reachableFamilies() {
  using Family = IpAddress::Family;
  std::vector<Family> connected, others;
  for (const auto& [family, somewhere] :
       {std::pair{Family::v6, "[2001:db8::1]:9"}, std::pair{Family::v4, "192.0.2.1:9"}}) {
    const Fd probe{::socket(family == Family::v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!probe) continue;
    const SocketAddress address{*Endpoint::parse(somewhere)};
    const bool routed = ::connect(probe.raw(), address.raw(), address.size()) == 0;
    (routed ? connected : others).push_back(family);
  }
  connected.insert(connected.end(), others.begin(), others.end());
  return connected;
}

void prepareStream(const Fd& socket) {
  const auto limit = static_cast<unsigned>(kUnacknowledgedLimit.count());
  (void)enable(socket, IPPROTO_TCP, TCP_NODELAY);
  setsockopt(socket.raw(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

Result<Endpoint> localEndpoint(const Fd& socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(socket.raw(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return Error{ErrorKind::internal, "net.socket", "getsockname: " + systemMessage(errno)};
  }
  return endpointOf(storage);
}

}  // namespace sallyport::net
