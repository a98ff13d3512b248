// SPDX-License-Identifier: Apache-2.0
#pragma once
// A relay between two scripted peers, for tests: each peer has its own keys, address and sender, and reads
// what the relay sends it as a real one would.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "media/media_test_support.h"
#include "media/relay.h"

namespace sallyport::media::test {

using namespace std::chrono_literals;

inline Endpoint at(const char* text) { return *Endpoint::parse(text); }

struct TestPeer {
  TestPeer(crypto::SrtpSuite suite, std::uint8_t seed, const char* address)
      : its_key(keying(suite, seed)), our_key(keying(suite, static_cast<std::uint8_t>(seed + 1))), rtp(at(address)) {
    rtcp = rtp;
    ++rtcp.port;
  }

  SideConfig config() const {
    SideConfig config;
    config.remote_rtp = rtp;
    config.remote_rtcp = rtcp;
    config.mux = mux;
    config.direction = direction;
    config.receive = its_key.clone();
    config.send = our_key.clone();
    config.payload_types.allow(0, 0);
    config.payload_types.allow(96, 111);
    config.formats = {{0, AudioCodec::pcmu, 8'000}, {96, AudioCodec::opus, 48'000}};
    return config;
  }

  Buffer rtpOf(std::uint16_t sequence, std::uint8_t payload_type = 0) {
    return protect(sender, rtpPacket(ssrc, sequence, payload_type));
  }
  Buffer rtcpOf() { return protect(sender, rtcpPacket(ssrc), Channel::rtcp); }

  SrtpKeying its_key, our_key;
  Endpoint rtp, rtcp;
  RtcpMux mux = RtcpMux::separate;
  PeerDirection direction = PeerDirection::sendsAndListens;
  std::uint32_t ssrc = 0xA1;
  SrtpSender sender = *SrtpSender::create(its_key);
  SrtpReceiver receiver = *SrtpReceiver::create(our_key);
};

class RelayTest : public ::testing::Test {
 protected:
  static constexpr auto kSuite = crypto::SrtpSuite::aeadAes256Gcm;

  void SetUp() override {
    b.ssrc = 0xB1;
    ASSERT_TRUE(relay.configure(Side::a, a.config(), now));
    ASSERT_TRUE(relay.configure(Side::b, b.config(), now));
  }

  // What the relay makes of a datagram; `last` holds what it would send.
  Verdict give(Side from, const Endpoint& source, const Buffer& datagram, Channel channel = Channel::rtp) {
    last = datagram;
    last.resize(datagram.size() + kSrtpTailroom);
    const auto verdict = relay.onPacket(from, channel, source, last, datagram.size(), now);
    last.resize(verdict.forward() ? verdict.length : 0);
    return verdict;
  }
  DropReason reasonFor(Side from, const Endpoint& source, const Buffer& datagram, Channel channel = Channel::rtp) {
    return give(from, source, datagram, channel).reason;
  }
  std::uint64_t drops(Side side, DropReason reason) const { return relay.snapshot().of(side).facts.drops.of(reason); }
  // Where B's audio would go now.
  std::optional<Endpoint> whereAIsAnswered() {
    const auto verdict = give(Side::b, b.rtp, b.rtpOf(next_b++));
    return verdict.forward() ? std::optional{verdict.destination} : std::nullopt;
  }

  TimePoint now{1h};
  TestPeer a{kSuite, 10, "192.0.2.1:4000"};
  TestPeer b{crypto::SrtpSuite::aesCm128HmacSha1_80, 20, "198.51.100.2:6000"};
  Relay relay;
  Buffer last;
  std::uint16_t next_b = 1'000;
};

}  // namespace sallyport::media::test
