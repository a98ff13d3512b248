// SPDX-License-Identifier: Apache-2.0
#include "call/media_plane.h"

namespace sallyport::call {
namespace {

constexpr std::uint32_t tokenOf(media::Side side, media::Channel channel) {
  return (side == media::Side::a ? 0u : 2u) + (channel == media::Channel::rtp ? 0u : 1u);
}
constexpr media::Side sideOf(std::uint32_t token) { return token < 2 ? media::Side::a : media::Side::b; }
constexpr media::Channel channelOf(std::uint32_t token) {
  return token % 2 == 0 ? media::Channel::rtp : media::Channel::rtcp;
}

}  // namespace

// The four ports of a call.
class MediaPlane::CallPorts final : public MediaPorts, public net::MediaHandler {
 public:
  CallPorts(MediaPlane& plane, media::Relay& relay) : plane_(plane), relay_(relay) {}
  ~CallPorts() override {
    for (auto& port : ports_) close(port);
  }

  Status openSide(media::Side side, const Address& address) {
    SP_ASSIGN(auto pair, plane_.pool_.takePair(address.bind));
    pinholes_[side == media::Side::a ? 0 : 1] = {pair.rtp.local(), pair.rtcp.local(), address.advertised};
    SP_TRY(openPort(tokenOf(side, media::Channel::rtp), std::move(pair.rtp)));
    return openPort(tokenOf(side, media::Channel::rtcp), std::move(pair.rtcp));
  }

  const Pinhole& pinhole(media::Side side) const override { return pinholes_[side == media::Side::a ? 0 : 1]; }
  void closeRtcp(media::Side side) override { close(ports_[tokenOf(side, media::Channel::rtcp)]); }

  void onDatagram(std::uint32_t token, const Endpoint& source, MutableBytes buffer, std::size_t length) override {
    const auto verdict = relay_.onPacket(sideOf(token), channelOf(token), source, buffer, length, plane_.loop_.now());
    if (!verdict.forward()) {
      plane_.metrics_.mediaDropped(plane_.drop_labels_[static_cast<std::size_t>(verdict.reason)], 1);
      return;
    }
    if (auto& port = ports_[tokenOf(verdict.to, verdict.channel)]) {
      port->send(verdict.destination, buffer.first(verdict.length));
    }
  }

 private:
  Status openPort(std::uint32_t token, net::UdpSocket socket) {
    SP_ASSIGN(ports_[token], plane_.sockets_.open(std::move(socket), *this, token));
    plane_.metrics_.mediaPortsOpen(1);
    return success();
  }
  void close(std::unique_ptr<net::MediaPort>& port) {
    if (!port) return;
    port.reset();
    plane_.metrics_.mediaPortsOpen(-1);
  }

  MediaPlane& plane_;
  media::Relay& relay_;
  std::array<std::unique_ptr<net::MediaPort>, 4> ports_;
  std::array<Pinhole, 2> pinholes_;
};

MediaPlane::MediaPlane(net::Loop& loop, const net::PortPool& pool, Addresses addresses,
                       telemetry::WorkerMetrics& metrics)
    : loop_(loop), pool_(pool), addresses_(std::move(addresses)), metrics_(metrics), sockets_(loop) {
  for (std::size_t reason = 0; reason < media::kDropReasons; ++reason) {
    drop_labels_[reason] = metrics_.mediaDropLabel(media::toString(static_cast<media::DropReason>(reason)));
  }
}

MediaPlane::~MediaPlane() = default;

const MediaPlane::Address& MediaPlane::addressFor(IpAddress::Family family) const {
  const auto& wanted = family == IpAddress::Family::v4 ? addresses_.v4 : addresses_.v6;
  if (wanted) return *wanted;
  return addresses_.v4 ? *addresses_.v4 : *addresses_.v6;
}

Result<std::unique_ptr<MediaPorts>> MediaPlane::open(media::Relay& relay, IpAddress::Family a, IpAddress::Family b) {
  auto ports = std::make_unique<CallPorts>(*this, relay);
  SP_TRY(ports->openSide(media::Side::a, addressFor(a)));
  SP_TRY(ports->openSide(media::Side::b, addressFor(b)));
  return std::unique_ptr<MediaPorts>{std::move(ports)};
}

void MediaPlane::publish() {
  const auto& now = sockets_.counters();
  metrics_.mediaPackets(telemetry::Direction::received, now.datagrams_in - published_.datagrams_in,
                        now.bytes_in - published_.bytes_in);
  metrics_.mediaPackets(telemetry::Direction::sent, now.datagrams_out - published_.datagrams_out,
                        now.bytes_out - published_.bytes_out);
  published_ = now;
}

}  // namespace sallyport::call
