// SPDX-License-Identifier: Apache-2.0
// Two ends that agree keys by ZRTP, what they remember of each other, and what they say when it does not fit
// (RFC 6189 4.3).
#include "phone/zrtp_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <vector>

#include "phone/cli/report.h"

namespace sallyport::phone {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct End {
  ZrtpSettings settings;
  std::unique_ptr<ZrtpSession> session;
  std::deque<std::vector<std::uint8_t>> outbox;
  std::optional<media::SrtpKeying> send, receive;
  std::optional<ZrtpFacts> facts;
  std::vector<std::string> complaints;

  void begin(std::uint32_t ssrc) {
    ZrtpSession::Events events;
    events.send = [this](Bytes packet) { outbox.emplace_back(packet.begin(), packet.end()); };
    events.send_key = [this](const media::SrtpKeying& key) { send = key.clone(); };
    events.receive_key = [this](const media::SrtpKeying& key) { receive = key.clone(); };
    events.agreed = [this](const ZrtpFacts& agreed) { facts = agreed; };
    events.failed = [this](std::string why) { complaints.push_back(std::move(why)); };
    auto created = ZrtpSession::create(settings, ssrc, std::move(events));
    ASSERT_TRUE(created) << describe(created.error());
    session = *std::move(created);
  }
};

class ZrtpCall : public ::testing::Test {
 protected:
  ZrtpCall() : folder(fs::temp_directory_path() / ("sallyport-zrtp-" + std::to_string(::getpid()))) {
    fs::create_directories(folder);
    alice.settings.own_uri = bob.settings.peer_uri = "sip:alice@example.com";
    alice.settings.peer_uri = bob.settings.own_uri = "sip:bob@example.com";
  }
  ~ZrtpCall() override { fs::remove_all(folder); }

  std::string file(const std::string& name) const { return (folder / name).string(); }
  void remember() {
    alice.settings.cache = *ZrtpCache::open(file("alice"));
    bob.settings.cache = *ZrtpCache::open(file("bob"));
  }
  // A whole call: both announce their Hello, start, and talk until they are done.
  void talk() {
    for (auto* end : {&alice, &bob}) {
      end->outbox.clear();
      end->facts.reset();
      end->complaints.clear();
    }
    alice.begin(1);
    bob.begin(2);
    alice.session->expect(bob.session->helloHash());
    bob.session->expect(alice.session->helloHash());
    alice.session->start();
    bob.session->start();
    for (int i = 0; i < 400; ++i) {
      now += 20ms;
      carry(alice, bob);
      carry(bob, alice);
      alice.session->onTime(now);
      bob.session->onTime(now);
    }
  }
  static void carry(End& from, End& to) {
    for (auto& packet : std::exchange(from.outbox, {})) to.session->onPacket(packet);
  }
  void hangUp() {
    for (auto* end : {&alice, &bob}) end->session.reset();
  }

