// SPDX-License-Identifier: Apache-2.0
#include "call/media_plane.h"

#include <map>

#include "call/admitted_source.h"

namespace sallyport::call {
namespace {

// A port's token says its pair and its channel.
constexpr std::uint32_t tokenOf(MediaPorts::Pair pair, media::Channel channel) {
  return 2 * pair + (channel == media::Channel::rtp ? 0u : 1u);
}
constexpr MediaPorts::Pair pairOf(std::uint32_t token) { return token / 2; }
constexpr media::Channel channelOf(std::uint32_t token) {
  return token % 2 == 0 ? media::Channel::rtp : media::Channel::rtcp;
}
constexpr std::size_t indexOf(media::Side side) { return side == media::Side::a ? 0 : 1; }
constexpr std::size_t indexOf(media::Channel channel) { return channel == media::Channel::rtp ? 0 : 1; }

}  // namespace

// The ports of a call.
class MediaPlane::CallPorts final : public MediaPorts, public net::MediaHandler {
 public:
  CallPorts(MediaPlane& plane, media::Relay& relay, PathEvents& path) : plane_(plane), relay_(relay), path_(path) {
    plane_.calls_.insert(this);
  }
  ~CallPorts() override {
    plane_.calls_.erase(this);
    publishZrtp();
    for (auto& [id, pair] : pairs_) closePorts(pair);
  }

  Result<Pair> open(media::Side side, IpAddress::Family family) override {
    const auto& address = plane_.addressFor(family);
    SP_ASSIGN(auto sockets, plane_.shared_.pool.takePair(address.bind));
    const Pair id = next_++;
    auto& pair = pairs_[id];
    pair.side = side;
    pair.pinhole = {sockets.rtp.local(), sockets.rtcp.local(), address.advertised};
    auto opened = openPort(pair, id, media::Channel::rtp, std::move(sockets.rtp));
    if (opened) opened = openPort(pair, id, media::Channel::rtcp, std::move(sockets.rtcp));
    if (opened) return id;
    close(id);
    return std::move(opened).error();
  }

  const Pinhole& pinhole(Pair id) const override { return pairs_.at(id).pinhole; }
  void use(Pair id) override {
    auto& pair = pairs_.at(id);
    used_[indexOf(pair.side)] = {id, &pair};
    admit(pair, pair.admitted.reopen(plane_.loop_.now()));
  }
  void close(Pair id) override {
    const auto found = pairs_.find(id);
    if (found == pairs_.end()) return;
    auto& used = used_[indexOf(found->second.side)];
    if (used.id == id) used = {};
    closePorts(found->second);
    pairs_.erase(found);
  }
  void closeRtcp(Pair id) override { closePort(pairs_.at(id).ports[indexOf(media::Channel::rtcp)]); }

  void onDatagram(std::uint32_t token, const Endpoint& source, MutableBytes buffer, std::size_t length) override {
    const auto pair = pairOf(token);
    const bool relayed = length == 0 || media::mayBeRtp(buffer[0]) || media::mayBeZrtp(buffer[0]);
    if (!relayed) return onPathDatagram(token, source, buffer.first(length));
    if (pair != used_[0].id && pair != used_[1].id) return drop(media::DropReason::notReady);
    const auto from = pair == used_[0].id ? media::Side::a : media::Side::b;
    const auto verdict = relay_.onPacket(from, channelOf(token), source, buffer, length, plane_.loop_.now());
    if (verdict.reason == media::DropReason::transcoded) return sendTranscoded(verdict.to, buffer);
    if (!verdict.forward()) return drop(verdict.reason);
    send(verdict, buffer.first(verdict.length));
  }
  void send(const media::Verdict& verdict, MutableBytes datagram) override {
    const auto* far = used_[indexOf(verdict.to)].pair;
    if (far == nullptr) return;
    if (const auto& port = far->ports[indexOf(verdict.channel)]) port->send(verdict.destination, datagram);
  }
  void send(Pair from, const Endpoint& to, Bytes datagram) override {
    if (const auto& port = pairs_.at(from).ports[indexOf(media::Channel::rtp)]) port->send(to, datagram);
  }
  void watch() {
    publishZrtp();
    if (plane_.shared_.pinholes == nullptr) return;
    for (const auto& used : used_) {
      if (used.pair == nullptr) continue;
      const auto heard = relay_.hearing(used.pair->side);
      admit(*used.pair, used.pair->admitted.look(heard.from, heard.last, plane_.loop_.now()));
    }
  }

