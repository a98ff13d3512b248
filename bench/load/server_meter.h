// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the server under test has used, from /proc: CPU (user and system) and memory of a process and all
// its descendants. Needs no cooperation of the server.

#include <chrono>
#include <cstdint>
#include <vector>

#include "core/result.h"

namespace sallyport::load {

struct Usage {
  std::chrono::nanoseconds cpu{0};
  std::uint64_t resident_bytes = 0;  // proportional set size: memory shared by its processes counts once
};

class ServerMeter {
 public:
  // Error: "load.server.missing" when there is no such process.
  static Result<ServerMeter> of(int pid);

  // Processes and threads that end between two readings take their share with them; the servers measured
  // here keep theirs.
  Usage read() const;

 private:
  explicit ServerMeter(int pid) : pid_(pid) {}
  int pid_;
};

// This process's own, to show that the generator was not what limited a run.
std::chrono::nanoseconds ownCpu();

}  // namespace sallyport::load
