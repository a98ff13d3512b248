// SPDX-License-Identifier: Apache-2.0
#include "sip/retry_after.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::sip {
namespace {

using namespace std::chrono_literals;

std::optional<std::chrono::seconds> in(const std::string& lines) {
  auto message = Message::parse(
      "SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"
      "To: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" +
      lines + "Content-Length: 0\r\n\r\n");
  SP_CHECK(message.ok());
  return retryAfter(*message);
}

TEST(RetryAfter, IsReadWithWhatMayFollowTheNumber) {
  EXPECT_EQ(in("Retry-After: 120\r\n"), 120s);
  EXPECT_EQ(in("Retry-After: 18000;duration=3600\r\n"), 18'000s);
  EXPECT_EQ(in("Retry-After: 120 (I'm in a meeting)\r\n"), 120s);
  EXPECT_EQ(in("Retry-After: 5(soon)\r\n"), 5s);
}

TEST(RetryAfter, IsNeverLongerThanADay) { EXPECT_EQ(in("Retry-After: 4294967295\r\n"), 86'400s); }

TEST(RetryAfter, WhatCanNotBeReadIsNone) {
  EXPECT_FALSE(in(""));
  for (const std::string value : {"soon", "-1", "1.5", "99999999999", "0x10"})
    EXPECT_FALSE(in("Retry-After: " + value + "\r\n")) << value;
}

}  // namespace
}  // namespace sallyport::sip
