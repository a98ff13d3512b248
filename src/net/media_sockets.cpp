// SPDX-License-Identifier: Apache-2.0
#include "net/media_sockets.h"

#include <cerrno>

namespace sallyport::net {
namespace {

constexpr auto kRateWindow = std::chrono::milliseconds{20};  // one frame of every stream
// A turn with fewer datagrams has most likely found the queues empty, and it is time to let them fill.
constexpr std::uint32_t kFewInOneTurn = 8;
constexpr auto kNever = ~std::uint64_t{0};

}  // namespace

class MediaSockets::Port final : public MediaPort, private Pollable {
 public:
  Port(MediaSockets& sockets, UdpSocket socket, MediaHandler& handler, std::uint32_t token)
      : sockets_(sockets), socket_(std::move(socket)), handler_(handler), token_(token) {
    ++sockets_.open_;
  }
  ~Port() override {
    --sockets_.open_;
    if (sockets_.reading_ == this) sockets_.reading_ = nullptr;
  }

  Status start(Loop& loop) {
    SP_ASSIGN(watch_, loop.watch(socket_.fd(), kReadable, *this));
    return success();
  }

  const Endpoint& local() const override { return socket_.local(); }
  void send(const Endpoint& to, Bytes datagram) override {
    sockets_.count(socket_.send(to, datagram), datagram.size());
  }
  Status connectTo(const Endpoint& remote) override { return socket_.connectTo(remote); }
  void disconnect() override { socket_.disconnect(); }

 private:
  friend class MediaSockets;

  void onReady(ReadyEvents) override { sockets_.receive(*this); }

  MediaSockets& sockets_;
  UdpSocket socket_;
  MediaHandler& handler_;
  const std::uint32_t token_;
  std::uint64_t last_turn_ = kNever;  // in which it was ready
  Watch watch_;                       // goes before the socket
};

MediaSockets::MediaSockets(Loop& loop, MediaSocketsOptions options)
    : loop_(loop),
      options_(options),
      turn_end_(loop, [this] { endTurn(); }),
      window_began_(loop.now()),
      buffer_(std::make_unique<std::array<std::uint8_t, kMediaBuffer>>()) {}

MediaSockets::~MediaSockets() { SP_CHECK(open_ == 0); }

Result<std::unique_ptr<MediaPort>> MediaSockets::open(UdpSocket socket, MediaHandler& handler, std::uint32_t token) {
  auto port = std::make_unique<Port>(*this, std::move(socket), handler, token);
  SP_TRY(port->start(loop_));
  return std::unique_ptr<MediaPort>{std::move(port)};
}

// The handler may close the port: nothing of it is touched then.
void MediaSockets::receive(Port& port) {
  const bool again = std::exchange(port.last_turn_, turn_) + 1 == turn_;
  reading_ = &port;
  for (auto left = again ? kMostInOneTurn : 1; left > 0 && reading_ == &port; --left) {
    if (!receiveOne(port.socket_, port.handler_, port.token_)) break;
  }
  reading_ = nullptr;
}

// Whether there was one. The echo of a datagram that was refused somewhere counts as none and ends nothing.
bool MediaSockets::receiveOne(const UdpSocket& socket, MediaHandler& handler, std::uint32_t token) {
  sockaddr_storage source;
  socklen_t source_size = sizeof source;
  const auto received = ::recvfrom(socket.fd(), buffer_->data(), buffer_->size(), MSG_TRUNC,
                                   reinterpret_cast<sockaddr*>(&source), &source_size);
  if (received < 0) return false;
  turn_end_.request();
  ++this_turn_;
  const auto length = static_cast<std::size_t>(received);
  if (length > kMediaDatagram) {
    ++counters_.too_long;
    return true;
  }
  ++counters_.datagrams_in;
  counters_.bytes_in += length;
  handler.onDatagram(token, endpointOf(source), *buffer_, length);
  return true;
}

void MediaSockets::count(SendOutcome outcome, std::size_t bytes) {
  switch (outcome) {
    case SendOutcome::sent:
      ++counters_.datagrams_out;
      counters_.bytes_out += bytes;
      break;
    case SendOutcome::full: ++counters_.send_full; break;
    case SendOutcome::unreachable: ++counters_.send_unreachable; break;
    case SendOutcome::tooLong: ++counters_.send_too_long; break;
  }
}

void MediaSockets::endTurn() {
  ++turn_;
  const auto datagrams = std::exchange(this_turn_, 0);
  this_window_ += datagrams;
  const auto window = loop_.now() - window_began_;
  if (window >= kRateWindow) {
    busy_ = this_window_ >= std::chrono::duration<double>(window).count() * options_.pace_from;
    this_window_ = 0;
    window_began_ = loop_.now();
  }
  if (busy_ && datagrams < kFewInOneTurn) loop_.pause(options_.batch_window);
}

}  // namespace sallyport::net
