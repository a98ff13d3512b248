// SPDX-License-Identifier: Apache-2.0
#pragma once
// Many media sockets on one loop: reads whatever is ready into buffers of its own and hands each datagram
// to the socket's owner, without an allocation or a lock. One per worker, on the worker's thread.
//
// Above `pace_from` datagrams a second the loop pauses for `batch_window` between turns, so that one wake-up
// serves many sockets: a quarter less CPU per datagram at 50,000 a second, for a delay that is a fortieth of
// a 20 ms frame. One datagram is read per socket and turn, and recvmmsg() gains nothing, since each socket has one
// waiting. A socket that is ready turn after turn has more than that: it is read until it is empty, kMostInOneTurn
// at once at most, so that a flood at one port neither fills its queue, which its peer's voice comes by too, nor costs
// the others more than that. What remains is the kernel's own path, of which a connected socket saves the route
// look-up, a tenth. Figures: bench/net_bench.cpp.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "net/loop.h"
#include "net/udp_socket.h"

namespace sallyport::net {

// Longest datagram taken in; a longer one is dropped and counted. The buffer handed out is kMediaBuffer
// long, so that an SRTP tag, MKI and SRTCP index can be appended in place.
inline constexpr std::size_t kMediaDatagram = 1'600;
inline constexpr std::size_t kMediaBuffer = 2'048;

inline constexpr unsigned kMostInOneTurn = 32;  // datagrams from one socket

class MediaHandler {
 public:
  virtual ~MediaHandler() = default;
  // buffer[0, length) is the datagram, and all of buffer is the handler's until it returns. `token` is
  // what the socket was opened with. The handler may send on, open and close sockets, this one included.
  virtual void onDatagram(std::uint32_t token, const Endpoint& source, MutableBytes buffer, std::size_t length) = 0;
};

struct MediaCounters {
  std::uint64_t datagrams_in = 0, bytes_in = 0;
  std::uint64_t datagrams_out = 0, bytes_out = 0;
  std::uint64_t too_long = 0;   // came in, dropped
  std::uint64_t send_full = 0;  // going out, dropped by outcome
  std::uint64_t send_unreachable = 0;
  std::uint64_t send_too_long = 0;
};

struct MediaSocketsOptions {
  Duration batch_window = std::chrono::microseconds{500};  // zero: never pause
  std::uint32_t pace_from = 5'000;                         // datagrams received per second
};

// An open media port; closing it is letting it go. Goes before the MediaSockets it came from.
class [[nodiscard]] MediaPort {
 public:
  virtual ~MediaPort() = default;
  virtual const Endpoint& local() const = 0;
  virtual void send(const Endpoint& to, Bytes datagram) = 0;
  // See UdpSocket. The handler hears nothing from anybody else while connected, so not even its peer from
  // behind another address.
  virtual Status connectTo(const Endpoint& remote) = 0;
  virtual void disconnect() = 0;
};

class MediaSockets {
 public:
  explicit MediaSockets(Loop& loop, MediaSocketsOptions options = {});
  ~MediaSockets();
  MediaSockets(const MediaSockets&) = delete;
  MediaSockets& operator=(const MediaSockets&) = delete;

  // `handler` outlives the port. Errors: "net.loop.watch".
  Result<std::unique_ptr<MediaPort>> open(UdpSocket socket, MediaHandler& handler, std::uint32_t token);

  const MediaCounters& counters() const { return counters_; }
  std::size_t size() const { return open_; }

 private:
  class Port;
  void receive(Port& port);
  bool receiveOne(const UdpSocket& socket, MediaHandler& handler, std::uint32_t token);
  void count(SendOutcome outcome, std::size_t bytes);
  void endTurn();

  Loop& loop_;
  const MediaSocketsOptions options_;
  MediaCounters counters_;
  std::size_t open_ = 0;
  TurnHook turn_end_;
  const Port* reading_ = nullptr;  // nothing once it has been closed
  std::uint64_t turn_ = 1;         // of those with datagrams
  std::uint32_t this_turn_ = 0;    // datagrams received
  std::uint32_t this_window_ = 0;  // since window_began_
  TimePoint window_began_;
  bool busy_ = false;  // the window before this one was above pace_from
  std::unique_ptr<std::array<std::uint8_t, kMediaBuffer>> buffer_;
};

}  // namespace sallyport::net
