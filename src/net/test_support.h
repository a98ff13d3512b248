// SPDX-License-Identifier: Apache-2.0
#pragma once
// For this room's tests: a loop that is turned by hand until something holds, bounded in real time.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "net/loop.h"
#include "net/socket.h"

namespace sallyport::net {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline const IpAddress kLoopbackV4 = IpAddress::v4({127, 0, 0, 1});
inline const IpAddress kLoopbackV6 = IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

inline std::unique_ptr<Loop> makeLoop(const Clock& clock, LoopOptions options = {}) {
  auto loop = Loop::create(clock, options);
  SP_CHECK(loop.ok());
  return *std::move(loop);
}

// Turns until `done()`; false when that has not come about within ten seconds of real time.
template <typename Condition>
bool turnUntil(Loop& loop, Condition done) {
  const auto give_up = std::chrono::steady_clock::now() + seconds{10};
  while (!done()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    loop.turn(milliseconds{5});
  }
  return true;
}

// What is under way settles: enough turns for every event that is due already.
inline void turnAFew(Loop& loop) {
  for (int i = 0; i < 10; ++i) loop.turn(milliseconds{1});
}

template <typename T>
std::string codeOf(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().code;
}

inline bool haveIpv6() { return bindUdp({kLoopbackV6, 0}).ok(); }

}  // namespace sallyport::net
