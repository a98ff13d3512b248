// SPDX-License-Identifier: Apache-2.0
#include "load/run.h"

#include <algorithm>

#include "load/callee.h"
#include "load/caller.h"
#include "load/media_ends.h"
#include "load/visits.h"

namespace sallyport::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kTurn = milliseconds{1};
constexpr auto kStragglers = seconds{15};
constexpr auto kConnecting = seconds{60};
// What the server still does for the last ones belongs to the run.
constexpr auto kSettle = milliseconds{1'000};

double inMicroseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e3; }

double per(std::chrono::nanoseconds time, std::uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(time.count()) / static_cast<double>(count);
}

void addLatencies(Report& report, std::string_view name, const Latencies& latencies) {
  report.add(std::string{name} + "_p50_us", latencies.microseconds(0.5));
  report.add(std::string{name} + "_p99_us", latencies.microseconds(0.99));
}

Status awaitConnected(net::Loop& loop, Caller& caller) {
  std::optional<Status> connected;
  caller.connect([&](Status status) { connected = std::move(status); });
  if (!turnUntil(loop, kConnecting, [&] { return connected.has_value(); })) {
    return Error{ErrorKind::unavailable, "load.connect", "the server took too long"};
  }
  return std::move(*connected);
}

}  // namespace

bool turnUntil(net::Loop& loop, net::Duration limit, const std::function<bool()>& done) {
  const auto deadline = loop.clock().steady() + limit;
  while (!done()) {
    if (loop.clock().steady() >= deadline) return false;
    loop.turn(kTurn);
  }
  return true;
}

void turnFor(net::Loop& loop, net::Duration duration) {
  (void)turnUntil(loop, duration, [] { return false; });
}

Paced beginPaced(net::Loop& loop, const Options& options, std::uint64_t count, const std::function<void()>& begin,
                 const std::function<std::size_t()>& in_flight) {
  constexpr double kLate = 0.05;  // seconds
  const auto start = loop.clock().steady();
  const Pace pace{options.rate, start};
  Paced paced;
  for (std::uint64_t begun = 0; begun < count;) {
    const auto due = std::min(count, pace.due(loop.clock().steady()));
    for (; begun < due && in_flight() < options.max_in_flight; ++begun) {
      if (static_cast<double>(due - begun) > kLate * options.rate + 1) ++paced.held_back;
      begin();
    }
    loop.turn(kTurn);
  }
  (void)turnUntil(loop, kStragglers, [&] { return in_flight() == 0; });
  paced.took = loop.clock().steady() - start;
  turnFor(loop, kSettle);
  return paced;
}

Result<Report> measureCalls(net::Loop& loop, const Options& options, const Clock& clock) {
  SP_ASSIGN(const auto meter, ServerMeter::of(options.server_pid));
  SP_ASSIGN(auto calling, TlsSide::load(options.caller, options, clock));
  SP_ASSIGN(auto answering, TlsSide::load(options.callee, options, clock));
  Callee callee{loop, options, std::move(answering), nullptr};
  SP_TRY(callee.listen());
  Caller caller{loop, options, std::move(calling), nullptr};
  SP_TRY(awaitConnected(loop, caller));
  const auto place = [&] { caller.place(); };
  const auto in_flight = [&] { return caller.inFlight(); };
  (void)beginPaced(loop, options, options.warm_up, place, in_flight);

  caller.figures() = {};
  const auto before = meter.read();
  const auto own_before = ownCpu();
  const auto paced = beginPaced(loop, options, options.count, place, in_flight);
  const auto after = meter.read();
  const auto& figures = caller.figures();
  Report report;
  report.add("mode", "calls");
  report.add("placed", static_cast<double>(figures.placed));
  report.add("completed", static_cast<double>(figures.completed));
  report.add("unfinished", static_cast<double>(caller.inFlight()));
  report.add("failures", figures.failures);
  report.add("held_back", static_cast<double>(paced.held_back));
  report.add("calls_per_second",
             static_cast<double>(figures.completed) * 1e9 / static_cast<double>(paced.took.count()));
  report.add("server_us_per_call", per(after.cpu - before.cpu, figures.completed) / 1e3);
  report.add("generator_us_per_call", per(ownCpu() - own_before, figures.completed) / 1e3);
  addLatencies(report, "setup", figures.setup);
  report.add("server_mb", static_cast<double>(after.resident_bytes) / 1e6);
  report.add("trouble", callee.trouble());
  return report;
}

