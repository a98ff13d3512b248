// SPDX-License-Identifier: Apache-2.0
#include "call/admitted_source.h"

#include <gtest/gtest.h>

namespace sallyport::call {
namespace {

using namespace std::chrono_literals;

class AdmittedSourceTest : public testing::Test {
 protected:
  // What the kernel is told, as text: "any", an address, or "" for nothing.
  static std::string told(const std::optional<AdmittedSource::Change>& change) {
    if (!change) return "";
    return change->source ? change->source->toString() : "any";
  }
  std::string look(const char* heard_from, TimePoint verified) {
    return told(admitted_.look(Endpoint::parse(heard_from), verified, now_));
  }
  void narrow() {
    (void)admitted_.reopen(now_);
    now_ += kSettleTime;
    ASSERT_EQ(look("198.51.100.7:4000", now_ - 10ms), "198.51.100.7");
  }

  TimePoint now_{1h};
  AdmittedSource admitted_;
};

TEST_F(AdmittedSourceTest, AnybodyMayComeWhileNobodyIsHeard) {
  EXPECT_EQ(told(admitted_.reopen(now_)), "");
  now_ += 1min;
  EXPECT_EQ(told(admitted_.look(std::nullopt, std::nullopt, now_)), "");
}

TEST_F(AdmittedSourceTest, OneThatGoesOnBeingHeardIsAlone) {
  (void)admitted_.reopen(now_);
  EXPECT_EQ(look("198.51.100.7:4000", now_ + 1ms), "");
  now_ += kSettleTime;
  EXPECT_EQ(look("198.51.100.7:4000", now_ - 10ms), "198.51.100.7");
  EXPECT_EQ(look("198.51.100.7:4001", now_ - 10ms), "") << "another port is the same source";
}

TEST_F(AdmittedSourceTest, WhoeverWasHeardBeforeTheAgreementDoesNotCount) {
  (void)admitted_.reopen(now_);
  const auto before = now_;
  now_ += kSettleTime;
  EXPECT_EQ(look("198.51.100.7:4000", before), "");
}

TEST_F(AdmittedSourceTest, AnybodyMayComeAgainOnceItIsQuiet) {
  narrow();
  const auto last = now_;
  now_ += kQuietBeforeReopening;
  EXPECT_EQ(look("198.51.100.7:4000", last), "any");
  EXPECT_EQ(look("203.0.113.9:4000", now_ - 10ms), "203.0.113.9");
}

TEST_F(AdmittedSourceTest, AnybodyMayComeWhenSomethingNewIsAgreed) {
  narrow();
  EXPECT_EQ(told(admitted_.reopen(now_)), "any");
  EXPECT_EQ(look("198.51.100.7:4000", now_ + 1ms), "");
}

}  // namespace
}  // namespace sallyport::call