 private:
  struct PortPair {
    media::Side side = media::Side::a;
    Pinhole pinhole;
    AdmittedSource admitted;
    std::array<std::unique_ptr<net::MediaPort>, 2> ports;
  };
  struct Used {
    Pair id = ~Pair{0};
    PortPair* pair = nullptr;
  };

  Status openPort(PortPair& pair, Pair id, media::Channel channel, net::UdpSocket socket) {
    SP_ASSIGN(pair.ports[indexOf(channel)], plane_.sockets_.open(std::move(socket), *this, tokenOf(id, channel)));
    plane_.metrics_.mediaPortsOpen(1);
    auto* pinholes = plane_.shared_.pinholes;
    return pinholes == nullptr ? success() : pinholes->open(pair.ports[indexOf(channel)]->local(), std::nullopt);
  }
  // Ports that are open already, so none is refused.
  void admit(const PortPair& pair, const std::optional<AdmittedSource::Change>& change) {
    if (!change || plane_.shared_.pinholes == nullptr) return;
    for (const auto& port : pair.ports) {
      if (port) (void)plane_.shared_.pinholes->open(port->local(), change->source);
    }
  }
  void closePort(std::unique_ptr<net::MediaPort>& port) {
    if (!port) return;
    if (plane_.shared_.pinholes != nullptr) plane_.shared_.pinholes->close(port->local());
    port.reset();
    plane_.metrics_.mediaPortsOpen(-1);
  }
  void closePorts(PortPair& pair) {
    for (auto& port : pair.ports) closePort(port);
  }
  void publishZrtp() {
    const auto* counters = relay_.zrtpCounters();
    if (counters == nullptr) return;
    for (std::size_t i = 0; i < zrtp_refused_.size(); ++i) {
      const auto count = counters->refused[i];
      const auto before = std::exchange(zrtp_refused_[i], count);
      if (count > before)
        plane_.metrics_.zrtpRefused(media::zrtp::codeOf(static_cast<media::zrtp::Refusal>(i)), count - before);
    }
  }
  // The datagram's own buffer serves again: nothing of it is needed any more.
  void sendTranscoded(media::Side to, MutableBytes buffer) {
    std::uint64_t packets = 0;
    while (true) {
      const auto verdict = relay_.nextTranscoded(to, buffer, plane_.loop_.now());
      if (!verdict.forward()) break;
      send(verdict, buffer.first(verdict.length));
      ++packets;
    }
    plane_.shared_.transcoding.count(packets);
  }
  void onPathDatagram(std::uint32_t token, const Endpoint& source, Bytes datagram) {
    const bool rtp = channelOf(token) == media::Channel::rtp;
    const bool taken =
        rtp && path_.onPathDatagram(pairOf(token), source, datagram, plane_.loop_.now()) == PathEvents::Heard::taken;
    if (!taken) drop(media::DropReason::notMedia);
  }
  void drop(media::DropReason reason) {
    plane_.metrics_.mediaDropped(plane_.drop_labels_[static_cast<std::size_t>(reason)], 1);
  }

  MediaPlane& plane_;
  media::Relay& relay_;
  PathEvents& path_;
  std::map<Pair, PortPair> pairs_;
  std::array<Used, 2> used_;
  std::array<std::uint64_t, media::zrtp::kRefusals> zrtp_refused_{};  // that the metrics know of
  Pair next_ = 0;
};

MediaPlane::MediaPlane(net::Loop& loop, Shared shared, Addresses addresses, telemetry::WorkerMetrics& metrics)
    : loop_(loop), shared_(shared), addresses_(std::move(addresses)), metrics_(metrics), sockets_(loop) {
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

std::unique_ptr<MediaPorts> MediaPlane::portsFor(media::Relay& relay, PathEvents& path) {
  return std::make_unique<CallPorts>(*this, relay, path);
}

void MediaPlane::watch() {
  for (auto* call : calls_) call->watch();
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
