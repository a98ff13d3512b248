// SPDX-License-Identifier: Apache-2.0
#pragma once
// Signals as events of a loop (signalfd). Made on the main thread before any other thread exists, so that
// every thread inherits the blocked mask and nothing is delivered elsewhere.

#include <initializer_list>
#include <memory>

#include "core/result.h"
#include "net/loop.h"

namespace sallyport::net {

class Signals final : private Pollable {
 public:
  using Handler = UniqueFunction<void(int signal)>;
  // Blocks `signals` for the process. "net.loop.watch" when the system is out of descriptors.
  static Result<std::unique_ptr<Signals>> take(Loop& loop, std::initializer_list<int> signals, Handler handler);

 private:
  Signals(Fd fd, Handler handler) : fd_(std::move(fd)), handler_(std::move(handler)) {}
  void onReady(ReadyEvents events) override;

  Fd fd_;
  Handler handler_;
  Watch watch_;
};

}  // namespace sallyport::net
