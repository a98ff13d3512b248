// SPDX-License-Identifier: Apache-2.0
#include "media/ice/reflexive_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/ice/ice_test_support.h"

namespace sallyport::media::ice {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::Datagram;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kStart;

const Endpoint kServer = at("198.51.100.3:3478"), kBase = at("192.168.1.2:30000"), kOutside = at("203.0.113.9:41000");

// What a server says; what a test is about is changed in it.
struct Answer {
  stun::Class message_class = stun::Class::success;
  std::uint16_t method = stun::kBinding;
  std::optional<Endpoint> mapped = kOutside;
  std::optional<int> error = {};
  std::optional<std::uint16_t> unknown = {};
  std::size_t more = 0;  // bytes of an attribute that nobody needs

  Datagram to(const stun::TransactionId& transaction) const {
    std::vector<std::uint8_t> buffer(4'096);
    stun::MessageWriter writer{buffer, message_class, method, transaction};
    if (mapped) writer.xorMappedAddress(*mapped);
    if (error) writer.errorCode({*error, "No"});
    if (unknown) writer.add(static_cast<stun::Attribute>(*unknown), {});
    if (more != 0) writer.add(static_cast<stun::Attribute>(0x8099), std::vector<std::uint8_t>(more));
    writer.fingerprint();
    return {writer.written().begin(), writer.written().end()};
  }
};

class AReflexiveQuery : public ::testing::Test {
 protected:
  static ReflexiveQuery::Settings settings() {
    return {kServer, kBase, {{*IpNetwork::parse("0.0.0.0/0"), *IpNetwork::parse("::/0")}}};
  }
  // The transaction of the one request that is to be sent now.
  stun::TransactionId asked() {
    const auto sent = query.takeTransmissions();
    EXPECT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent.front().to, kServer);
    const auto message = stun::Message::parse(sent.front().datagram);
    EXPECT_TRUE(message && message->messageClass() == stun::Class::request && message->hasFingerprint());
    return message->transaction();
  }
  // Takes time on, from one deadline to the next, for as long as it asks; when it has sent something.
  std::vector<std::chrono::milliseconds> sentWhileAsking() {
    std::vector<std::chrono::milliseconds> times;
    for (auto now = kStart; query.isAsking(); now = *query.deadline()) {
      query.advance(now);
      ended = std::chrono::duration_cast<std::chrono::milliseconds>(now - kStart);
      for (const auto& request : query.takeTransmissions()) {
        EXPECT_EQ(request.to, kServer);
        times.push_back(ended);
      }
      if (!query.isAsking()) break;
    }
    return times;
  }