  fs::path folder;
  End alice, bob;
  TimePoint now{1h};
};

TEST_F(ZrtpCall, BothEndsShowTheSameWordsAndHaveEachOthersKeys) {
  talk();
  ASSERT_TRUE(alice.facts && bob.facts);
  EXPECT_EQ(alice.facts->sas, bob.facts->sas);
  EXPECT_EQ(alice.facts->sas.size(), 4U);
  EXPECT_EQ(alice.facts->agreement, "X255");
  EXPECT_EQ(alice.facts->cipher, "AES3");
  ASSERT_TRUE(alice.send && bob.receive && alice.receive && bob.send);
  EXPECT_EQ(*alice.send, *bob.receive);
  EXPECT_EQ(*alice.receive, *bob.send);
  EXPECT_FALSE(*alice.send == *alice.receive);
}

TEST_F(ZrtpCall, WordsAreShownWhereBothHaveThem) {
  alice.settings.sas = bob.settings.sas = SasForm::base256;
  talk();
  ASSERT_TRUE(alice.facts && bob.facts);
  EXPECT_EQ(alice.facts->sas, bob.facts->sas);
  EXPECT_THAT(alice.facts->sas, HasSubstr(":"));
}

TEST_F(ZrtpCall, AnotherHelloThanWasAnnouncedAgreesNothing) {
  alice.begin(1);
  bob.begin(2);
  alice.session->expect(crypto::Sha256Digest{});  // somebody else's
  alice.session->start();
  bob.session->start();
  for (int i = 0; i < 100; ++i) {
    now += 20ms;
    carry(alice, bob);
    carry(bob, alice);
    alice.session->onTime(now);
    bob.session->onTime(now);
  }
  EXPECT_FALSE(alice.facts);
  EXPECT_FALSE(alice.send || alice.receive);
}

TEST_F(ZrtpCall, WordsThatWereComparedNeedNotBeComparedAgain) {
  remember();
  talk();
  EXPECT_FALSE(alice.facts->verified) << "nobody has compared yet";
  EXPECT_THAT(textSas(*alice.facts), HasSubstr("not compared yet"));
  alice.session->setVerified();
  bob.session->setVerified();
  hangUp();
  talk();
  EXPECT_TRUE(alice.facts->verified && bob.facts->verified);
  EXPECT_FALSE(alice.facts->cache_mismatch);
  EXPECT_THAT(textSas(*alice.facts), HasSubstr("compared before"));
}

TEST_F(ZrtpCall, WordsThatWereFoundDifferentAreNotVerifiedTheNextTime) {
  remember();
  talk();
  alice.session->setVerified();
  bob.session->setVerified();
  hangUp();
  talk();
  alice.session->setMismatched();
  hangUp();
  talk();
  EXPECT_FALSE(alice.facts->verified);
}

TEST_F(ZrtpCall, SecretsThatDoNotFitAreAWarningAndWantAnotherComparison) {
  remember();
  talk();
  alice.session->setVerified();
  bob.session->setVerified();
  hangUp();
  bob.settings.cache.reset();
  fs::copy_file(file("bob"), file("bob-of-then"));
  bob.settings.cache = *ZrtpCache::open(file("bob"));
  for (int i = 0; i < 2; ++i) {  // two calls further, neither secret of then is known any more (RFC 6189 4.6.1)
    talk();
    ASSERT_TRUE(alice.facts->verified);
    hangUp();
  }
  bob.settings.cache = *ZrtpCache::open(file("bob-of-then"));
  talk();
  ASSERT_TRUE(alice.facts);
  EXPECT_TRUE(alice.facts->cache_mismatch);
  EXPECT_FALSE(alice.facts->verified) << "whoever it is has to be compared with again";
  EXPECT_THAT(textSas(*alice.facts), HasSubstr("WARNING"));
  EXPECT_THAT(textSas(*alice.facts), HasSubstr("Compare the words"));
  EXPECT_THAT(jsonSas(*alice.facts), HasSubstr("\"cache_mismatch\":true"));
}

TEST_F(ZrtpCall, SomebodyElseUnderTheSameAddressIsAWarningUntilTheWordsAreCompared) {
  remember();
  talk();
  EXPECT_FALSE(alice.facts->cache_mismatch) << "nobody was there before";
  alice.session->setVerified();
  bob.session->setVerified();
  hangUp();
  bob.settings.cache = *ZrtpCache::open(file("another"));
  for (int i = 0; i < 2; ++i) {
    talk();
    ASSERT_TRUE(alice.facts);
    EXPECT_TRUE(alice.facts->cache_mismatch) << i;
    EXPECT_FALSE(alice.facts->verified);
    EXPECT_FALSE(bob.facts->cache_mismatch) << "who has talked to nobody yet misses nobody";
    hangUp();
  }
  talk();
  alice.session->setVerified();  // another phone of bob's, as the two people find
  bob.session->setVerified();
  hangUp();
  talk();
  EXPECT_TRUE(alice.facts->verified);
  EXPECT_FALSE(alice.facts->cache_mismatch);
  hangUp();
  bob.settings.cache = *ZrtpCache::open(file("bob"));
  talk();
  EXPECT_TRUE(alice.facts->verified) << "and the first one is still known";
}

TEST_F(ZrtpCall, OneWhoWasTalkedToIsKnownBesideAnotherThoughNobodyHasCompared) {
  remember();
  talk();
  hangUp();
  talk();
  EXPECT_FALSE(alice.facts->cache_mismatch) << "the same as before";
  hangUp();
  bob.settings.cache = *ZrtpCache::open(file("another"));
  talk();
  EXPECT_TRUE(alice.facts->cache_mismatch);
  hangUp();
  talk();
  EXPECT_FALSE(alice.facts->cache_mismatch) << "both are as good as each other";
}

TEST_F(ZrtpCall, AnotherAddressIsAnotherMatter) {
  remember();
  talk();
  alice.session->setVerified();
  bob.session->setVerified();
  hangUp();
  alice.settings.peer_uri = bob.settings.own_uri = "sip:carol@example.com";
  talk();
  EXPECT_FALSE(alice.facts->cache_mismatch);
  EXPECT_FALSE(alice.facts->verified);
}

TEST_F(ZrtpCall, ACacheThatOthersMayReadIsRefused) {
  std::ofstream{file("open")};
  fs::permissions(file("open"), fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  const auto cache = ZrtpCache::open(file("open"));
  ASSERT_FALSE(cache);
  EXPECT_STREQ(cache.error().code, "phone.zrtp.cache");
  EXPECT_FALSE(ZrtpCache::open(file("no/such/folder")));
}

TEST_F(ZrtpCall, WhatIsNoCacheIsRefused) {
  std::ofstream{file("text")} << std::string(4'096, 'x');
  fs::permissions(file("text"), fs::perms::owner_read | fs::perms::owner_write);
  const auto cache = ZrtpCache::open(file("text"));
  ASSERT_FALSE(cache);
  EXPECT_STREQ(cache.error().code, "phone.zrtp.cache");
}

}  // namespace
}  // namespace sallyport::phone
