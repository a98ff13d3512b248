// SPDX-License-Identifier: Apache-2.0
#include "load/media_ends.h"

#include <algorithm>
#include <cstring>

#include "crypto/random.h"

namespace sallyport::load {
namespace {

constexpr std::size_t kPayload = 160;  // 20 ms of G.711
constexpr double kPacketsPerSecond = 50;
constexpr auto kTick = std::chrono::milliseconds{1};

}  // namespace

struct MediaEnds::End {
  std::unique_ptr<net::MediaPort> port;
  std::optional<media::SrtpSender> sender;
  std::optional<media::SrtpReceiver> receiver;
  Endpoint remote;
  media::RtpHeader header;
};

MediaEnds::MediaEnds(net::Loop& loop) : loop_(loop), sockets_(loop, {.batch_window = net::Duration::zero()}) {}
MediaEnds::~MediaEnds() = default;

Result<std::uint32_t> MediaEnds::open() {
  const auto token = static_cast<std::uint32_t>(ends_.size());
  SP_ASSIGN(auto socket, net::UdpSocket::bind({IpAddress::v4({127, 0, 0, 1}), 0}));
  auto end = std::make_unique<End>();
  SP_ASSIGN(end->port, sockets_.open(std::move(socket), *this, token));
  ends_.push_back(std::move(end));
  return token;
}

const Endpoint& MediaEnds::local(std::uint32_t end) const { return ends_[end]->port->local(); }

Status MediaEnds::connect(std::uint32_t index, const Endpoint& remote, const media::SrtpKeying& send,
                          const media::SrtpKeying& receive) {
  auto& end = *ends_[index];
  SP_ASSIGN(end.sender, media::SrtpSender::create(send));
  SP_ASSIGN(end.receiver, media::SrtpReceiver::create(receive));
  end.remote = remote;
  const auto random = crypto::randomNumber();
  end.header.ssrc = static_cast<std::uint32_t>(random);
  end.header.sequence = static_cast<std::uint16_t>((random >> 32) & 0x7FFF);
  end.header.timestamp = static_cast<std::uint32_t>(random >> 16);
  return success();
}

void MediaEnds::talk() {
  talking_.clear();
  for (const auto& end : ends_) {
    if (end->sender) talking_.push_back(end.get());
  }
  talk_began_ = loop_.clock().steady();
  pace_.emplace(kPacketsPerSecond * static_cast<double>(talking_.size()), talk_began_);
  packets_ = 0;
  tick();
}

void MediaEnds::hush() {
  timer_.cancel();
  talking_.clear();
}

void MediaEnds::beginMeasuring() { measure_from_ = loop_.clock().steady(); }
void MediaEnds::endMeasuring() { measure_until_ = loop_.clock().steady(); }

void MediaEnds::tick() {
  if (talking_.empty()) return;
  const auto now = loop_.clock().steady();
  const auto due = pace_->due(now);
  if (now >= measure_from_ && due > packets_) {
    const double behind =
        static_cast<double>(due - packets_) / (kPacketsPerSecond * static_cast<double>(talking_.size()));
    figures_.worst_lag =
        std::max(figures_.worst_lag,
                 std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>{behind}));
  }
  for (; packets_ < due; ++packets_) sendPacket(*talking_[packets_ % talking_.size()]);
  timer_ = loop_.schedule(kTick, [this] { tick(); });
}

void MediaEnds::sendPacket(End& end) {
  std::array<std::uint8_t, media::kRtpFixedHeaderBytes + kPayload + media::kSrtpTailroom> packet{};
  media::writeRtpHeader(
      std::span<std::uint8_t, media::kRtpFixedHeaderBytes>{packet.data(), media::kRtpFixedHeaderBytes}, end.header);
  ++end.header.sequence;
  end.header.timestamp += kPayload;
  const auto now = loop_.clock().steady();
  const auto stamp = now.time_since_epoch().count();
  std::memcpy(packet.data() + media::kRtpFixedHeaderBytes, &stamp, sizeof stamp);
  const auto length = end.sender->protectRtp(packet, media::kRtpFixedHeaderBytes + kPayload);
  if (!std::holds_alternative<std::size_t>(length)) return;
  if (now >= measure_from_ && now < measure_until_) ++figures_.sent;
  end.port->send(end.remote, Bytes{packet}.first(std::get<std::size_t>(length)));
}

void MediaEnds::onDatagram(std::uint32_t token, const Endpoint&, MutableBytes buffer, std::size_t length) {
  auto& end = *ends_[token];
  if (!end.receiver || media::classify(buffer.first(length)) != media::DatagramKind::rtp) return;
  const auto packet = end.receiver->unprotectRtp(buffer.first(length));
  const auto* authentic = std::get_if<media::AuthenticatedPacket>(&packet);
  TimePoint::rep stamp = 0;
  if (authentic == nullptr || authentic->bytes().size() < media::kRtpFixedHeaderBytes + sizeof stamp) {
    ++figures_.refused;
    return;
  }
  std::memcpy(&stamp, authentic->bytes().data() + authentic->header().payload_offset, sizeof stamp);
  const TimePoint sent{TimePoint::duration{stamp}};
  if (sent < measure_from_ || sent >= measure_until_) return;
  ++figures_.received;
  figures_.delay.add(loop_.clock().steady() - sent);
}

}  // namespace sallyport::load
