// SPDX-License-Identifier: Apache-2.0
#include "firewall/pinhole_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "firewall/test_firewall.h"

namespace sallyport::firewall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PinholeTableTest : public testing::Test {
 protected:
  Reply ask(Request::Kind kind) { return table_->handle({kind, 1, {}}); }
  Reply change(std::vector<Change> changes) { return table_->handle({Request::Kind::change, 1, std::move(changes)}); }
  Outcome one(Change change) { return this->change({std::move(change)}).outcomes.front(); }
  void begin(std::size_t most = 100, OnFull on_full = OnFull::pass) {
    table_ = std::make_unique<PinholeTable>(testScope(most), on_full, kernel_);
    ASSERT_EQ(ask(Request::Kind::setUp).standing, Standing::filtering);
    kernel_.ran.clear();
  }

  FakeKernel kernel_;
  std::unique_ptr<PinholeTable> table_;
};

TEST_F(PinholeTableTest, RefusesEverythingBeforeItIsSetUp) {
  table_ = std::make_unique<PinholeTable>(testScope(), OnFull::pass, kernel_);
  EXPECT_EQ(one(opening("192.0.2.1:20000")), Outcome::notSetUp);
  EXPECT_THAT(ask(Request::Kind::count).outcomes, ElementsAre(Outcome::notSetUp));
  EXPECT_TRUE(kernel_.ran.empty());
}

TEST_F(PinholeTableTest, SaysWhyThereIsNoTable) {
  table_ = std::make_unique<PinholeTable>(testScope(), OnFull::pass, kernel_);
  kernel_.refuses = [](const std::string&) { return true; };
  const auto reply = ask(Request::Kind::setUp);
  EXPECT_EQ(reply.standing, Standing::down);
  EXPECT_THAT(reply.outcomes, ElementsAre(Outcome::kernel));
  EXPECT_EQ(reply.detail, "No space left");
}

TEST_F(PinholeTableTest, RefusesWhatItWasNotStartedFor) {
  begin();
  EXPECT_EQ(one(opening("192.0.2.2:20000")), Outcome::foreignAddress);
  EXPECT_EQ(one(opening("[2001:db8::2]:20000")), Outcome::foreignAddress);
  EXPECT_EQ(one(opening("192.0.2.1:19999")), Outcome::foreignPort);
  EXPECT_EQ(one(opening("192.0.2.1:20100")), Outcome::foreignPort);
  EXPECT_EQ(one(closing("192.0.2.1:22")), Outcome::foreignPort);
  EXPECT_EQ(one(opening("192.0.2.1:20000", address("2001:db8::7"))), Outcome::wrongSource);
  EXPECT_EQ(one(extending("192.0.2.1:20000")), Outcome::notOpen);
  auto brief = opening("192.0.2.1:20000"), lasting = brief;
  brief.timeout = {};
  lasting.timeout = kLongestTimeout + std::chrono::seconds{1};
  EXPECT_EQ(one(brief), Outcome::wrongTimeout);
  EXPECT_EQ(one(lasting), Outcome::wrongTimeout);
  EXPECT_TRUE(kernel_.ran.empty());
}

TEST_F(PinholeTableTest, TakesTheFirstAndTheLastPortAndTheLongestTime) {
  begin();
  auto longest = opening("192.0.2.1:20099");
  longest.timeout = kLongestTimeout;
  EXPECT_EQ(one(opening("192.0.2.1:20000")), Outcome::done);
  EXPECT_EQ(one(longest), Outcome::done);
}

TEST_F(PinholeTableTest, OneRequestIsOneTransaction) {
  begin();
  const auto reply = change({opening("192.0.2.1:20000"), opening("[2001:db8::1]:20001")});
  EXPECT_THAT(reply.outcomes, ElementsAre(Outcome::done, Outcome::done));
  EXPECT_EQ(reply.pinholes, 2u);
  ASSERT_EQ(kernel_.ran.size(), 1u);
}

TEST_F(PinholeTableTest, PortNamedTwiceIsRefusedTheSecondTime) {
  begin();
  EXPECT_THAT(change({opening("192.0.2.1:20000"), closing("192.0.2.1:20000")}).outcomes,
              ElementsAre(Outcome::done, Outcome::repeated));
}

TEST_F(PinholeTableTest, NarrowingTakesAwayWhatWasOpenInTheSameTransaction) {
  begin();
  (void)one(opening("192.0.2.1:20000"));
  kernel_.ran.clear();
  EXPECT_EQ(one(opening("192.0.2.1:20000", address("198.51.100.7"))), Outcome::done);
  EXPECT_THAT(kernel_.ran, ElementsAre("add element inet sallyport any4 { 192.0.2.1 . 20000 }\n"
                                       "delete element inet sallyport any4 { 192.0.2.1 . 20000 }\n"
                                       "add element inet sallyport from4 { 192.0.2.1 . 20000 . 198.51.100.7 timeout "
                                       "60s }\n"));
  EXPECT_EQ(ask(Request::Kind::count).pinholes, 1u);
}

TEST_F(PinholeTableTest, ExtendingKeepsTheSource) {
  begin();
  (void)one(opening("192.0.2.1:20000", address("198.51.100.7")));
  kernel_.ran.clear();
  EXPECT_EQ(one(extending("192.0.2.1:20000")), Outcome::done);
  EXPECT_THAT(kernel_.ran.back(), HasSubstr("add element inet sallyport from4 { 192.0.2.1 . 20000 . 198.51.100.7 "
                                            "timeout 60s }"));
}

