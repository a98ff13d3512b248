// SPDX-License-Identifier: Apache-2.0
#include "phone/registration.h"

#include <gmock/gmock.h>

#include "phone/signalling_test_support.h"

namespace sallyport::phone {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

// What one user agent says when it registers, and what the imaginary edge answers.
class RegistrationTest : public ::testing::Test, private RegistrationEvents {
 protected:
  void SetUp() override {
    agent().setNow(now_);
    registration_.start(side_.localPartyOn(kFlow), kFlow);
  }
  sip::Message said() {
    EXPECT_FALSE(side_.outbox.empty());
    auto message = *sip::Message::parse(side_.outbox.front());
    side_.outbox.pop_front();
    return message;
  }
  void reply(const sip::Message& request, int status,
             const std::vector<std::pair<sip::HeaderId, std::string>>& headers) {
    auto writer = sip::responseTo(request, status, {}, "edge");
    for (const auto& [id, value] : headers) writer.header(id, value);
    agent().receive(kFlow, *sip::Message::parse(writer.finish()), now_);
  }
  void grant(const sip::Message& request, const std::string& seconds) {
    reply(request, 200, {{sip::HeaderId::contact, "<sip:alice@127.0.0.1:5061;transport=tls>;expires=" + seconds}});
  }
  UserAgent& agent() { return side_.agent; }
  void pass(std::chrono::seconds time) { agent().advance(now_ += time); }

  static constexpr sip::FlowId kFlow{1};
  TimePoint now_{1h};
  testing::Side side_{"alice"};
  Registration& registration_{side_.agent.createRegistration(*this, 600s)};
  std::vector<Registered> registered_;
  std::vector<std::string> failures_;
  int unregistered_ = 0;

 private:
  void onRegistered(const Registered& registered) override { registered_.push_back(registered); }
  void onRegistrationFailed(const Error& error, int) override { failures_.emplace_back(error.code); }
  void onUnregistered() override { ++unregistered_; }
};

TEST_F(RegistrationTest, HoldsWhatTheEdgeGrantsAndAsksAgainInTime) {
  const auto first = said();
  EXPECT_EQ(first.requestUri(), "sip:example.com");
  EXPECT_THAT(std::string{*first.header(sip::HeaderId::contact)}, HasSubstr("+sip.instance=\"<urn:uuid:"));
  grant(first, "100");
  ASSERT_EQ(registered_.size(), 1U);
  EXPECT_EQ(registered_[0].expires, 100s);
  pass(49s);
  EXPECT_TRUE(side_.outbox.empty());
  pass(2s);
  const auto second = said();
  EXPECT_EQ(second.callId(), first.callId());
  EXPECT_EQ(second.cseq(), first.cseq() + 1);
}

TEST_F(RegistrationTest, AsksForAsLongAsTheEdgeWants) {
  reply(said(), 423, {{sip::HeaderId::minExpires, "1800"}});
  EXPECT_EQ(*said().header(sip::HeaderId::expires), "1800");
}

TEST_F(RegistrationTest, ComesBackLaterWhenTheEdgeIsBusyAndNeverWhenItIsRefused) {
  reply(said(), 503, {{sip::HeaderId::retryAfter, "20"}});
  pass(21s);
  reply(said(), 403, {});
  EXPECT_THAT(failures_, ::testing::ElementsAre("phone.registration.refused"));
  pass(3'600s);
  EXPECT_TRUE(side_.outbox.empty());
}

TEST_F(RegistrationTest, WithoutAPasswordAChallengeIsARefusal) {
  reply(said(), 401, {{sip::HeaderId::wwwAuthenticate, R"(Digest realm="example.com", nonce="n", qop="auth")"}});
  EXPECT_THAT(failures_, ::testing::ElementsAre("phone.account.none"));
}

TEST_F(RegistrationTest, IsTakenBackAtTheEnd) {
  grant(said(), "100");
  agent().setNow(now_);
  registration_.leave();
  const auto last = said();
  EXPECT_EQ(*last.header(sip::HeaderId::expires), "0");
  reply(last, 200, {});
  EXPECT_EQ(unregistered_, 1);
}

}  // namespace
}  // namespace sallyport::phone
