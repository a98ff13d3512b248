// SPDX-License-Identifier: Apache-2.0
#include "sip/session_timer.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;
using Verdict = SessionTimerAnswer::Verdict;
using Duty = SessionTimer::Duty;

const SessionTimerPolicy kPolicy{.interval = 1'800s, .minimum = 120s};

Message with(const std::string& lines, const std::string& start = "INVITE sip:b@h SIP/2.0") {
  auto message = Message::parse(start +
                                "\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
                                "Call-ID: c\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n" +
                                lines + "Content-Length: 0\r\n\r\n");
  SP_CHECK(message.ok());
  return *std::move(message);
}
Message answerWith(const std::string& lines) { return with(lines, "SIP/2.0 200 OK"); }
SessionTimerAnswer answer(const std::string& lines) {
  auto result = answerSessionTimer(with(lines), kPolicy);
  SP_CHECK(result.ok());
  return *result;
}

// RFC 4028 10.
TEST(SessionTimer, IsRefreshedAtHalfAndEndsAThirdOr32SecondsEarly) {
  const SessionTimer timer{1'800s, Duty::refresh};
  EXPECT_EQ(timer.refreshAfter(), 900s);
  EXPECT_EQ(timer.giveUpAfter(), 1'768s);
  EXPECT_EQ((SessionTimer{90s, Duty::watch}.giveUpAfter()), 60s);
}

TEST(SessionTimer, WhatIsAskedIsGrantedUpToOurInterval) {
  EXPECT_EQ(answer("Supported: timer\r\nSession-Expires: 600\r\n").timer.interval, 600s);
  EXPECT_EQ(answer("Supported: timer\r\nSession-Expires: 86400\r\n").timer.interval, 1'800s);
}

TEST(SessionTimer, WhatIsAskedIsNeverLoweredBelowTheirMinimum) {
  EXPECT_EQ(answer("Supported: timer\r\nSession-Expires: 7200\r\nMin-SE: 3600\r\n").timer.interval, 3'600s);
}

TEST(SessionTimer, TooSmallAnIntervalIsAnsweredWithOurMinimum) {
  const auto refusal = answer("Supported: timer\r\nSession-Expires: 100\r\n");
  EXPECT_EQ(refusal.verdict, Verdict::tooSmall);
  EXPECT_EQ(refusal.minimum, 120s);
  // One that knows no timers cannot be told, unless nothing else can be done.
  EXPECT_EQ(answer("Session-Expires: 100\r\n").verdict, Verdict::grant);
  EXPECT_EQ(answer("Session-Expires: 1\r\n").verdict, Verdict::tooSmall);
}

// RFC 4028 9, Table 2.
TEST(SessionTimer, TheRefresherIsWhomTheyNameElseTheyIfTheyCan) {
  struct Row {
    const char* lines;
    Refresher refresher;
    Duty duty;
    bool require;
  };
  for (const auto& row :
       {Row{"Supported: timer\r\nx: 600;refresher=uac\r\n", Refresher::uac, Duty::watch, true},
        Row{"Supported: timer\r\nx: 600;refresher=uas\r\n", Refresher::uas, Duty::refresh, true},
        Row{"Supported: timer\r\nx: 600\r\n", Refresher::uac, Duty::watch, true},
        Row{"Supported: timer\r\n", Refresher::uac, Duty::watch, true},
        Row{"x: 600\r\n", Refresher::uas, Duty::refresh, false}, Row{"", Refresher::uas, Duty::refresh, false}}) {
    SCOPED_TRACE(row.lines);
    const auto granted = answer(row.lines);
    EXPECT_EQ(granted.verdict, Verdict::grant);
    EXPECT_EQ(granted.header.refresher, row.refresher);
    EXPECT_EQ(granted.timer.duty, row.duty);
    EXPECT_EQ(granted.require_timer, row.require);
  }
  EXPECT_EQ(answer("Supported: timer\r\nx: 600;refresher=UAS\r\n").header.toString(), "600;refresher=uas");
}

TEST(SessionTimer, APolicyWithoutAnIntervalGrantsOnlyWhatIsAsked) {
  const SessionTimerPolicy off{.interval = 0s, .minimum = 90s};
  EXPECT_EQ(answerSessionTimer(with("Supported: timer\r\n"), off)->verdict, Verdict::none);
  EXPECT_EQ(answerSessionTimer(with("Supported: timer\r\nx: 600\r\n"), off)->timer.interval, 600s);
}

TEST(SessionTimer, WhatCannotBeReadIsRefusedByName) {
  for (const std::string value : {"", "-1", "1e3", "0x10", "99999999999", "600;refresher=proxy"}) {
    const auto refused = SessionExpires::in(with("Session-Expires: " + value + "\r\n"));
    ASSERT_FALSE(refused) << value;
    EXPECT_STREQ(refused.error().code, "sip.session_expires");
  }
  const auto refused = minSe(with("Min-SE: soon\r\n"));
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "sip.min_se");
}

TEST(SessionTimer, AMinimumIsNeverBelow90Seconds) {
  EXPECT_EQ(*minSe(with("")), 90s);
  EXPECT_EQ(*minSe(with("Min-SE: 1\r\n")), 90s);
  EXPECT_EQ(*minSe(with("Min-SE: 300;x=y\r\n")), 300s);
}

TEST(SessionTimer, TheAnswerToOursNamesWhoRefreshes) {
  const SessionExpires asked{600s, {}};
  const auto theirs = acceptSessionTimer(answerWith("x: 600;refresher=uas\r\n"), asked);
  ASSERT_TRUE(theirs && *theirs);
  EXPECT_EQ((*theirs)->duty, Duty::watch);
  const auto ours = acceptSessionTimer(answerWith("x: 300;refresher=uac\r\n"), asked);
  ASSERT_TRUE(ours && *ours);
  EXPECT_EQ((*ours)->duty, Duty::refresh);
  EXPECT_EQ((*ours)->interval, 300s);
  const auto none = acceptSessionTimer(answerWith(""), asked);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_FALSE(acceptSessionTimer(answerWith("x: 10;refresher=uac\r\n"), asked));
}

TEST(SessionTimer, ATooSmallAnswerRaisesTheNextAttemptWithinReason) {
  const SessionExpires asked{100s, Refresher::uac};
  const auto raised = raiseSessionExpires(with("Min-SE: 600\r\n", "SIP/2.0 422 Too Small"), asked);
  ASSERT_TRUE(raised);
  EXPECT_EQ(raised->interval, 600s);
  EXPECT_FALSE(raiseSessionExpires(with("", "SIP/2.0 422 Too Small"), asked));
  EXPECT_FALSE(raiseSessionExpires(with("Min-SE: 4294967295\r\n", "SIP/2.0 422 Too Small"), asked));
}

}  // namespace
}  // namespace sallyport::sip
