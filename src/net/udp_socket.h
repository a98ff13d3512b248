// SPDX-License-Identifier: Apache-2.0
#pragma once
// The sockets media flows through: bound to one address of ours, never fragmenting by surprise, deaf to
// ICMP (a stranger's "port unreachable" neither ends nor delays a call), marked EF (RFC 3246).
// Used on the thread that made it.

#include <cstdint>
#include <optional>

#include "core/bytes.h"
#include "core/endpoint.h"
#include "core/fd.h"
#include "core/result.h"
#include "net/socket.h"

namespace sallyport::net {

struct MediaSocketOptions {
  unsigned dscp = 46;  // 0 to 63
  // What a flood of 10,000 a second fills in 100 ms and more, in which the thread may not run; as far as the system
  // lets it (net.core.rmem_max).
  int receive_buffer = 512 * 1'024;
};

// What became of a datagram handed to the kernel.
enum class SendOutcome : std::uint8_t {
  sent,
  full,         // the socket's buffer is full: lost, as on the wire
  unreachable,  // no route, or an earlier ICMP error; the next one may go through
  tooLong,
};

class UdpSocket {
 public:
  // Errors as bindUdp's.
  static Result<UdpSocket> bind(const Endpoint& local, MediaSocketOptions options = {});

  const Endpoint& local() const { return local_; }
  int fd() const { return fd_.raw(); }

  SendOutcome send(const Endpoint& to, Bytes datagram);

  // Once the peer's address is proven: datagrams to it need no route look-up each, and the kernel drops
  // those of anybody else. "net.udp.connect" when there is no route there.
  Status connectTo(const Endpoint& remote);
  void disconnect();  // hears everybody again
  const std::optional<Endpoint>& connected() const { return connected_; }

 private:
  UdpSocket(Fd fd, const Endpoint& local) : fd_(std::move(fd)), local_(local) {}

  Fd fd_;
  Endpoint local_;
  std::optional<Endpoint> connected_;
};

}  // namespace sallyport::net
