// SPDX-License-Identifier: Apache-2.0
#include "media/stun/message_writer.h"

#include <gtest/gtest.h>

#include "media/stun/stun_test_support.h"

namespace sallyport::media::stun {
namespace {

using testing::keyOf;
using testing::kTransaction;
using testing::written;

TEST(StunMessageWriter, SaysEverythingThatAReaderFinds) {
  const std::array<std::uint16_t, 3> unknown{0x0003, 0x7000, 0x7001};
  const auto datagram = written(Class::request, [&](auto& writer) {
    writer.software("x");
    writer.username("left:right");
    writer.priority(0x6E0001FF);
    writer.controlling(0x932FF9B151263B36);
    writer.controlled(7);
    writer.useCandidate();
    writer.errorCode({487, "Role Conflict"});
    writer.unknownAttributes(unknown);
    writer.integrity(keyOf("secret"), Integrity::sha1);
    writer.fingerprint();
  });
  const auto message = Message::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->username(), "left:right");
  EXPECT_EQ(message->priority(), 0x6E0001FFU);
  EXPECT_EQ(message->controlling(), 0x932FF9B151263B36U);
  EXPECT_EQ(message->controlled(), 7U);
  EXPECT_TRUE(message->has(Attribute::useCandidate));
  EXPECT_EQ(message->errorCode()->code, 487);
  EXPECT_EQ(message->errorCode()->reason, "Role Conflict");
  EXPECT_EQ(message->unknownAttributes(), (std::vector<std::uint16_t>{0x0003, 0x7000, 0x7001}));
  EXPECT_TRUE(message->notUnderstood().empty());
  EXPECT_TRUE(message->hasFingerprint());
}

TEST(StunMessageWriter, HidesAnAddressOfEitherFamilyUnderTheCookie) {
  for (const auto* text : {"192.0.2.1:32853", "[2001:db8:1234:5678:11:2233:4455:6677]:32853"}) {
    const auto endpoint = *Endpoint::parse(text);
    const auto datagram = written(Class::success, [&](auto& writer) { writer.xorMappedAddress(endpoint); });
    EXPECT_EQ(Message::parse(datagram)->xorMappedAddress(), endpoint);
  }
}

TEST(StunMessageWriter, WritesNothingWhereNotAllFits) {
  std::array<std::uint8_t, 40> buffer;
  MessageWriter writer{buffer, Class::request, kBinding, kTransaction};
  writer.username("fifteen letters");
  EXPECT_EQ(writer.written().size(), 40U);
  writer.integrity(keyOf("secret"), Integrity::sha256);
  writer.fingerprint();
  EXPECT_TRUE(writer.written().empty());
}

TEST(StunMessageWriter, NeverWritesIntoABufferTooShortForAHeader) {
  std::array<std::uint8_t, 10> buffer;
  MessageWriter writer{buffer, Class::request, kBinding, kTransaction};
  writer.priority(1);
  EXPECT_TRUE(writer.written().empty());
}

}  // namespace
}  // namespace sallyport::media::stun
