// SPDX-License-Identifier: Apache-2.0
// Calls that wait until a STUN server has said where it sees the phone (RFC 8445 5.1.1.2), or has not.
#include <gmock/gmock.h>

#include <array>

#include "media/stun/message_writer.h"
#include "phone/phone_test_support.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const IpAddress kOutside = *IpAddress::parse("203.0.113.7");

// Says that everybody comes from `kOutside`, or nothing.
class StunServer final : private net::MediaHandler {
 public:
  explicit StunServer(net::MediaSockets& sockets)
      : port_(*sockets.open(*net::UdpSocket::bind({IpAddress::v4({127, 0, 0, 1}), 0}), *this, 0)) {}

  Endpoint address() const { return port_->local(); }
  enum class Mood : std::uint8_t { answers, silent } mood = Mood::answers;
  std::size_t asked = 0;

 private:
  void onDatagram(std::uint32_t, const Endpoint& source, MutableBytes buffer, std::size_t length) override {
    const auto request = media::stun::Message::parse(buffer.first(length));
    ASSERT_TRUE(request);
    ++asked;
    if (mood == Mood::silent) return;
    std::array<std::uint8_t, 128> answer;
    media::stun::MessageWriter writer{answer, media::stun::Class::success, media::stun::kBinding,
                                      request->transaction()};
    writer.xorMappedAddress({kOutside, source.port});
    port_->send(source, writer.written());
  }

  std::unique_ptr<net::MediaPort> port_;
};

class PhoneByStun : public testing::TwoPhones {
 protected:
  enum class Stun : std::uint8_t { asked, notAsked };
  PhoneConfig byIce(const std::string& name, Stun stun) const {
    auto config = configFor(name, {sdp::Codec::pcmu});
    config.media.ice = sdp::IceUse::require;
    config.media.ice_mode = sdp::IceMode::full;
    if (stun == Stun::asked) config.stun_server = server.address();
    return config;
  }
  void begin(PhoneConfig alices, PhoneConfig bobs) {
    start(std::move(alices), std::move(bobs), ca.phone("alice", "dns:bob.example.com", clock),
          ca.phone("bob", "dns:alice.example.com", clock));
  }
  bool talking() const { return alice.talking != nullptr && bob.talking != nullptr; }
  bool bothHaveEnded() {
    return comesTrue([&] { return !alice.reports.empty() && !bob.reports.empty(); });
  }

  net::MediaSockets sockets{*loop};
  StunServer server{sockets};
};

TEST_F(PhoneByStun, BothLearnWhereTheyAreSeenBeforeTheySpeak) {
  begin(byIce("alice", Stun::asked), byIce("bob", Stun::asked));
  call();
  ASSERT_TRUE(comesTrue([&] { return talking(); }));
  pass(1s);
  alice.talking->hangUp();
  ASSERT_TRUE(bothHaveEnded());
  for (const auto* party : {&alice, &bob}) {
    const auto& ice = party->reports.at(0).media.ice;
    ASSERT_TRUE(ice && ice->reflexive);
    EXPECT_EQ(ice->reflexive->address, kOutside);
    EXPECT_GT(party->reports.at(0).media.packets_received, 40U) << "by the address that works";
  }
  EXPECT_EQ(server.asked, 2U);
}

TEST_F(PhoneByStun, AServerThatIsSilentCostsTwoAndAHalfSecondsAndNothingElse) {
  server.mood = StunServer::Mood::silent;
  begin(byIce("alice", Stun::asked), byIce("bob", Stun::notAsked));
  call();
  ASSERT_TRUE(comesTrue([&] { return server.asked == 1; }));
  pass(2'400ms);
  EXPECT_EQ(server.asked, 3U);
  EXPECT_EQ(bob_phone->conversations(), 0U) << "not called yet";
  pass(200ms);
  ASSERT_TRUE(comesTrue([&] { return talking(); }));
  pass(1s);
  alice.talking->hangUp();
  ASSERT_TRUE(bothHaveEnded());
  EXPECT_EQ(alice.reports.at(0).end.code, "phone.call.hung_up");
  EXPECT_FALSE(alice.reports.at(0).media.ice->reflexive);
}

TEST_F(PhoneByStun, TheAnswerWaitsToo) {
  server.mood = StunServer::Mood::silent;
  begin(byIce("alice", Stun::notAsked), byIce("bob", Stun::asked));
  call();
  ASSERT_TRUE(comesTrue([&] { return server.asked == 1; }));
  pass(2'400ms);
  EXPECT_EQ(alice.talking, nullptr);
  pass(200ms);
  EXPECT_TRUE(comesTrue([&] { return talking(); }));
}

TEST_F(PhoneByStun, WhoHangsUpMeanwhileHasCalledNobody) {
  server.mood = StunServer::Mood::silent;
  begin(byIce("alice", Stun::asked), byIce("bob", Stun::notAsked));
  auto* conversation = call();
  ASSERT_TRUE(comesTrue([&] { return server.asked == 1; }));
  conversation->hangUp();
  ASSERT_EQ(alice.reports.size(), 1U);
  EXPECT_EQ(alice.reports.at(0).end.code, "phone.call.cancelled");
  pass(5s);
  EXPECT_EQ(server.asked, 1U);
  EXPECT_EQ(bob_phone->conversations(), 0U);
}

TEST_F(PhoneByStun, ACallWhoseConnectionEndsMeanwhileIsLost) {
  server.mood = StunServer::Mood::silent;
  begin(byIce("alice", Stun::asked), byIce("bob", Stun::notAsked));
  call();
  ASSERT_TRUE(comesTrue([&] { return server.asked == 1 && bob_phone->links() == 1; }));
  bob_phone->dropLinks();
  ASSERT_TRUE(comesTrue([&] { return alice_phone->links() == 0; }));
  pass(3s);
  ASSERT_EQ(alice.reports.size(), 1U);
  EXPECT_EQ(alice.reports.at(0).end.code, "phone.call.lost");
}

TEST_F(PhoneByStun, ACallThatIsCancelledMeanwhileIsNotAnswered) {
  server.mood = StunServer::Mood::silent;
  begin(byIce("alice", Stun::notAsked), byIce("bob", Stun::asked));
  auto* conversation = call();
  ASSERT_TRUE(comesTrue([&] { return server.asked == 1; }));
  conversation->hangUp();
  ASSERT_TRUE(bothHaveEnded());
  EXPECT_EQ(bob.reports.at(0).end.code, "phone.call.cancelled");
  pass(5s);
  EXPECT_EQ(server.asked, 1U);
}

TEST_F(PhoneByStun, AnOfferThatIsRefusedIsRefusedAfterwards) {
  auto alices = byIce("alice", Stun::notAsked);
  alices.media.ice = sdp::IceUse::never;
  begin(std::move(alices), byIce("bob", Stun::asked));
  call();
  ASSERT_TRUE(bothHaveEnded());
  EXPECT_EQ(alice.reports.at(0).end.status, 488);
  EXPECT_THAT(bob.not_answered, ElementsAre("sdp.ice.missing"));
  EXPECT_THAT(alice.not_answered, IsEmpty());
}

}  // namespace
}  // namespace sallyport::phone