TEST_F(PinholeTableTest, ClosingWhatIsNotOpenIsNothing) {
  begin();
  EXPECT_EQ(one(closing("192.0.2.1:20000")), Outcome::done);
  EXPECT_TRUE(kernel_.ran.empty());
}

TEST_F(PinholeTableTest, CountTellsWhatTheKernelHasDropped) {
  begin();
  EXPECT_EQ(ask(Request::Kind::count).dropped, 42u);
}

TEST_F(PinholeTableTest, FullTableLetsEverythingThroughUntilThereIsRoom) {
  begin(1);
  (void)one(opening("192.0.2.1:20000"));
  auto reply = change({opening("192.0.2.1:20002")});
  EXPECT_THAT(reply.outcomes, ElementsAre(Outcome::full));
  EXPECT_EQ(reply.standing, Standing::passing);
  EXPECT_EQ(kernel_.ran.back(), passCommands());
  (void)one(closing("192.0.2.1:20000"));
  reply = change({extending("192.0.2.1:20002")});
  EXPECT_THAT(reply.outcomes, ElementsAre(Outcome::done));
  EXPECT_EQ(reply.standing, Standing::filtering);
  EXPECT_EQ(kernel_.ran.back(), filterCommands(testScope(1)));
}

TEST_F(PinholeTableTest, FilterIsBackWhenThePortThatDidNotFitIsClosed) {
  begin(1);
  EXPECT_THAT(change({opening("192.0.2.1:20000"), opening("192.0.2.1:20002")}).outcomes,
              ElementsAre(Outcome::done, Outcome::full));
  EXPECT_EQ(change({closing("192.0.2.1:20002")}).standing, Standing::filtering);
}

TEST_F(PinholeTableTest, FullTableRefusesWhereItIsRequired) {
  begin(1, OnFull::refuse);
  const auto reply = change({opening("192.0.2.1:20000"), opening("192.0.2.1:20002")});
  EXPECT_THAT(reply.outcomes, ElementsAre(Outcome::done, Outcome::full));
  EXPECT_EQ(reply.standing, Standing::filtering);
}

TEST_F(PinholeTableTest, OneRefusedByTheKernelCostsNoOther) {
  begin();
  kernel_.refuses = [](const std::string& commands) { return commands.find("20002") != std::string::npos; };
  const auto reply = change({opening("192.0.2.1:20000"), opening("192.0.2.1:20002"), opening("192.0.2.1:20004")});
  EXPECT_THAT(reply.outcomes, ElementsAre(Outcome::done, Outcome::kernel, Outcome::done));
  EXPECT_EQ(reply.detail, "No space left");
  EXPECT_EQ(reply.pinholes, 2u);
  EXPECT_EQ(reply.standing, Standing::passing);
}

TEST_F(PinholeTableTest, FullTableNarrowsWhatItHolds) {
  begin(1);
  (void)one(opening("192.0.2.1:20000"));
  EXPECT_EQ(one(opening("192.0.2.1:20000", address("198.51.100.7"))), Outcome::done);
}

TEST_F(PinholeTableTest, APortThatTheKernelRefusedComesBackForItsSourceAlone) {
  begin();
  (void)one(opening("192.0.2.1:20000", address("198.51.100.7")));
  kernel_.refuses = [](const std::string& commands) { return commands.find("20000") != std::string::npos; };
  const auto refused = change({extending("192.0.2.1:20000")});
  EXPECT_THAT(refused.outcomes, ElementsAre(Outcome::kernel));
  EXPECT_EQ(refused.pinholes, 0u);
  kernel_.refuses = {};
  kernel_.ran.clear();
  EXPECT_EQ(one(extending("192.0.2.1:20000")), Outcome::done);
  EXPECT_THAT(kernel_.ran.front(), HasSubstr("from4 { 192.0.2.1 . 20000 . 198.51.100.7 timeout 60s }"));
}

TEST_F(PinholeTableTest, SettingUpAgainBeginsWithNothingOpen) {
  begin();
  (void)one(opening("192.0.2.1:20000"));
  EXPECT_EQ(ask(Request::Kind::setUp).pinholes, 0u);
  EXPECT_EQ(one(extending("192.0.2.1:20000")), Outcome::notOpen);
}

TEST_F(PinholeTableTest, RatherNoTableThanCallsThatAreNotHeard) {
  begin(1);
  kernel_.refuses = [](const std::string& commands) { return commands == passCommands(); };
  EXPECT_EQ(change({opening("192.0.2.1:20000"), opening("192.0.2.1:20002")}).standing, Standing::down);
  EXPECT_EQ(kernel_.ran.back(), tearDownCommands());
}

TEST_F(PinholeTableTest, TearingDownForgetsWhatWasOpen) {
  begin();
  (void)one(opening("192.0.2.1:20000"));
  EXPECT_EQ(ask(Request::Kind::tearDown).standing, Standing::down);
  EXPECT_EQ(kernel_.ran.back(), tearDownCommands());
  (void)ask(Request::Kind::setUp);
  EXPECT_EQ(one(extending("192.0.2.1:20000")), Outcome::notOpen);
}

}  // namespace
}  // namespace sallyport::firewall
