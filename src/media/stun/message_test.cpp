// SPDX-License-Identifier: Apache-2.0
#include "media/stun/message.h"

#include <gtest/gtest.h>

#include "media/media_test_support.h"
#include "media/stun/fingerprint.h"
#include "media/stun/stun_test_support.h"

namespace sallyport::media::stun {
namespace {

using media::test::Buffer;
using media::test::fromHex;
using testing::refusal;
using testing::written;

// A binding request with these attributes, whatever they are.
Buffer requestWith(std::string_view attributes) {
  auto datagram = fromHex("00010000 2112a442 0102030405060708090a0b0c");
  const auto more = fromHex(attributes);
  datagram.insert(datagram.end(), more.begin(), more.end());
  storeBe16(&datagram[2], static_cast<std::uint16_t>(more.size()));
  return datagram;
}

TEST(StunMessage, SaysItsClassMethodAndTransaction) {
  for (const auto message_class : {Class::request, Class::indication, Class::success, Class::error}) {
    const auto datagram = written(message_class, [](auto&) {});
    const auto message = Message::parse(datagram);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->messageClass(), message_class);
    EXPECT_EQ(message->method(), kBinding);
    EXPECT_EQ(message->transaction(), testing::kTransaction);
  }
}

TEST(StunMessage, KeepsEveryBitOfAMethodApartFromTheClass) {
  std::array<std::uint8_t, 64> buffer;
  for (const std::uint16_t method : std::initializer_list<std::uint16_t>{0x001, 0x00F, 0x070, 0xF80, 0xFFF}) {
    const MessageWriter writer{buffer, Class::error, method, testing::kTransaction};
    const auto message = Message::parse(writer.written());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->method(), method);
    EXPECT_EQ(message->messageClass(), Class::error);
  }
}

TEST(StunMessage, ThatIsCutShortIsRefused) {
  const auto whole = requestWith("0024 0004 01020304");
  EXPECT_EQ(refusal(Bytes{whole}.first(19)), "media.stun.too_short");
  EXPECT_EQ(refusal(Bytes{whole}.first(24)), "media.stun.length");
  EXPECT_EQ(refusal({}), "media.stun.too_short");
}

TEST(StunMessage, WithBytesBehindItsEndIsRefused) {
  auto datagram = requestWith("0024 0004 01020304");
  datagram.push_back(0);
  EXPECT_EQ(refusal(datagram), "media.stun.length");
}

TEST(StunMessage, WhoseLengthIsNoMultipleOfFourIsRefused) {
  EXPECT_EQ(refusal(requestWith("00")), "media.stun.length");
}

TEST(StunMessage, ThatIsLongerThanAPacketIsRefused) {
  EXPECT_EQ(refusal(Buffer(kLongestMessage + 1)), "media.stun.too_long");
}

TEST(StunMessage, WithoutCookieOrWithHighBitsIsNone) {
  auto datagram = requestWith("");
  datagram[4] ^= 1;
  EXPECT_EQ(refusal(datagram), "media.stun.not_stun");
  datagram = requestWith("");
  datagram[0] |= 0x40;
  EXPECT_EQ(refusal(datagram), "media.stun.not_stun");
}

TEST(StunMessage, WhoseAttributeRunsPastTheEndIsRefused) {
  EXPECT_EQ(refusal(requestWith("0024 0008 01020304")), "media.stun.attribute");
  EXPECT_EQ(refusal(requestWith("8022 ffff 01020304")), "media.stun.attribute");
  EXPECT_EQ(refusal(requestWith("8022 0005 01020304")), "media.stun.attribute");  // no room for the padding
}

TEST(StunMessage, WithMoreAttributesThanAnybodySendsIsRefused) {
  std::string attributes;
  for (std::size_t i = 0; i < kMostAttributes; ++i) attributes += "c0000000";
  EXPECT_EQ(refusal(requestWith(attributes)), "accepted");
  EXPECT_EQ(refusal(requestWith(attributes + "c0000000")), "media.stun.too_many_attributes");
}

