// SPDX-License-Identifier: Apache-2.0
#pragma once
// Connections that are made, ask OPTIONS once, and then leave or stay: what a full handshake costs, and what
// an idle connection weighs.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "load/figures.h"
#include "load/options.h"
#include "load/sip_link.h"

namespace sallyport::load {

enum class AfterAnswer : std::uint8_t { leave, stay };

struct VisitFigures {
  std::uint64_t answered = 0;
  std::map<std::string, std::uint64_t> failures;
  Latencies answer;  // from connect to the 200
};

class Visits {
 public:
  Visits(net::Loop& loop, const Options& options, TlsSide side, AfterAnswer after);
  ~Visits();

  void begin();
  std::size_t inFlight() const { return in_flight_; }  // begun, and neither answered nor failed
  VisitFigures& figures() { return figures_; }

 private:
  class Visit;
  void answered(Visit& visit, std::chrono::nanoseconds after);
  void failed(Visit& visit, const Error& reason);
  void gone(Visit& visit);

  net::Loop& loop_;
  const Options& options_;
  TlsSide side_;
  const AfterAnswer after_;
  std::map<const Visit*, std::unique_ptr<Visit>> visits_;
  std::size_t in_flight_ = 0;
  VisitFigures figures_;
};

}  // namespace sallyport::load
