// SPDX-License-Identifier: Apache-2.0
#include "media/stun/integrity.h"

#include <gtest/gtest.h>

#include "media/media_test_support.h"
#include "media/stun/stun_test_support.h"

namespace sallyport::media::stun {
namespace {

using media::test::Buffer;
using media::test::fromHex;
using testing::keyOf;
using testing::written;

std::string outcome(Bytes datagram, std::string_view password) {
  const auto message = Message::parse(datagram);
  if (!message) return message.error().code;
  const auto authenticated = authenticate(*message, keyOf(password));
  return authenticated ? "authenticated" : std::string{authenticated.error().code};
}

Buffer protectedBy(std::string_view password, Integrity integrity) {
  return written(Class::request, [&](auto& writer) {
    writer.username("left:right");
    writer.integrity(keyOf(password), integrity);
    writer.fingerprint();
  });
}

// One case of the vector file: its hex, after its name.
Buffer vectorNamed(const std::string& json, const std::string& name) {
  const auto at = json.find("\"name\": \"" + name);
  return at == std::string::npos ? Buffer{} : fromHex(sallyport::test::jsonText(json.substr(at), "name", "hex"));
}

class Rfc5769 : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto text = sallyport::test::corpus("vectors/rfc5769-stun.json");
    if (!text) GTEST_SKIP() << "vectors/rfc5769-stun.json is not among the corpora";
    json_ = *text;
    password_ = sallyport::test::jsonText(json_, "short_term_password", "short_term_password");
  }

  std::string json_, password_;
};

TEST_F(Rfc5769, RequestOf2_1) {
  const auto datagram = vectorNamed(json_, "2.1");
  EXPECT_EQ(outcome(datagram, password_), "authenticated");
  const auto message = Message::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->username(), "evtj:h6vY");
  EXPECT_EQ(message->priority(), 0x6E0001FFU);
  EXPECT_EQ(message->controlled(), 0x932FF9B151263B36U);
  EXPECT_TRUE(message->hasFingerprint());
}

TEST_F(Rfc5769, ResponsesOf2_2And2_3) {
  const auto v4 = vectorNamed(json_, "2.2"), v6 = vectorNamed(json_, "2.3");
  EXPECT_EQ(outcome(v4, password_), "authenticated");
  EXPECT_EQ(Message::parse(v4)->xorMappedAddress(), Endpoint::parse("192.0.2.1:32853"));
  EXPECT_EQ(outcome(v6, password_), "authenticated");
  EXPECT_EQ(Message::parse(v6)->xorMappedAddress(), Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
}

TEST_F(Rfc5769, LongTermRequestOf2_4) {
  const auto datagram = vectorNamed(json_, "2.4");
  const auto message = Message::parse(datagram);
  ASSERT_TRUE(message);
  const auto key = fromHex(sallyport::test::jsonText(json_, "2.4 long-term", "key_md5_hex"));
  EXPECT_TRUE(authenticate(*message, IntegrityKey{key}));
  EXPECT_FALSE(message->hasFingerprint());
}

TEST_F(Rfc5769, ChangedByteOfTheNegativeCase) {
  EXPECT_EQ(outcome(vectorNamed(json_, "negative"), password_), "media.stun.fingerprint");
}

TEST(StunIntegrity, HoldsUnderThePasswordThatMadeIt) {
  EXPECT_EQ(outcome(protectedBy("secret", Integrity::sha1), "secret"), "authenticated");
  EXPECT_EQ(outcome(protectedBy("secret", Integrity::sha256), "secret"), "authenticated");
}

TEST(StunIntegrity, HoldsUnderAPasswordLongerThanAHashBlock) {
  const std::string longest(256, 'p'), other = std::string(255, 'p') + "q";
  for (const auto integrity : {Integrity::sha1, Integrity::sha256}) {
    EXPECT_EQ(outcome(protectedBy(longest, integrity), longest), "authenticated");
    EXPECT_EQ(outcome(protectedBy(longest, integrity), other), "media.stun.integrity.wrong");
  }
}

TEST(StunIntegrity, OfAnotherPasswordIsRefused) {
  EXPECT_EQ(outcome(protectedBy("secret", Integrity::sha1), "secrets"), "media.stun.integrity.wrong");
  EXPECT_EQ(outcome(protectedBy("secret", Integrity::sha256), ""), "media.stun.integrity.wrong");
}

TEST(StunIntegrity, ThatIsMissingIsRefused) {
  const auto datagram = written(Class::request, [](auto& writer) {
    writer.username("left:right");
    writer.fingerprint();
  });
  EXPECT_EQ(outcome(datagram, "secret"), "media.stun.integrity.missing");
}

TEST(StunIntegrity, IsBrokenByEveryChangedBitBeforeIt) {
  const auto whole = written(Class::request, [](auto& writer) {
    writer.username("left:right");
    writer.integrity(keyOf("secret"), Integrity::sha1);
  });
  for (std::size_t bit = 0; bit < (whole.size() - 24) * 8; ++bit) {
    auto changed = whole;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_NE(outcome(changed, "secret"), "authenticated") << "bit " << bit;
  }
}

TEST(StunIntegrity, IsComparedToItsLastByte) {
  for (const auto integrity : {Integrity::sha1, Integrity::sha256}) {
    const auto whole = written(Class::request, [&](auto& writer) { writer.integrity(keyOf("secret"), integrity); });
    ASSERT_EQ(outcome(whole, "secret"), "authenticated");
    for (std::size_t at = whole.size() - macBytes(integrity); at < whole.size(); ++at) {
      auto changed = whole;
      changed[at] ^= 1;
      EXPECT_EQ(outcome(changed, "secret"), "media.stun.integrity.wrong") << at;
    }
  }
}

TEST(StunIntegrity, TheFirstOfItsKindCounts) {
  for (const auto integrity : {Integrity::sha1, Integrity::sha256}) {
    const auto twice = [&](std::string_view first, std::string_view second) {
      return written(Class::request, [&](auto& writer) {
        writer.integrity(keyOf(first), integrity);
        writer.integrity(keyOf(second), integrity);
      });
    };
    EXPECT_EQ(outcome(twice("secret", "other"), "secret"), "authenticated");
    EXPECT_EQ(outcome(twice("other", "secret"), "secret"), "media.stun.integrity.wrong");
  }
}

TEST(StunIntegrity, BySha256CountsWhereBothAreShown) {
  const auto both = [](std::string_view for_sha1, std::string_view for_sha256) {
    return written(Class::request, [&](auto& writer) {
      writer.username("left:right");
      writer.integrity(keyOf(for_sha1), Integrity::sha1);
      writer.integrity(keyOf(for_sha256), Integrity::sha256);
      writer.fingerprint();
    });
  };
  EXPECT_EQ(outcome(both("secret", "secret"), "secret"), "authenticated");
  EXPECT_EQ(outcome(both("secret", "wrong"), "secret"), "media.stun.integrity.wrong");
  const auto datagram = both("wrong", "secret");
  const auto message = Message::parse(datagram);
  EXPECT_EQ(authenticate(*message, keyOf("secret"))->integrity(), Integrity::sha256);
}

}  // namespace
}  // namespace sallyport::media::stun
