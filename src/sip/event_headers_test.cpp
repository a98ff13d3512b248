// SPDX-License-Identifier: Apache-2.0
#include "sip/event_headers.h"

#include <gtest/gtest.h>

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;

std::string eventCode(std::string_view value) {
  const auto event = EventHeader::parse(value);
  return event ? event->toString() : event.error().code;
}

std::string stateCode(std::string_view value) {
  const auto state = SubscriptionState::parse(value);
  return state ? state->toString() : state.error().code;
}

TEST(EventHeader, IsAPackageWithAnId) {
  EXPECT_EQ(eventCode("dialog"), "dialog");
  EXPECT_EQ(eventCode(" presence.winfo ; id = 7"), "presence.winfo;id=7");
  EXPECT_EQ(eventCode("refer;id=\"93809823\""), "refer;id=93809823");
}

TEST(EventHeader, LosesWhatItDoesNotKnow) { EXPECT_EQ(eventCode("dialog;call-id=secret;id=3;x=\"y\""), "dialog;id=3"); }

TEST(EventHeader, IsComparedByteByByte) {
  EXPECT_EQ(*EventHeader::parse("dialog;id=a"), *EventHeader::parse("dialog ;id=a"));
  EXPECT_NE(*EventHeader::parse("dialog"), *EventHeader::parse("Dialog"));
  EXPECT_NE(*EventHeader::parse("dialog"), *EventHeader::parse("dialog;id=a"));
}

TEST(EventHeader, RefusesWhatIsNone) {
  for (const auto* bad : {"", ";id=1", "two words", "a/b", "dialog,presence"}) {
    EXPECT_EQ(eventCode(bad), "sip.event.package") << bad;
  }
  EXPECT_EQ(eventCode("dialog;id=\"a b\""), "sip.event.id");
  EXPECT_EQ(eventCode("dialog;id"), "sip.event.id");
  EXPECT_EQ(eventCode(std::string(257, 'x')), "sip.event.too_long");
}

TEST(SubscriptionState, IsAValueWithReasonAndTimes) {
  EXPECT_EQ(stateCode("active;expires=600"), "active;expires=600");
  EXPECT_EQ(stateCode("Pending"), "pending");
  EXPECT_EQ(stateCode("terminated ;reason=timeout;retry-after=30"), "terminated;reason=timeout;retry-after=30");
  EXPECT_EQ(SubscriptionState::parse("active;expires=600")->expires, 600s);
}

TEST(SubscriptionState, RefusesWhatIsNone) {
  for (const auto* bad : {"", "gone", "active,terminated", ";expires=1"}) {
    EXPECT_EQ(stateCode(bad), "sip.subscription_state.value") << bad;
  }
  EXPECT_EQ(stateCode("terminated;reason=\"a b\""), "sip.subscription_state.reason");
  for (const auto* bad :
       {"active;expires=", "active;expires=-1", "active;expires=soon", "active;retry-after=99999999999"}) {
    EXPECT_EQ(stateCode(bad), "sip.subscription_state.seconds") << bad;
  }
  EXPECT_EQ(stateCode("active;x=" + std::string(300, 'x')), "sip.subscription_state.too_long");
}

}  // namespace
}  // namespace sallyport::sip
