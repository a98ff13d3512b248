// SPDX-License-Identifier: Apache-2.0
#include "net/udp_socket.h"

#include <netinet/in.h>
#include <netinet/ip.h>

#include <cerrno>

namespace sallyport::net {
namespace {

bool set(const Fd& socket, int level, int option, int value) {
  return setsockopt(socket.raw(), level, option, &value, sizeof value) == 0;
}

Status prepare(const Fd& socket, const Endpoint& local, const MediaSocketOptions& options) {
  const int traffic_class = static_cast<int>(options.dscp << 2);  // ECN stays zero
  // Path MTU discovery off: an ICMP "fragmentation needed", which anybody can forge, changes nothing here.
  // Extended error reports stay off as well, so a "port unreachable" is told to nobody (unless connected,
  // where it is one failed call that the next one makes good).
  const bool done = local.address.isV4() ? set(socket, IPPROTO_IP, IP_TOS, traffic_class) &&
                                               set(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_INTERFACE)
                                         : set(socket, IPPROTO_IPV6, IPV6_TCLASS, traffic_class) &&
                                               set(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_INTERFACE);
  if (!done || !set(socket, SOL_SOCKET, SO_RCVBUF, options.receive_buffer)) return socketError(errno, "set up", local);
  return success();
}

SendOutcome outcomeOf(int number) {
  switch (number) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM: return SendOutcome::full;
    case EMSGSIZE: return SendOutcome::tooLong;
    default: return SendOutcome::unreachable;
  }
}

}  // namespace

Result<UdpSocket> UdpSocket::bind(const Endpoint& local, MediaSocketOptions options) {
  SP_ASSIGN(Fd fd, bindUdp(local));
  SP_TRY(prepare(fd, local, options));
  if (local.port != 0) return UdpSocket{std::move(fd), local};
  SP_ASSIGN(const Endpoint bound, localEndpoint(fd));
  return UdpSocket{std::move(fd), bound};
}

SendOutcome UdpSocket::send(const Endpoint& to, Bytes datagram) {
  for (int attempt = 0;; ++attempt) {
    ssize_t sent = 0;
    if (connected_ && *connected_ == to) {
      sent = ::send(fd_.raw(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
    } else {
      const SocketAddress address{to};
      sent = ::sendto(fd_.raw(), datagram.data(), datagram.size(), MSG_NOSIGNAL, address.raw(), address.size());
    }
    if (sent >= 0) return SendOutcome::sent;
    // What an ICMP message left behind is reported once, on whatever call comes next: not on this datagram's account.
    if (errno == ECONNREFUSED && attempt == 0) continue;
    if (errno != EINTR) return outcomeOf(errno);
  }
}

Status UdpSocket::connectTo(const Endpoint& remote) {
  const SocketAddress address{remote};
  if (::connect(fd_.raw(), address.raw(), address.size()) != 0) {
    return Error{ErrorKind::unavailable, "net.udp.connect", remote.toString() + ": " + systemMessage(errno)};
  }
  connected_ = remote;
  return success();
}

void UdpSocket::disconnect() {
  if (!connected_) return;
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  ::connect(fd_.raw(), &nobody, sizeof nobody);  // cannot fail on a UDP socket
  // A port that the system chose goes with the connection and is taken again; one bound by number has
  // stayed, and the system refuses to bind it twice.
  const SocketAddress address{local_};
  ::bind(fd_.raw(), address.raw(), address.size());
  connected_.reset();
}

}  // namespace sallyport::net
