// SPDX-License-Identifier: Apache-2.0
// SRTP input against libsrtp2, and the relay against forgery. The input is a script: raw datagrams, packets
// made by our sender (whole, damaged or cut), and repeats of them. A receiver of ours and one of libsrtp2
// must let through the same cleartext or both refuse; a relay given raw bytes must never forward, and of a side in
// clear only what comes from its address.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "media/libsrtp_oracle.h"
#include "media/relay.h"

namespace {

using namespace sallyport;
using namespace sallyport::media;
using Buffer = std::vector<std::uint8_t>;
using test::LibsrtpSession;

constexpr std::size_t kMostSteps = 64;
constexpr std::size_t kSources = 3;  // what both remember without displacing any

SrtpKeying keyFor(crypto::SrtpSuite suite, std::uint8_t seed) {
  const auto facts = crypto::factsOf(suite);
  Secret key{facts.master_key_bytes + facts.master_salt_bytes};
  for (std::size_t i = 0; i < key.size(); ++i) key.mutableBytes()[i] = static_cast<std::uint8_t>(i * 13 + seed);
  return {suite, std::move(key)};
}

void agree(SrtpReceiver& ours, LibsrtpSession& oracle, const Buffer& datagram, Channel channel) {
  if (datagram.size() > kLongestPacket) return;
  auto for_us = datagram;
  auto for_them = datagram;
  const auto outcome = channel == Channel::rtp ? ours.unprotectRtp(for_us) : ours.unprotectRtcp(for_us);
  const auto length = oracle.unprotect(for_them.data(), for_them.size(), channel);
  const auto* packet = std::get_if<AuthenticatedPacket>(&outcome);
  SP_CHECK((packet != nullptr) == length.has_value());
  if (packet != nullptr) {
    SP_CHECK(packet->bytes().size() == *length);
    SP_CHECK(std::equal(packet->bytes().begin(), packet->bytes().end(), for_them.begin()));
  } else {
    SP_CHECK(for_us == datagram);
  }
}

Buffer clearPacket(FuzzedDataProvider& script, Channel channel) {
  const auto ssrc = script.ConsumeIntegralInRange<std::uint32_t>(1, kSources);
  Buffer packet(channel == Channel::rtp ? kRtpFixedHeaderBytes : kRtcpHeaderBytes);
  packet[0] = static_cast<std::uint8_t>(0x80 | script.ConsumeIntegralInRange<std::uint8_t>(0, 0x3F));
  if (channel == Channel::rtp) {
    packet[1] = script.ConsumeIntegral<std::uint8_t>();
    storeBe16(&packet[2], script.ConsumeIntegral<std::uint16_t>());
    storeBe32(&packet[8], ssrc);
  } else {
    packet[1] = 200;
    storeBe32(&packet[4], ssrc);
  }
  const auto payload = script.ConsumeBytes<std::uint8_t>(script.ConsumeIntegralInRange<std::size_t>(0, 300));
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

// Nothing when the sender refuses.
Buffer sealed(FuzzedDataProvider& script, SrtpSender& sender, Channel channel) {
  auto packet = clearPacket(script, channel);
  const auto length = packet.size();
  packet.resize(length + kSrtpTailroom);
  const auto outcome = channel == Channel::rtp ? sender.protectRtp(packet, length) : sender.protectRtcp(packet, length);
  const auto* sealed_length = std::get_if<std::size_t>(&outcome);
  packet.resize(sealed_length != nullptr ? *sealed_length : 0);
  return packet;
}

void damage(FuzzedDataProvider& script, Buffer& packet) {
  if (packet.empty()) return;
  const auto at = script.ConsumeIntegralInRange<std::size_t>(0, packet.size() - 1);
  if (script.ConsumeBool()) {
    packet.resize(at);
  } else {
    packet[at] ^= script.ConsumeIntegral<std::uint8_t>();
  }
}

void receiversAgree(FuzzedDataProvider& script, crypto::SrtpSuite suite) {
  const auto key = keyFor(suite, 1);
  auto sender = *SrtpSender::create(key);
  auto ours = *SrtpReceiver::create(key);
  LibsrtpSession oracle{key, LibsrtpSession::Role::receiver};
  std::vector<std::pair<Buffer, Channel>> made;
  for (std::size_t step = 0; step < kMostSteps && script.remaining_bytes() > 0; ++step) {
    const auto channel = script.ConsumeBool() ? Channel::rtp : Channel::rtcp;
    switch (script.ConsumeIntegralInRange<int>(0, 3)) {
      case 0: {
        const auto size = script.ConsumeIntegralInRange<std::size_t>(0, 400);
        agree(ours, oracle, script.ConsumeBytes<std::uint8_t>(size), channel);
        break;
      }
      case 1: {
        auto packet = sealed(script, sender, channel);
        agree(ours, oracle, packet, channel);
        made.emplace_back(std::move(packet), channel);
        break;
      }
      case 2: {
        auto packet = sealed(script, sender, channel);
        made.emplace_back(packet, channel);
        damage(script, packet);
        agree(ours, oracle, packet, channel);
        break;
      }
      default: {
        if (made.empty()) break;
        const auto& [packet, its_channel] = made[script.ConsumeIntegralInRange<std::size_t>(0, made.size() - 1)];
        agree(ours, oracle, packet, its_channel);
      }
    }
  }
}

SideConfig sideConfig(crypto::SrtpSuite suite, std::uint8_t seed, std::uint16_t port, RtcpMux mux) {
  SideConfig config;
  config.remote_rtp = {IpAddress::v4({192, 0, 2, 1}), port};
  config.remote_rtcp = {IpAddress::v4({192, 0, 2, 1}), static_cast<std::uint16_t>(port + 1)};
  config.mux = mux;
  config.receive = keyFor(suite, seed);
  config.send = keyFor(suite, static_cast<std::uint8_t>(seed + 1));
  for (std::uint8_t type = 0; type < 128; ++type) config.payload_types.allow(type, type);
  return config;
}

void forgeryIsNeverForwarded(FuzzedDataProvider& script, crypto::SrtpSuite suite) {
  Relay relay;
  TimePoint now{std::chrono::hours{1}};
  const auto mux = script.ConsumeBool() ? RtcpMux::muxed : RtcpMux::separate;
  SP_CHECK(relay.configure(Side::a, sideConfig(suite, 101, 4'000, mux), now).ok());
  SP_CHECK(relay.configure(Side::b, sideConfig(suite, 111, 6'000, RtcpMux::separate), now).ok());
  for (std::size_t step = 0; step < kMostSteps && script.remaining_bytes() > 0; ++step) {
    const auto from = script.ConsumeBool() ? Side::a : Side::b;
    const auto channel = script.ConsumeBool() ? Channel::rtp : Channel::rtcp;
    const Endpoint source{IpAddress::v4({192, 0, 2, 1}), script.ConsumeIntegral<std::uint16_t>()};
    auto buffer = script.ConsumeBytes<std::uint8_t>(script.ConsumeIntegralInRange<std::size_t>(0, 400));
    const auto length = buffer.size();
    buffer.resize(length + kSrtpTailroom);
    now += std::chrono::milliseconds{script.ConsumeIntegral<std::uint8_t>()};
    SP_CHECK(!relay.onPacket(from, channel, source, buffer, length, now).forward());
  }
  const auto snapshot = relay.snapshot();
  for (const auto& side : snapshot.sides) {
    SP_CHECK(!side.facts.heard_from && !side.rtcp_heard_from && side.packets_in == 0);
    SP_CHECK(side.facts.drops.total() == side.facts.datagrams);
  }
  static_cast<void>(relay.finding(Side::a));
}

// A side without SRTP: whatever comes from elsewhere goes nowhere, and what goes on has grown by a tag.
void clearIsHeardFromItsAddressAlone(FuzzedDataProvider& script, crypto::SrtpSuite suite) {
  Relay relay;
  TimePoint now{std::chrono::hours{1}};
  auto clear = sideConfig(suite, 111, 6'000, RtcpMux::separate);
  clear.protection = MediaProtection::none;
  clear.receive = {};
  clear.send = {};
  const std::array named{clear.remote_rtp, clear.remote_rtcp};
  SP_CHECK(relay.configure(Side::a, sideConfig(suite, 101, 4'000, RtcpMux::separate), now).ok());
  SP_CHECK(relay.configure(Side::b, std::move(clear), now).ok());
  for (std::size_t step = 0; step < kMostSteps && script.remaining_bytes() > 0; ++step) {
    const auto channel = script.ConsumeBool() ? Channel::rtp : Channel::rtcp;
    const auto right = named[channel == Channel::rtp ? 0 : 1];
    const auto source = script.ConsumeBool() ? right : Endpoint{right.address, script.ConsumeIntegral<std::uint16_t>()};
    auto buffer = script.ConsumeBytes<std::uint8_t>(script.ConsumeIntegralInRange<std::size_t>(0, 400));
    const auto length = buffer.size();
    buffer.resize(length + kSrtpTailroom);
    const auto verdict = relay.onPacket(Side::b, channel, source, buffer, length, now);
    SP_CHECK(!verdict.forward() || (source == right && verdict.length > length));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider script{data, size};
  const auto suite = crypto::kSrtpSuites[script.ConsumeIntegralInRange<std::size_t>(0, 3)];
  switch (script.ConsumeIntegralInRange(0, 2)) {
    case 0: forgeryIsNeverForwarded(script, suite); break;
    case 1: receiversAgree(script, suite); break;
    default: clearIsHeardFromItsAddressAlone(script, suite); break;
  }
  return 0;
}
