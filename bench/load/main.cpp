// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <csignal>
#include <iostream>

#include "load/run.h"

namespace {

using namespace sallyport;

// One descriptor per connection and media port.
void raiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<load::Report> measure(const load::Options& options, const Clock& clock) {
  SP_ASSIGN(const auto loop, net::Loop::create(clock));
  switch (options.mode) {
    case load::Mode::calls: return load::measureCalls(*loop, options, clock);
    case load::Mode::media: return load::measureMedia(*loop, options, clock);
    case load::Mode::handshakes:
    case load::Mode::idle: break;
  }
  return load::measureVisits(*loop, options, clock);
}

}  // namespace

int main(int argc, char** argv) {
  int status = 0;
  const auto options = load::parseOptions(argc, argv, status);
  if (!options) return status;
  std::signal(SIGPIPE, SIG_IGN);
  raiseDescriptorLimit();
  const SystemClock clock;
  const auto report = measure(*options, clock);
  if (!report) {
    std::cerr << "bench_load: " << describe(report.error()) << '\n';
    return 1;
  }
  std::cout << report->json() << '\n';
  return 0;
}
