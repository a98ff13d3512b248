// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests: two real ends (libbzrtp, GPL-3: in test binaries only) with a guard between them and a network that does
// what it is told; and packets put together by hand.

#include <bzrtp/bzrtp.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "media/media_test_support.h"
#include "media/zrtp/crc32c.h"
#include "media/zrtp/guard.h"

namespace sallyport::media::zrtp::test {

using media::test::Buffer;
using media::test::rtcpPacket;
using media::test::rtpPacket;
using namespace std::chrono_literals;

inline void storeChecksum(Buffer& packet) {
  storeBe32(&packet[packet.size() - 4], crc32c(Bytes{packet}.first(packet.size() - 4)));
}

// A packet around a message: "GoClear " and what follows its name.
inline Buffer packetOf(std::string_view type, Bytes rest = {}) {
  const std::size_t words = 3 + rest.size() / 4;
  Buffer packet(kHeaderBytes + words * 4 + kChecksumBytes);
  packet[0] = 0x10;
  storeBe16(&packet[2], 7);
  storeBe32(&packet[4], kMagicCookie);
  storeBe32(&packet[8], 0xA1);
  storeBe16(&packet[12], 0x505A);
  storeBe16(&packet[14], static_cast<std::uint16_t>(words));
  std::copy(type.begin(), type.end(), packet.begin() + 16);
  std::copy(rest.begin(), rest.end(), packet.begin() + 24);
  storeChecksum(packet);
  return packet;
}

inline Bytes messageOf(const Buffer& packet) {
  return Bytes{packet}.subspan(kHeaderBytes, packet.size() - kHeaderBytes - kChecksumBytes);
}

// An RTP packet whose payload is as even as that of SRTP.
inline Buffer evenPacket(std::size_t payload_bytes) {
  auto packet = rtpPacket(0xA1, 1, 0, payload_bytes);
  std::uint8_t value = 0;
  for (std::size_t i = kRtpFixedHeaderBytes; i < packet.size(); ++i) packet[i] = value = std::uint8_t(value + 37);
  return packet;
}

class RealEnd {
 public:
  explicit RealEnd(std::uint32_t ssrc) : context_(bzrtp_createBzrtpContext()), ssrc_(ssrc) {
    bzrtpCallbacks_t callbacks{};
    callbacks.bzrtp_sendData = [](void* self, const std::uint8_t* bytes, std::uint16_t length) {
      static_cast<RealEnd*>(self)->outgoing.emplace_back(bytes, bytes + length);
      return 0;
    };
    callbacks.bzrtp_srtpSecretsAvailable = [](void*, const bzrtpSrtpSecrets_t*, std::uint8_t) { return 0; };
    callbacks.bzrtp_startSrtpSession = [](void* self, const bzrtpSrtpSecrets_t* secrets, std::int32_t) {
      static_cast<RealEnd*>(self)->sas = secrets->sas;
      return 0;
    };
    bzrtp_setCallbacks(context_, &callbacks);
  }
  ~RealEnd() { bzrtp_destroyBzrtpContext(context_, ssrc_); }
  RealEnd(const RealEnd&) = delete;
  RealEnd& operator=(const RealEnd&) = delete;

  void offer(std::uint8_t kind, std::initializer_list<std::uint8_t> names) {
    std::uint8_t all[7];
    std::copy(names.begin(), names.end(), all);
    bzrtp_setSupportedCryptoTypes(context_, kind, all, static_cast<std::uint8_t>(names.size()));
  }
  void start() {
    ASSERT_EQ(bzrtp_initBzrtpContext(context_, ssrc_), 0);
    bzrtp_setClientData(context_, ssrc_, this);
    ASSERT_EQ(bzrtp_startChannelEngine(context_, ssrc_), 0);
  }
  void onTime(std::chrono::milliseconds now) {
    bzrtp_iterate(context_, ssrc_, static_cast<std::uint64_t>(now.count()));
  }
  void receive(Buffer packet) {
    bzrtp_processMessage(context_, ssrc_, packet.data(), static_cast<std::uint16_t>(packet.size()));
  }
  bool secure() const { return bzrtp_getChannelStatus(context_, ssrc_) == BZRTP_CHANNEL_SECURE; }
  // As it says it in SDP: "1.10 " and 64 hexadecimal digits.
  std::string helloHash() const {
    std::array<std::uint8_t, 80> out{};
    bzrtp_getSelfHelloHash(context_, ssrc_, out.data(), out.size());
    return reinterpret_cast<const char*>(out.data());
  }

  std::deque<Buffer> outgoing;
  std::string sas;

 private:
  bzrtpContext_t* context_;
  std::uint32_t ssrc_;
};

// What becomes of a packet before the guard: none, one or several in its place.
using Fate = std::function<std::vector<Buffer>(Side from, Type type, Buffer packet)>;

class GuardedCall : public ::testing::Test {
 protected:
  void begin() {
    a->start();
    b->start();
  }
  // Both ends' own retransmissions run, on a clock of ours.
  void run(std::chrono::milliseconds how_long) {
    for (const auto end = now + how_long; now < end; now += 10ms) {
      a->onTime(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()));
      b->onTime(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()));
      carry();
    }
  }
  void carry() {
    while (!a->outgoing.empty() || !b->outgoing.empty()) {
      if (!a->outgoing.empty()) carryFrom(Side::a, *a, *b);
      if (!b->outgoing.empty()) carryFrom(Side::b, *b, *a);
    }
  }
  void carryFrom(Side from, RealEnd& sender, RealEnd& receiver) {
    auto packet = std::move(sender.outgoing.front());
    sender.outgoing.pop_front();
    const auto type = parse(packet)->type;
    for (auto& each : fate(from, type, std::move(packet))) {
      const auto before = each;
      if (guard.onZrtp(from, each, now) != Refusal::none) continue;
      EXPECT_EQ(each, before);
      seen.emplace_back(from, type, each);
      if (reaches_far_end(from, type)) receiver.receive(std::move(each));
    }
  }

  Refusal media(Side from) { return guard.onMedia(from, Channel::rtp, evenPacket(170), now); }
  // The first packet of that kind that has passed.
  const Buffer& passed(Type type, std::optional<Side> of = std::nullopt) const {
    for (const auto& [from, kind, packet] : seen) {
      if (kind == type && of.value_or(from) == from) return packet;
    }
    ADD_FAILURE() << "no " << toString(type) << " has passed";
    return std::get<2>(seen.front());
  }
  std::vector<std::string> codes() {
    std::vector<std::string> codes;
    for (const auto& event : guard.takeEvents()) codes.emplace_back(event.code);
    return codes;
  }

  TimePoint now{1h};
  std::unique_ptr<RealEnd> a = std::make_unique<RealEnd>(0xA1), b = std::make_unique<RealEnd>(0xB1);
  Guard guard;
  Fate fate = [](Side, Type, Buffer packet) { return std::vector<Buffer>{std::move(packet)}; };
  std::function<bool(Side, Type)> reaches_far_end = [](Side, Type) { return true; };
  std::vector<std::tuple<Side, Type, Buffer>> seen;
};

}  // namespace sallyport::media::zrtp::test
