// SPDX-License-Identifier: Apache-2.0
// Our SRTP against libsrtp2, both ways, in every suite: same bytes out, same verdict in.
#include <gtest/gtest.h>

#include <random>

#include "media/libsrtp_oracle.h"
#include "media/media_test_support.h"

namespace sallyport::media {
namespace {

using crypto::SrtpSuite;
using test::Buffer;
using test::keying;
using test::LibsrtpSession;
using test::rtpPacket;
using test::toHex;
using Role = LibsrtpSession::Role;

Buffer theirs(LibsrtpSession& session, Buffer packet, Channel channel = Channel::rtp) {
  const auto length = packet.size();
  packet.resize(length + SRTP_MAX_TRAILER_LEN + 4);
  const auto protected_length = session.protect(packet.data(), length, channel);
  packet.resize(protected_length.value_or(0));
  return packet;
}

// Ours and theirs on the same datagram: both must let through the same cleartext, or both refuse.
DropReason agree(SrtpReceiver& ours, LibsrtpSession& oracle, const Buffer& datagram, Channel channel = Channel::rtp) {
  auto for_us = datagram;
  auto for_them = datagram;
  const auto verdict = test::unprotect(ours, for_us, channel);
  const auto length = oracle.unprotect(for_them.data(), for_them.size(), channel);
  EXPECT_EQ(verdict == DropReason::sent, length.has_value())
      << "ours: " << toString(verdict) << ", libsrtp2: " << oracle.status();
  if (length && verdict == DropReason::sent) {
    for_them.resize(*length);
    EXPECT_EQ(toHex(for_us), toHex(for_them));
  } else {
    EXPECT_EQ(toHex(for_us), toHex(datagram)) << "a refused packet is left as it was";
  }
  return verdict;
}

class SrtpDifferential : public ::testing::TestWithParam<SrtpSuite> {
 protected:
  const SrtpKeying key_ = keying(GetParam(), 3);
  SrtpSender sender_ = *SrtpSender::create(key_);
  SrtpReceiver receiver_ = *SrtpReceiver::create(key_);
  LibsrtpSession their_sender_{key_, Role::sender};
  LibsrtpSession their_receiver_{key_, Role::receiver};
  std::mt19937 random_{20'260'711};
};

TEST_P(SrtpDifferential, SendersWriteTheSameBytesAcrossARollover) {
  std::uint16_t sequence = 65'000;
  for (int i = 0; i < 70'000; ++i, ++sequence) {
    const auto packet = rtpPacket(0x1234, sequence, 0, 20);
    const auto ours = test::protect(sender_, packet);
    ASSERT_EQ(ours, theirs(their_sender_, packet)) << i;
    if (i % 7 == 0) {
      ASSERT_EQ(agree(receiver_, their_receiver_, ours), DropReason::sent);
    }
  }
}

TEST_P(SrtpDifferential, RtcpIsReadByEitherSide) {
  sender_.continueRtcpAt(1);  // libsrtp2 counts from one
  for (int i = 0; i < 300; ++i) {
    const auto packet = test::rtcpPacket(0x1234);
    const auto ours = test::protect(sender_, packet, Channel::rtcp);
    ASSERT_EQ(ours, theirs(their_sender_, packet, Channel::rtcp));
    ASSERT_EQ(agree(receiver_, their_receiver_, ours, Channel::rtcp), DropReason::sent);
    if (i % 3 == 0) {
      ASSERT_EQ(agree(receiver_, their_receiver_, ours, Channel::rtcp), DropReason::replayed);
    }
  }
}

TEST_P(SrtpDifferential, HeadersWithCsrcsAndExtensionsAreTheSame) {
  for (std::uint16_t i = 0; i < 400; ++i) {
    auto packet = rtpPacket(0x1234, i, 111, random_() % 300 + 120);
    const auto csrcs = static_cast<std::uint8_t>(random_() % 16);
    packet[0] = static_cast<std::uint8_t>(0x80 | csrcs);
    if (random_() % 2 == 0) {
      packet[0] |= 0x10;
      storeBe16(&packet[12 + 4 * csrcs + 2], static_cast<std::uint16_t>(random_() % 12));
    }
    const auto ours = test::protect(sender_, packet);
    ASSERT_EQ(ours, theirs(their_sender_, packet));
    ASSERT_EQ(agree(receiver_, their_receiver_, ours), DropReason::sent);
  }
}

// Reordering, repetition, loss, long jumps and several sources at once.
TEST_P(SrtpDifferential, ReceiversAgreeOnADisorderlyStream) {
  constexpr std::array<std::uint32_t, 3> kSources{0xA, 0xB, 0xC};
  std::array<std::uint16_t, 3> next{65'400, 100, 32'700};
  std::vector<Buffer> in_flight;
  std::uint64_t accepted = 0, replayed = 0, old = 0;
  for (int i = 0; i < 12'000; ++i) {
    const auto source = random_() % kSources.size();
    next[source] = static_cast<std::uint16_t>(next[source] + (random_() % 500 == 0 ? 1'500 : 1));
    in_flight.push_back(test::protect(sender_, rtpPacket(kSources[source], next[source], 0, random_() % 60)));
    if (in_flight.size() < 40) continue;
    const auto pick = random_() % in_flight.size();
    const auto repeats = random_() % 10 == 0 ? 2 : 1;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      const auto verdict = agree(receiver_, their_receiver_, in_flight[pick]);
      accepted += verdict == DropReason::sent;
      replayed += verdict == DropReason::replayed;
      old += verdict == DropReason::tooOld;
    }
    in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(pick));
    ASSERT_FALSE(HasFailure()) << i;
  }
  EXPECT_GT(accepted, 9'000u);
  EXPECT_GT(replayed, 500u);
  EXPECT_GT(old, 10u);
}

TEST_P(SrtpDifferential, ReceiversAgreeOnEveryDamagedByte) {
  const auto rtp = test::protect(sender_, rtpPacket(0x77, 9, 0, 30));
  const auto rtcp = test::protect(sender_, test::rtcpPacket(0x77), Channel::rtcp);
  for (std::size_t at = 0; at < rtp.size(); ++at) {
    auto damaged = rtp;
    damaged[at] ^= static_cast<std::uint8_t>(at == 0 ? 1u << (random_() % 6) : 1u << (random_() % 8));
    EXPECT_NE(agree(receiver_, their_receiver_, damaged), DropReason::sent) << at;
  }
  for (std::size_t at = 0; at < rtcp.size(); ++at) {
    auto damaged = rtcp;
    damaged[at] ^= static_cast<std::uint8_t>(1u << (random_() % 8));
    EXPECT_NE(agree(receiver_, their_receiver_, damaged, Channel::rtcp), DropReason::sent) << at;
  }
  EXPECT_EQ(agree(receiver_, their_receiver_, rtp), DropReason::sent);
  EXPECT_EQ(agree(receiver_, their_receiver_, rtcp, Channel::rtcp), DropReason::sent);
}

TEST_P(SrtpDifferential, ReceiversAgreeOnTruncatedPackets) {
  const auto rtp = test::protect(sender_, rtpPacket(0x77, 9, 0, 30));
  for (std::size_t length = 0; length < rtp.size(); ++length) {
    agree(receiver_, their_receiver_, Buffer(rtp.begin(), rtp.begin() + static_cast<std::ptrdiff_t>(length)));
  }
  EXPECT_EQ(agree(receiver_, their_receiver_, rtp), DropReason::sent);
}

INSTANTIATE_TEST_SUITE_P(Suites, SrtpDifferential, ::testing::ValuesIn(crypto::kSrtpSuites),
                         [](const auto& param) { return std::string{crypto::factsOf(param.param).name}; });

}  // namespace
}  // namespace sallyport::media