TEST(StunMessage, WithAKnownAttributeOfAnImpossibleValueIsRefused) {
  for (const auto* attribute : {
           "0024 0003 01020300",                          // PRIORITY
           "0025 0004 00000000",                          // USE-CANDIDATE
           "802a 0004 00000000",                          // ICE-CONTROLLING
           "8029 0004 00000000",                          // ICE-CONTROLLED
           "0020 0008 0003 1234 01020304",                // XOR-MAPPED-ADDRESS of no family
           "0020 0004 0001 1234",                         // without an address
           "0020 0000",                                   // with nothing at all
           "0020 0001 00000000",                          // without a family
           "0009 0003 00000400",                          // ERROR-CODE of three bytes
           "0020 0008 0002 1234 01020304",                // IPv6 of four octets
           "0009 0004 00000200",                          // ERROR-CODE below 300
           "0009 0004 00000464",                          // 4 hundred and 100
           "000a 0001 00000000",                          // UNKNOWN-ATTRIBUTES: half of one
           "0008 0004 00000000",                          // MESSAGE-INTEGRITY of four bytes
           "001c 0010 00000000000000000000000000000000",  // MESSAGE-INTEGRITY-SHA256, truncated
           "8028 0000",                                   // FINGERPRINT
       }) {
    EXPECT_EQ(refusal(requestWith(attribute)), "media.stun.value") << attribute;
  }
}

TEST(StunMessage, WithALongerTextThanItsKindMayHaveIsRefused) {
  const auto with = [](Attribute type, std::size_t size) {
    return refusal(written(Class::request, [&](auto& writer) { writer.add(type, Buffer(size, 'x')); }));
  };
  EXPECT_EQ(with(Attribute::username, 513), "accepted");
  EXPECT_EQ(with(Attribute::username, 514), "media.stun.value");
  for (const auto type : {Attribute::software, Attribute::realm, Attribute::nonce}) {
    EXPECT_EQ(with(type, 763), "accepted");
    EXPECT_EQ(with(type, 764), "media.stun.value");
  }
}

TEST(StunMessage, WithAWrongFingerprintIsRefused) {
  auto datagram = written(Class::request, [](auto& writer) { writer.fingerprint(); });
  EXPECT_EQ(refusal(datagram), "accepted");
  datagram.back() ^= 1;
  EXPECT_EQ(refusal(datagram), "media.stun.fingerprint");
}

TEST(StunMessage, WithAnythingBehindTheFingerprintIsRefused) {
  auto datagram = written(Class::request, [](auto& writer) {
    writer.fingerprint();
    writer.useCandidate();
  });
  EXPECT_EQ(refusal(datagram), "media.stun.fingerprint");
  storeBe32(&datagram[kHeaderBytes + 4], fingerprintOf(Bytes{datagram}.first(kHeaderBytes)));  // of the length as it is
  EXPECT_EQ(refusal(datagram), "media.stun.fingerprint");
}

TEST(StunMessage, ShowsTheFirstOfRepeatedAttributesAndNothingBehindItsIntegrity) {
  const auto datagram = written(Class::request, [](auto& writer) {
    writer.priority(1);
    writer.priority(2);
    writer.integrity(testing::keyOf("secret"), Integrity::sha1);
    writer.useCandidate();
    writer.username("late:comer");
  });
  const auto message = Message::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->priority(), 1U);
  EXPECT_FALSE(message->has(Attribute::useCandidate));
  EXPECT_FALSE(message->username());
}

TEST(StunMessage, NamesWhatItRequiresAndWeDoNotKnow) {
  const auto datagram = requestWith("7fff 0000 0024 0004 01020304 9000 0000 0003 0004 00000000");
  const auto message = Message::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->notUnderstood(), (std::vector<std::uint16_t>{0x7FFF, 0x0003}));
}

}  // namespace
}  // namespace sallyport::media::stun
