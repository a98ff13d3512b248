// SPDX-License-Identifier: Apache-2.0
#pragma once
// One measured run: warm up, read the server's meter, load, read it again, report. A run is a value of the
// mode asked for; it drives the loop itself and returns when it is over, however the server behaves.

#include <functional>

#include "load/figures.h"
#include "load/options.h"
#include "load/server_meter.h"
#include "net/loop.h"

namespace sallyport::load {

// The load could not even begin: no connection, no such server.
Result<Report> measureCalls(net::Loop& loop, const Options& options, const Clock& clock);
Result<Report> measureMedia(net::Loop& loop, const Options& options, const Clock& clock);
Result<Report> measureVisits(net::Loop& loop, const Options& options, const Clock& clock);

// Turns the loop until `done`, or for `limit`. Whether it was done.
bool turnUntil(net::Loop& loop, net::Duration limit, const std::function<bool()>& done);
void turnFor(net::Loop& loop, net::Duration duration);

// Begins `count` at `rate`, never more than `max_in_flight` at once, and waits until all have ended, or 15 s
// after the last was begun.
struct Paced {
  std::uint64_t held_back = 0;  // begun later than their time by more than 50 ms
  std::chrono::nanoseconds took{0};
};
Paced beginPaced(net::Loop& loop, const Options& options, std::uint64_t count, const std::function<void()>& begin,
                 const std::function<std::size_t()>& in_flight);

}  // namespace sallyport::load
