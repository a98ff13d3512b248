// SPDX-License-Identifier: Apache-2.0
// What watching costs: a counter on the packet path, an event that is held back, a call's record.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "store/sqlite_call_store.h"
#include "telemetry/event_log.h"
#include "telemetry/metrics.h"

namespace sallyport {
namespace {

using namespace std::chrono_literals;

telemetry::CallRecord record() {
  telemetry::CallRecord call;
  call.call_id = "c-0123456789abcdef";
  call.from = "sip:alice@example.org";
  call.to = "sip:bob@example.org";
  for (auto& leg : call.legs) {
    leg.peer = "core";
    leg.identity = "uri:sip:alice@example.org";
    leg.sans = {"uri:sip:alice@example.org", "dns:alice.example.org"};
    leg.fingerprint = std::string(95, 'A');
    leg.tls_suite = "TLS_AES_256_GCM_SHA384";
    leg.srtp_suite = "AEAD_AES_256_GCM";
    leg.pinholes = {{"192.0.2.10", 20'000, {}, WallTime{1s}}, {"192.0.2.10", 20'001, {}, WallTime{1s}}};
    leg.media.mos = 4.4;
  }
  call.guard = {{"peer_known", "admit", ""}, {"method_allowed", "admit", ""}};
  call.end = {"call.ended", "BYE", "caller", 200};
  return call;
}

void countPacket(benchmark::State& state) {
  telemetry::Metrics metrics{1};
  auto& worker = metrics.worker(0);
  for (auto _ : state) worker.mediaPackets(telemetry::Direction::received, 1, 172);
}
BENCHMARK(countPacket);

void countGuardDecision(benchmark::State& state) {
  telemetry::Metrics metrics{1};
  auto& worker = metrics.worker(0);
  for (auto _ : state) worker.guardDecision("peer_calls", "admit");
}
BENCHMARK(countGuardDecision);

void scrape(benchmark::State& state) {
  const telemetry::Metrics metrics{static_cast<unsigned>(state.range(0))};
  for (auto _ : state) benchmark::DoNotOptimize(metrics.renderPrometheus(WallTime{}));
}
BENCHMARK(scrape)->Arg(1)->Arg(16);

void suppressedEvent(benchmark::State& state) {
  const SystemClock clock;
  telemetry::EventLogOptions options{.target = telemetry::EventLogOptions::Target::file, .file = "/dev/null"};
  const auto log = telemetry::EventLog::open(options, clock);
  for (auto _ : state) {
    (*log)->event(telemetry::Severity::warning, "tls.handshake.refused", {{"source", "203.0.113.9:40112"}});
  }
}
BENCHMARK(suppressedEvent);

void recordToJson(benchmark::State& state) {
  const auto call = record();
  for (auto _ : state) benchmark::DoNotOptimize(telemetry::toJson(call));
}
BENCHMARK(recordToJson);

// A thousand calls journaled, ended and synced to the disk.
void thousandCalls(benchmark::State& state) {
  const SystemClock clock;
  telemetry::NullEventSink events;
  const auto folder = std::filesystem::temp_directory_path() / "sallyport-records-bench";
  for (auto _ : state) {
    std::filesystem::create_directory(folder);
    {
      auto store = store::SqliteCallStore::open({.file = folder / "cdr.sqlite"}, clock, events);
      auto call = record();
      for (int i = 0; i < 1'000; ++i) {
        call.call_id = std::to_string(i);
        (*store)->begin(call);
        (*store)->append(call);
      }
      if (!(*store)->flush(30s)) state.SkipWithError("the store did not keep up");
    }
    std::filesystem::remove_all(folder);
  }
  state.SetItemsProcessed(state.iterations() * 1'000);
}
BENCHMARK(thousandCalls)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace sallyport