Result<Report> measureVisits(net::Loop& loop, const Options& options, const Clock& clock) {
  const bool stay = options.mode == Mode::idle;
  SP_ASSIGN(const auto meter, ServerMeter::of(options.server_pid));
  SP_ASSIGN(auto side, TlsSide::load(options.caller, options, clock));
  Visits visits{loop, options, std::move(side), stay ? AfterAnswer::stay : AfterAnswer::leave};
  const auto begin = [&] { visits.begin(); };
  const auto in_flight = [&] { return visits.inFlight(); };
  (void)beginPaced(loop, options, options.warm_up, begin, in_flight);

  visits.figures() = {};
  const auto before = meter.read();
  const auto own_before = ownCpu();
  const auto paced = beginPaced(loop, options, stay ? options.connections : options.count, begin, in_flight);
  const auto after = meter.read();
  const auto& figures = visits.figures();
  Report report;
  report.add("mode", stay ? "idle" : "handshakes");
  report.add("answered", static_cast<double>(figures.answered));
  report.add("failures", figures.failures);
  report.add("held_back", static_cast<double>(paced.held_back));
  report.add("server_us_each", per(after.cpu - before.cpu, figures.answered) / 1e3);
  report.add("generator_us_each", per(ownCpu() - own_before, figures.answered) / 1e3);
  addLatencies(report, "answer", figures.answer);
  if (stay) {
    const auto grown = static_cast<double>(after.resident_bytes) - static_cast<double>(before.resident_bytes);
    report.add("server_kb_each", figures.answered == 0 ? 0 : grown / 1e3 / static_cast<double>(figures.answered));
  }
  return report;
}

Result<Report> measureMedia(net::Loop& loop, const Options& options, const Clock& clock) {
  SP_ASSIGN(const auto meter, ServerMeter::of(options.server_pid));
  SP_ASSIGN(auto calling, TlsSide::load(options.caller, options, clock));
  SP_ASSIGN(auto answering, TlsSide::load(options.callee, options, clock));
  MediaEnds media{loop};
  Callee callee{loop, options, std::move(answering), &media};
  SP_TRY(callee.listen());
  Caller caller{loop, options, std::move(calling), &media};
  SP_TRY(awaitConnected(loop, caller));
  turnFor(loop, kSettle);
  const auto idle = meter.read();
  // Answered calls stay: there is nothing to wait for but the answers.
  (void)beginPaced(
      loop, options, options.count, [&] { caller.place(); },
      [&] { return caller.inFlight() - caller.figures().answered; });
  const auto established = meter.read();

  media.talk();
  turnFor(loop, seconds{2});
  const auto before = meter.read();
  const auto own_before = ownCpu();
  media.beginMeasuring();
  turnFor(loop, options.talk);
  media.endMeasuring();
  const auto after = meter.read();
  const auto own = ownCpu() - own_before;
  turnFor(loop, milliseconds{300});  // the last ones arrive
  media.hush();
  caller.hangUpAll();
  (void)turnUntil(loop, kStragglers, [&] { return caller.inFlight() == 0; });

  const auto& figures = media.figures();
  const auto calls = caller.figures().answered;
  Report report;
  report.add("mode", "media");
  report.add("suite", crypto::factsOf(options.suite).name);
  report.add("calls", static_cast<double>(calls));
  report.add("failures", caller.figures().failures);
  report.add("talking", static_cast<double>(calls * 2));
  report.add("sent", static_cast<double>(figures.sent));
  report.add("received", static_cast<double>(figures.received));
  report.add("refused", static_cast<double>(figures.refused));
  report.add("loss_percent", figures.sent == 0 ? 100.0
                                               : 100.0 * (1 - static_cast<double>(figures.received) /
                                                                  static_cast<double>(figures.sent)));
  report.add("packets_per_second", static_cast<double>(figures.received) / static_cast<double>(options.talk.count()));
  report.add("server_ns_per_packet", per(after.cpu - before.cpu, figures.received));
  report.add("generator_ns_per_packet", per(own, figures.received));
  report.add("server_busy_cores", per(after.cpu - before.cpu, static_cast<std::uint64_t>(options.talk.count())) / 1e9);
  addLatencies(report, "delay", figures.delay);
  report.add("worst_lag_us", inMicroseconds(figures.worst_lag));
  report.add("server_kb_per_call",
             calls == 0 ? 0
                        : (static_cast<double>(established.resident_bytes) - static_cast<double>(idle.resident_bytes)) /
                              1e3 / static_cast<double>(calls));
  report.add("trouble", callee.trouble());
  return report;
}

}  // namespace sallyport::load