  ReflexiveQuery query{settings(), kStart};
  std::chrono::milliseconds ended{};
};

TEST_F(AReflexiveQuery, FindsWhereTheServerSeesTheSocket) {
  const auto transaction = asked();
  EXPECT_TRUE(query.isAsking());
  EXPECT_TRUE(query.onStun(kServer, Answer{}.to(transaction), kStart + 20ms));
  EXPECT_FALSE(query.isAsking());
  EXPECT_EQ(query.found(), kOutside);
}

TEST_F(AReflexiveQuery, AsksThreeTimesAndGivesUpAfterTwoAndAHalfSeconds) {
  EXPECT_THAT(sentWhileAsking(), ElementsAre(0ms, 500ms, 1500ms));
  EXPECT_EQ(ended, 2500ms);
  EXPECT_FALSE(query.found());
  EXPECT_FALSE(query.deadline()) << "and never again";
}

TEST_F(AReflexiveQuery, IsNotLedAstrayByWhatIsNoAnswerToIt) {
  const auto transaction = asked();
  auto garbled = Answer{}.to(transaction);
  garbled.back() ^= 1;
  const auto nobody = [&](const Endpoint& from, const Datagram& said) {
    return !query.onStun(from, said, kStart + 1ms) && query.isAsking() && !query.found();
  };
  EXPECT_TRUE(nobody(kServer, Answer{}.to(stun::newTransactionId())));
  EXPECT_TRUE(nobody(at("198.51.100.3:3479"), Answer{}.to(transaction))) << "another port of the server's host";
  EXPECT_TRUE(nobody(at("198.51.100.4:3478"), Answer{}.to(transaction))) << "a stranger";
  EXPECT_TRUE(nobody(kServer, garbled));
  EXPECT_TRUE(nobody(kServer, Datagram(40, 0x55)));
  EXPECT_TRUE(nobody(kServer, {}));
  EXPECT_TRUE(nobody(kServer, Answer{.more = 1'500}.to(transaction))) << "longer than any answer";
  EXPECT_TRUE(nobody(kServer, Answer{.message_class = stun::Class::request}.to(transaction)));
  EXPECT_TRUE(nobody(kServer, Answer{.message_class = stun::Class::indication}.to(transaction)));
  EXPECT_TRUE(nobody(kServer, Answer{.method = 0x003}.to(transaction))) << "of another method";
  EXPECT_THAT(sentWhileAsking(), ElementsAre(500ms, 1500ms)) << "nothing of this changes the schedule";
  EXPECT_EQ(ended, 2500ms);
}

TEST_F(AReflexiveQuery, HasNoCandidateFromAnAnswerThatIsOfNoUse) {
  const Answer useless[] = {
      {.message_class = stun::Class::error, .mapped = {}, .error = 401},
      {.message_class = stun::Class::error, .error = 300},  // and does not go elsewhere
      {.mapped = {}},
      {.unknown = 0x7FFF},  // something that must be understood
      {.mapped = at("203.0.113.9:0")},
      {.mapped = at("0.0.0.0:41000")},
      {.mapped = at("224.0.0.1:41000")},
      {.mapped = at("255.255.255.255:41000")},
      {.mapped = at("[2001:db8::9]:41000")},
      {.mapped = kBase},  // no NAT in between: the host candidate says it
  };
  for (const auto& answer : useless) {
    ReflexiveQuery again{settings(), kStart};
    const auto sent = again.takeTransmissions();
    const auto transaction = stun::Message::parse(sent.front().datagram)->transaction();
    EXPECT_TRUE(again.onStun(kServer, answer.to(transaction), kStart)) << &answer - useless;
    EXPECT_FALSE(again.isAsking()) << &answer - useless;
    EXPECT_FALSE(again.found()) << &answer - useless;
    EXPECT_FALSE(again.deadline()) << &answer - useless;
  }
}

TEST_F(AReflexiveQuery, BelievesTheFirstAnswerAlone) {
  const auto transaction = asked();
  ASSERT_TRUE(query.onStun(kServer, Answer{}.to(transaction), kStart));
  EXPECT_FALSE(query.onStun(kServer, Answer{.mapped = at("203.0.113.9:42000")}.to(transaction), kStart));
  EXPECT_EQ(query.found(), kOutside);
}

TEST_F(AReflexiveQuery, KeepsWhatItHasFoundAlive) {
  ASSERT_TRUE(query.onStun(kServer, Answer{}.to(asked()), kStart));
  query.advance(kStart + 14'999ms);
  EXPECT_THAT(query.takeTransmissions(), IsEmpty());
  for (auto now = kStart + 15s; now <= kStart + 60s; now += 15s) {
    EXPECT_EQ(query.deadline(), now);
    query.advance(now);
    EXPECT_TRUE(query.onStun(kServer, Answer{.mapped = at("203.0.113.9:42000")}.to(asked()), now));
    EXPECT_EQ(query.found(), kOutside) << "the description has been given";
  }
}

TEST_F(AReflexiveQuery, GoesOnAskingAServerThatHasFallenSilent) {
  ASSERT_TRUE(query.onStun(kServer, Answer{}.to(asked()), kStart));
  std::size_t sent = 0;
  for (auto now = *query.deadline(); now < kStart + 60s; now = *query.deadline()) {
    query.advance(now);
    sent += query.takeTransmissions().size();
  }
  EXPECT_EQ(sent, 3 * ReflexiveQuery::kTransmissions);
  EXPECT_EQ(query.found(), kOutside);
}

}  // namespace
}  // namespace sallyport::media::ice
